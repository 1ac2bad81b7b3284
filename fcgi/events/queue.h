/*
 * A queue between the threads of a process: any thread puts messages, one thread takes them.
 * An element is a struct whose first member is a struct message. A queue does not own its messages.
 */
#ifndef FCGI_EVENTS_QUEUE_H
#define FCGI_EVENTS_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct message {
    struct message *next;
};

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    int wakeup; /* an eventfd that is readable while messages wait, for an epoll set; -1: none */
    bool closed;
    struct message *first, **last;
    size_t count;
};

void queue_open(struct queue *queue) __attribute__((nonnull));

/*
 * Opens a queue with a wakeup. Returns false with errno set if no eventfd can be created; the queue
 * works even then, without the wakeup.
 */
bool queue_open_with_wakeup(struct queue *queue) __attribute__((nonnull, warn_unused_result));

/* Call this after the last use by any thread. Messages still in it leak: take them first. */
void queue_free(struct queue *queue) __attribute__((nonnull));

void queue_put(struct queue *queue, struct message *message) __attribute__((nonnull));

/* Takes all messages, oldest first, and clears the wakeup. NULL: there are none. */
struct message *queue_take_all(struct queue *queue) __attribute__((nonnull));

/*
 * Waits up to `ms` for one message, for ever if `ms` is negative. Returns NULL after that time, or
 * if the queue is closed.
 */
struct message *queue_wait(struct queue *queue, int ms) __attribute__((nonnull));

/*
 * The same for several messages, oldest first: at least one, at most `most`, and no more than one
 * of `takers` equal shares of those that wait.
 */
struct message *queue_wait_share(struct queue *queue, int ms, size_t takers, size_t most)
    __attribute__((nonnull));

/* Makes every queue_wait return NULL, now and from now on. */
void queue_close(struct queue *queue) __attribute__((nonnull));
bool queue_is_closed(struct queue *queue) __attribute__((nonnull));

#endif
