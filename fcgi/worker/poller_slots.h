/*
 * A limit on the threads that wait in epoll_pwait at once.
 *
 * Short requests that come one after the other then meet one or two threads that are awake and find
 * the next request waiting, instead of waking another thread each time. The last thread to leave
 * its slot, which may be busy for long, wakes one that waits for a slot.
 */
#ifndef FCGI_WORKER_POLLER_SLOTS_H
#define FCGI_WORKER_POLLER_SLOTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct poller_slots {
    pthread_mutex_t lock;
    pthread_cond_t released; /* on CLOCK_MONOTONIC */
    size_t limit, taken, wanted;
};

/* Returns 0 or an error number. */
int slots_open(struct poller_slots *s, size_t limit) __attribute__((nonnull, warn_unused_result));
void slots_close(struct poller_slots *s) __attribute__((nonnull));

/* False if no slot was free within timeout_ms (negative: no limit). */
bool slot_take(struct poller_slots *s, int timeout_ms) __attribute__((nonnull, warn_unused_result));
void slot_release(struct poller_slots *s) __attribute__((nonnull));

/* From now on every thread gets a slot at once. */
void slots_lift_limit(struct poller_slots *s) __attribute__((nonnull));

#endif
