/*
 * How many threads of a worker are ready for a request: they wait in epoll_pwait, or compute a
 * reply and will soon be back.
 *
 * A thread that waits for the database is not ready, and any number of others may take over. But
 * requests that only compute need no more threads than there are processors: with more, each
 * request wakes another thread, and replies are interrupted half done for a turn of all others. So
 * after such a request a thread parks if enough others are ready, until they wait or stand still.
 */
#ifndef FCGI_WORKER_READY_THREADS_H
#define FCGI_WORKER_READY_THREADS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct ready_threads {
    pthread_mutex_t lock;
    pthread_cond_t wanted; /* on CLOCK_MONOTONIC */
    size_t parked;
    atomic_size_t ready, enough;
};

/* `enough` ready threads let others park. Returns 0 or an error number. */
int ready_threads_open(struct ready_threads *r, size_t enough)
    __attribute__((nonnull, warn_unused_result));
void ready_threads_close(struct ready_threads *r) __attribute__((nonnull));

/* The calling thread becomes ready. */
void ready_threads_join(struct ready_threads *r) __attribute__((nonnull));

/* The calling thread, which was ready, waits for something else, or ends. */
void ready_threads_leave(struct ready_threads *r) __attribute__((nonnull));

/* Are there so many ready threads that the calling one, which is ready, should park? */
bool ready_threads_are_enough(struct ready_threads *r) __attribute__((nonnull));

/*
 * Parks the calling thread, which is ready, until it is wanted, or for timeout_ms. It is ready
 * again afterwards. Returns false after a timeout. Returns true at once if it is wanted already.
 */
bool ready_threads_park(struct ready_threads *r, int timeout_ms)
    __attribute__((nonnull, warn_unused_result));

/* No thread parks any more. */
void ready_threads_end(struct ready_threads *r) __attribute__((nonnull));

#endif
