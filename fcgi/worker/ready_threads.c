/*
 * Joining and leaving, which each request that reads the database does, take no lock unless the
 * last ready thread leaves.
 */
#include "fcgi/worker/ready_threads.h"

#include <stdint.h>
#include <time.h>

#include "base/clock.h"

int
ready_threads_open(struct ready_threads *r, size_t enough)
{
    pthread_condattr_t attributes;
    int error = pthread_condattr_init(&attributes);

    *r = (struct ready_threads){.enough = enough};
    if (error != 0) {
        return error;
    }
    error = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (error == 0) {
        error = pthread_cond_init(&r->wanted, &attributes);
    }
    (void)pthread_condattr_destroy(&attributes);
    return error != 0 ? error : pthread_mutex_init(&r->lock, NULL);
}

void
ready_threads_close(struct ready_threads *r)
{
    (void)pthread_mutex_destroy(&r->lock);
    (void)pthread_cond_destroy(&r->wanted);
}

void
ready_threads_join(struct ready_threads *r)
{
    (void)atomic_fetch_add(&r->ready, 1);
}

void
ready_threads_leave(struct ready_threads *r)
{
    if (atomic_fetch_sub(&r->ready, 1) > 1) {
        return;
    }
    (void)pthread_mutex_lock(&r->lock);
    if (r->parked > 0) {
        (void)pthread_cond_signal(&r->wanted);
    }
    (void)pthread_mutex_unlock(&r->lock);
}

bool
ready_threads_are_enough(struct ready_threads *r)
{
    return atomic_load(&r->ready) > atomic_load(&r->enough);
}

/* With the lock: no longer ready, unless it is wanted. */
static bool
ready_threads_withdraw(struct ready_threads *r)
{
    size_t ready = atomic_load(&r->ready);

    while (ready > atomic_load(&r->enough)) {
        if (atomic_compare_exchange_weak(&r->ready, &ready, ready - 1)) {
            return true;
        }
    }
    return false;
}

bool
ready_threads_park(struct ready_threads *r, int timeout_ms)
{
    int64_t until_us = clock_mono_us() + (int64_t)timeout_ms * 1000;
    const struct timespec until = {until_us / 1000000, until_us % 1000000 * 1000};
    int error = 0;

    (void)pthread_mutex_lock(&r->lock);
    if (ready_threads_withdraw(r)) {
        r->parked++;
        error = pthread_cond_timedwait(&r->wanted, &r->lock, &until); /* may also end early */
        r->parked--;
        ready_threads_join(r);
    }
    (void)pthread_mutex_unlock(&r->lock);
    return error == 0;
}

void
ready_threads_end(struct ready_threads *r)
{
    (void)pthread_mutex_lock(&r->lock);
    atomic_store(&r->enough, SIZE_MAX);
    (void)pthread_cond_broadcast(&r->wanted);
    (void)pthread_mutex_unlock(&r->lock);
}
