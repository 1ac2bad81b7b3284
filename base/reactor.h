/*
 * An event loop: one thread that waits for many descriptors and timers at once and calls back for
 * each. A callback must not block, since everything else in the loop would wait for it.
 */
#ifndef BASE_REACTOR_H
#define BASE_REACTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reactor;

/* Returns NULL, with errno, if the system refuses an epoll descriptor. */
struct reactor *reactor_open(void) __attribute__((warn_unused_result));
void reactor_close(struct reactor *r);

/*
 * Calls `ready` for as long as the descriptor is ready (level-triggered). `events` are EPOLLIN and
 * EPOLLOUT of epoll(7). A second call for the same descriptor replaces events and callback. Forget
 * a descriptor before closing it. Returns false, with errno, if it cannot be watched.
 */
typedef void reactor_ready(void *context, int fd, uint32_t events);
bool reactor_watch(struct reactor *r, int fd, uint32_t events, reactor_ready *ready, void *context)
    __attribute__((nonnull(1, 4), warn_unused_result));
void reactor_forget(struct reactor *r, int fd) __attribute__((nonnull));

/* The first member of the struct that owns it, so that the callback can cast. Starts as {0}. */
struct reactor_timer {
    void (*expired)(struct reactor_timer *t);
    int64_t at_us; /* by clock_mono_us; 0: not set */
    size_t place;
};

/* Calls `expired` once, in `ms` milliseconds. Replaces the time of a timer that is already set. */
void reactor_after(struct reactor *r, struct reactor_timer *t, int64_t ms,
                   void (*expired)(struct reactor_timer *t)) __attribute__((nonnull));
void reactor_cancel(struct reactor *r, struct reactor_timer *t) __attribute__((nonnull));

/* Runs until no timer is set and no descriptor watched, or until a callback stops it. */
void reactor_run(struct reactor *r) __attribute__((nonnull));
void reactor_stop(struct reactor *r) __attribute__((nonnull));

#endif
