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
#include <stdint.h>

struct ready_threads {
    pthread_mutex_t lock;
    pthread_cond_t wanted; /* on CLOCK_MONOTONIC */
    size_t parked;
    _Atomic uint64_t count; /* of the ready threads; above 32 bits, which count it is */
    _Atomic uint32_t enough;
};

/* A thread's part in the count. Starts as {0}: the thread is not ready. */
struct ready_thread {
    bool is_ready;
    uint32_t count_number; /* the count that includes it; it is not ready if another one began */
};

/* `enough` ready threads let others park. Returns 0 or an error number. */
int ready_threads_open(struct ready_threads *r, uint32_t enough)
    __attribute__((nonnull, warn_unused_result));
void ready_threads_close(struct ready_threads *r) __attribute__((nonnull));

/* The thread becomes ready. Returns false if it was ready already. */
bool ready_threads_join(struct ready_threads *r, struct ready_thread *thread)
    __attribute__((nonnull));

/* The thread waits for something else than a request, or ends. */
void ready_threads_leave(struct ready_threads *r, struct ready_thread *thread)
    __attribute__((nonnull));

/*
 * Parks the thread, which is ready, if enough others are; until it is wanted, or for timeout_ms. It
 * is ready again afterwards. Returns false after a timeout.
 */
bool ready_threads_park(struct ready_threads *r, struct ready_thread *thread, int timeout_ms)
    __attribute__((nonnull, warn_unused_result));

/* The others that are counted as ready stand still: counts again, beginning with this thread. */
void ready_threads_recount(struct ready_threads *r, struct ready_thread *thread)
    __attribute__((nonnull));

/* No thread parks any more. */
void ready_threads_end(struct ready_threads *r) __attribute__((nonnull));

#endif
