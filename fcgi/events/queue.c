/* A linked list under a lock. */
#include "fcgi/events/queue.h"

#include <stdint.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

void
queue_open(struct queue *queue)
{
    pthread_condattr_t attributes;

    *queue = (struct queue){.wakeup = -1, .first = NULL};
    queue->last = &queue->first;
    (void)pthread_mutex_init(&queue->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&queue->filled, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

bool
queue_open_with_wakeup(struct queue *queue)
{
    queue_open(queue);
    queue->wakeup = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return queue->wakeup >= 0;
}

void
queue_free(struct queue *queue)
{
    if (queue->wakeup >= 0) {
        (void)close(queue->wakeup);
    }
    (void)pthread_cond_destroy(&queue->filled);
    (void)pthread_mutex_destroy(&queue->lock);
}

void
queue_put(struct queue *queue, struct message *message)
{
    static const uint64_t one = 1;
    bool was_empty;

    message->next = NULL;
    pthread_mutex_lock(&queue->lock);
    was_empty = queue->first == NULL;
    *queue->last = message;
    queue->last = &message->next;
    queue->count++;
    pthread_cond_signal(&queue->filled);
    pthread_mutex_unlock(&queue->lock);
    if (was_empty && queue->wakeup >= 0) {
        (void)!write(queue->wakeup, &one, sizeof(one));
    }
}

struct message *
queue_take_all(struct queue *queue)
{
    struct message *all;
    uint64_t count;

    /* Cleared before the list is read: a message that is put in between sets it again. */
    if (queue->wakeup >= 0) {
        (void)!read(queue->wakeup, &count, sizeof(count));
    }
    pthread_mutex_lock(&queue->lock);
    all = queue->first;
    queue->first = NULL;
    queue->last = &queue->first;
    queue->count = 0;
    pthread_mutex_unlock(&queue->lock);
    return all;
}

static struct timespec
monotonic_after(int ms)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    time.tv_sec += ms / 1000;
    time.tv_nsec += ms % 1000 * 1000000L;
    if (time.tv_nsec >= 1000000000L) {
        time.tv_sec++;
        time.tv_nsec -= 1000000000L;
    }
    return time;
}

/* With the lock: takes the first `count` messages, at least one, if there are any. */
static struct message *
queue_take_first(struct queue *queue, size_t count)
{
    struct message *all = queue->first, **end = &queue->first;
    size_t taken = 0;

    while (*end != NULL && (taken == 0 || taken < count)) {
        end = &(*end)->next;
        taken++;
    }
    if (taken > 0) {
        queue->first = *end;
        *end = NULL;
        queue->count -= taken;
        queue->last = queue->first == NULL ? &queue->first : queue->last;
    }
    return all;
}

struct message *
queue_wait_share(struct queue *queue, int ms, size_t takers, size_t most)
{
    struct timespec until = monotonic_after(ms < 0 ? 0 : ms);
    struct message *messages = NULL;
    int error = 0;

    pthread_mutex_lock(&queue->lock);
    while (queue->first == NULL && !queue->closed && error == 0) {
        error = ms < 0 ? pthread_cond_wait(&queue->filled, &queue->lock)
                       : pthread_cond_timedwait(&queue->filled, &queue->lock, &until);
    }
    if (!queue->closed) {
        size_t share = (queue->count + takers - 1) / takers;

        messages = queue_take_first(queue, share < most ? share : most);
    }
    pthread_mutex_unlock(&queue->lock);
    return messages;
}

struct message *
queue_wait(struct queue *queue, int ms)
{
    return queue_wait_share(queue, ms, 1, 1);
}

void
queue_close(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    pthread_cond_broadcast(&queue->filled);
    pthread_mutex_unlock(&queue->lock);
}

bool
queue_is_closed(struct queue *queue)
{
    bool closed;

    pthread_mutex_lock(&queue->lock);
    closed = queue->closed;
    pthread_mutex_unlock(&queue->lock);
    return closed;
}
