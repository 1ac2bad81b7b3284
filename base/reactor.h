/*
 * An event loop: one thread that waits for many descriptors and times at once, and calls whoever is meant. Nobody who is called
 * may block: all others would wait along.
 */
#ifndef BASE_REACTOR_H
#define BASE_REACTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reactor;

/* NULL, with errno, where the system gives none. */
struct reactor *reactor_open(void) __attribute__((warn_unused_result));
void reactor_close(struct reactor *r);

/*
 * Call `ready` while the descriptor is: `events` are EPOLLIN and EPOLLOUT of epoll(7). Watched again, it is watched in this
 * other way. Forget it before it is closed.
 */
typedef void reactor_ready(void *owner, int fd, uint32_t events);
bool reactor_watch(struct reactor *r, int fd, uint32_t events, reactor_ready *ready, void *owner)
    __attribute__((nonnull(1, 4), warn_unused_result));
void reactor_forget(struct reactor *r, int fd) __attribute__((nonnull));

/* Stands in what it belongs to, as its first member. Start with {0}. */
struct reactor_timer {
    void (*ring)(struct reactor_timer *t);
    int64_t at_us; /* by clock_mono_us; 0: not set */
    size_t place;
};

/* Ring in `ms` milliseconds, once; one that is set is set anew. */
void reactor_after(struct reactor *r, struct reactor_timer *t, int64_t ms,
                   void (*ring)(struct reactor_timer *t)) __attribute__((nonnull));
void reactor_cancel(struct reactor *r, struct reactor_timer *t) __attribute__((nonnull));

/* Until no time is set and no descriptor watched, or somebody who is called stops it. */
void reactor_run(struct reactor *r) __attribute__((nonnull));
void reactor_stop(struct reactor *r) __attribute__((nonnull));

#endif
