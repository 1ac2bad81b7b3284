/*
 * An event loop: one thread waits for many descriptors and timers at once and calls their handlers.
 * A handler must not block: all others would wait.
 */
#ifndef BASE_REACTOR_H
#define BASE_REACTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reactor;

/* NULL with errno if the system refuses. */
struct reactor *reactor_open(void) __attribute__((warn_unused_result));
void reactor_close(struct reactor *r);

/*
 * Calls `ready` while the descriptor is ready for `events` (EPOLLIN, EPOLLOUT; epoll(7)). Watching
 * it again replaces both. Call reactor_forget before closing it.
 */
typedef void reactor_ready(void *owner, int fd, uint32_t events);
bool reactor_watch(struct reactor *r, int fd, uint32_t events, reactor_ready *ready, void *owner)
    __attribute__((nonnull(1, 4), warn_unused_result));
void reactor_forget(struct reactor *r, int fd) __attribute__((nonnull));

/* A timer, the first member of the struct it belongs to. Start with {0}. */
struct reactor_timer {
    void (*ring)(struct reactor_timer *t);
    int64_t at_us; /* by clock_mono_us; 0: not set */
    size_t place;
};

/* Fires once, in `ms` milliseconds; replaces an earlier setting. */
void reactor_after(struct reactor *r, struct reactor_timer *t, int64_t ms,
                   void (*ring)(struct reactor_timer *t)) __attribute__((nonnull));
void reactor_cancel(struct reactor *r, struct reactor_timer *t) __attribute__((nonnull));

/* Runs until no timer is set and no descriptor is watched, or until a handler stops it. */
void reactor_run(struct reactor *r) __attribute__((nonnull));
void reactor_stop(struct reactor *r) __attribute__((nonnull));

#endif
