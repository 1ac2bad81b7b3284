/* A counting semaphore that wakes no thread while another holder is about to return. */
#include "fcgi/worker/poller_slots.h"

#include <stdint.h>
#include <time.h>

#include "base/clock.h"

int
slots_open(struct poller_slots *s, size_t limit)
{
    pthread_condattr_t attributes;
    int error = pthread_condattr_init(&attributes);

    *s = (struct poller_slots){.limit = limit};
    if (error != 0) {
        return error;
    }
    error = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (error == 0) {
        error = pthread_cond_init(&s->released, &attributes);
    }
    (void)pthread_condattr_destroy(&attributes);
    return error != 0 ? error : pthread_mutex_init(&s->lock, NULL);
}

void
slots_close(struct poller_slots *s)
{
    (void)pthread_mutex_destroy(&s->lock);
    (void)pthread_cond_destroy(&s->released);
}

bool
slot_take(struct poller_slots *s, int timeout_ms)
{
    int64_t until_us = clock_mono_us() + (int64_t)timeout_ms * 1000;
    const struct timespec until = {until_us / 1000000, until_us % 1000000 * 1000};
    int error = 0;

    (void)pthread_mutex_lock(&s->lock);
    while (s->taken >= s->limit && error == 0) {
        s->wanted++;
        error = timeout_ms < 0 ? pthread_cond_wait(&s->released, &s->lock)
                               : pthread_cond_timedwait(&s->released, &s->lock, &until);
        s->wanted--;
    }
    if (error == 0) {
        s->taken++;
    }
    (void)pthread_mutex_unlock(&s->lock);
    return error == 0;
}

void
slot_release(struct poller_slots *s)
{
    (void)pthread_mutex_lock(&s->lock);
    s->taken--;
    if (s->taken == 0 && s->wanted > 0) {
        (void)pthread_cond_signal(&s->released);
    }
    (void)pthread_mutex_unlock(&s->lock);
}

void
slots_lift_limit(struct poller_slots *s)
{
    (void)pthread_mutex_lock(&s->lock);
    s->limit = SIZE_MAX;
    (void)pthread_cond_broadcast(&s->released);
    (void)pthread_mutex_unlock(&s->lock);
}
