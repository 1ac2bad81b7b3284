/* Letters between the threads of a process: many put, one takes. A letter is a struct that begins with one. */
#ifndef FCGI_EVENTS_QUEUE_H
#define FCGI_EVENTS_QUEUE_H

#include <pthread.h>
#include <stdbool.h>

struct letter {
    struct letter *next;
};

struct mailbox {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    int bell; /* an eventfd that is readable while letters wait, for an epoll set; -1: none */
    bool closed;
    struct letter *first, **last;
};

/* False where the system has no eventfd left (errno). */
bool mailbox_open(struct mailbox *box, bool with_bell) __attribute__((nonnull, warn_unused_result));

/* Close it for good when no thread uses it any more; letters in it are the caller's to take before. */
void mailbox_free(struct mailbox *box) __attribute__((nonnull));

void mailbox_put(struct mailbox *box, struct letter *letter) __attribute__((nonnull));

/* All letters, oldest first; NULL for none. Silences the bell. */
struct letter *mailbox_take(struct mailbox *box) __attribute__((nonnull));

/* Wait for one letter: for up to `ms`, or for ever where that is negative. NULL: none came, or the box was closed. */
struct letter *mailbox_wait(struct mailbox *box, int ms) __attribute__((nonnull));

/* Let those who wait go. */
void mailbox_close(struct mailbox *box) __attribute__((nonnull));
bool mailbox_is_closed(struct mailbox *box) __attribute__((nonnull));

#endif
