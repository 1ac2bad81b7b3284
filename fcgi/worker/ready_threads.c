/*
 * Joining and leaving, which each request that reads the database does, take no lock unless the
 * last ready thread leaves. The count and its number are one atomic integer, so that a thread which
 * another count had included never changes this one.
 */
#include "fcgi/worker/ready_threads.h"

#include <time.h>

#include "base/clock.h"

int
ready_threads_open(struct ready_threads *r, uint32_t enough)
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

static bool
count_includes(uint64_t count, const struct ready_thread *thread)
{
    return thread->is_ready && thread->count_number == count >> 32;
}

bool
ready_threads_join(struct ready_threads *r, struct ready_thread *thread)
{
    if (count_includes(atomic_load(&r->count), thread)) {
        return false;
    }
    thread->count_number = (uint32_t)(atomic_fetch_add(&r->count, 1) >> 32);
    thread->is_ready = true;
    return true;
}

/* Takes the thread out of the count if more than `least` are ready. Returns whether it has. */
static bool
ready_threads_subtract(struct ready_threads *r, struct ready_thread *thread, uint32_t least,
                       uint32_t *left)
{
    uint64_t count = atomic_load(&r->count);

    while (count_includes(count, thread) && (uint32_t)count > least) {
        if (atomic_compare_exchange_weak(&r->count, &count, count - 1)) {
            thread->is_ready = false;
            *left = (uint32_t)count - 1;
            return true;
        }
    }
    return false;
}

void
ready_threads_leave(struct ready_threads *r, struct ready_thread *thread)
{
    uint32_t left;

    if (ready_threads_subtract(r, thread, 0, &left) && left == 0) {
        (void)pthread_mutex_lock(&r->lock);
        if (r->parked > 0) {
            (void)pthread_cond_signal(&r->wanted);
        }
        (void)pthread_mutex_unlock(&r->lock);
    }
    thread->is_ready = false;
}

bool
ready_threads_park(struct ready_threads *r, struct ready_thread *thread, int timeout_ms)
{
    int64_t until_us = clock_mono_us() + (int64_t)timeout_ms * 1000;
    const struct timespec until = {until_us / 1000000, until_us % 1000000 * 1000};
    uint32_t left;
    int error = 0;

    if ((uint32_t)atomic_load(&r->count) <= atomic_load(&r->enough)) {
        return true;
    }
    (void)pthread_mutex_lock(&r->lock);
    if (ready_threads_subtract(r, thread, atomic_load(&r->enough), &left)) {
        r->parked++;
        error = pthread_cond_timedwait(&r->wanted, &r->lock, &until); /* may also end early */
        r->parked--;
        (void)ready_threads_join(r, thread);
    }
    (void)pthread_mutex_unlock(&r->lock);
    return error == 0;
}

void
ready_threads_recount(struct ready_threads *r, struct ready_thread *thread)
{
    uint64_t count = atomic_load(&r->count), next;

    do {
        next = ((count >> 32) + 1) << 32 | 1;
    } while (!atomic_compare_exchange_weak(&r->count, &count, next));
    *thread = (struct ready_thread){.is_ready = true, .count_number = (uint32_t)(next >> 32)};
}

void
ready_threads_end(struct ready_threads *r)
{
    (void)pthread_mutex_lock(&r->lock);
    atomic_store(&r->enough, UINT32_MAX);
    (void)pthread_cond_broadcast(&r->wanted);
    (void)pthread_mutex_unlock(&r->lock);
}
