/* A list under a lock. */
#include "fcgi/events/queue.h"

#include <stdint.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

bool
mailbox_open(struct mailbox *box, bool with_bell)
{
    pthread_condattr_t attributes;

    *box = (struct mailbox){.bell = -1, .first = NULL};
    box->last = &box->first;
    (void)pthread_mutex_init(&box->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&box->filled, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    if (with_bell) {
        box->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    }
    return !with_bell || box->bell >= 0;
}

void
mailbox_free(struct mailbox *box)
{
    if (box->bell >= 0) {
        (void)close(box->bell);
    }
    (void)pthread_cond_destroy(&box->filled);
    (void)pthread_mutex_destroy(&box->lock);
}

void
mailbox_put(struct mailbox *box, struct letter *letter)
{
    static const uint64_t one = 1;
    bool first;

    letter->next = NULL;
    pthread_mutex_lock(&box->lock);
    first = box->first == NULL;
    *box->last = letter;
    box->last = &letter->next;
    pthread_cond_signal(&box->filled);
    pthread_mutex_unlock(&box->lock);
    if (first && box->bell >= 0) {
        (void)!write(box->bell, &one, sizeof(one));
    }
}

struct letter *
mailbox_take(struct mailbox *box)
{
    struct letter *all;
    uint64_t count;

    if (box->bell >= 0) {
        (void)!read(box->bell, &count, sizeof(count));
    }
    pthread_mutex_lock(&box->lock);
    all = box->first;
    box->first = NULL;
    box->last = &box->first;
    pthread_mutex_unlock(&box->lock);
    return all;
}

struct letter *
mailbox_wait(struct mailbox *box, int ms)
{
    struct letter *letter;
    struct timespec until;
    int waited = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&box->lock);
    while (box->first == NULL && !box->closed && waited == 0) {
        waited = ms < 0 ? pthread_cond_wait(&box->filled, &box->lock)
                        : pthread_cond_timedwait(&box->filled, &box->lock, &until);
    }
    letter = box->closed ? NULL : box->first;
    if (letter != NULL) {
        box->first = letter->next;
        if (box->first == NULL) {
            box->last = &box->first;
        }
    }
    pthread_mutex_unlock(&box->lock);
    return letter;
}

void
mailbox_close(struct mailbox *box)
{
    pthread_mutex_lock(&box->lock);
    box->closed = true;
    pthread_cond_broadcast(&box->filled);
    pthread_mutex_unlock(&box->lock);
}

bool
mailbox_is_closed(struct mailbox *box)
{
    bool closed;

    pthread_mutex_lock(&box->lock);
    closed = box->closed;
    pthread_mutex_unlock(&box->lock);
    return closed;
}
