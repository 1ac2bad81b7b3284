/* epoll, and a heap of timers with the earliest one at its top: setting one costs log n. */
#include "base/reactor.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"

enum { EVENTS_AT_ONCE = 64, FIRST_SIZE = 64 };

/*
 * `serial` distinguishes a descriptor from an earlier one of the same number, of which an event may
 * still be pending.
 */
struct watched {
    reactor_ready *ready; /* NULL: not watched */
    void *owner;
    uint32_t serial;
};

struct reactor {
    int epoll;
    bool stopped;
    struct watched *watched; /* by descriptor */
    size_t watched_size, watched_count;
    uint32_t next_serial;
    struct reactor_timer **heap;
    size_t heap_size, heap_count;
};

static void *
grown(void *old, size_t *size, size_t needed, size_t each)
{
    size_t bigger = *size == 0 ? FIRST_SIZE : *size;
    char *memory;

    while (bigger < needed) {
        bigger *= 2;
    }
    if (bigger == *size) {
        return old;
    }
    memory = realloc(old, bigger * each);
    if (memory == NULL) {
        (void)fputs("out of memory\n", stderr);
        abort();
    }
    for (size_t i = *size * each; i < bigger * each; i++) {
        memory[i] = 0;
    }
    *size = bigger;
    return memory;
}

struct reactor *
reactor_open(void)
{
    struct reactor *r = calloc(1, sizeof(*r));

    if (r == NULL) {
        return NULL;
    }
    r->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (r->epoll < 0) {
        free(r);
        return NULL;
    }
    return r;
}

void
reactor_close(struct reactor *r)
{
    if (r != NULL) {
        (void)close(r->epoll);
        free(r->watched);
        free(r->heap);
        free(r);
    }
}

bool
reactor_watch(struct reactor *r, int fd, uint32_t events, reactor_ready *ready, void *owner)
{
    struct epoll_event event = {.events = events};
    struct watched *w;
    bool is_new;

    r->watched = grown(r->watched, &r->watched_size, (size_t)fd + 1, sizeof(*r->watched));
    w = &r->watched[fd];
    is_new = w->ready == NULL;
    if (is_new) {
        w->serial = ++r->next_serial;
    }
    event.data.u64 = (uint64_t)w->serial << 32 | (uint32_t)fd;
    if (epoll_ctl(r->epoll, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) != 0) {
        return false;
    }
    r->watched_count += is_new;
    w->ready = ready;
    w->owner = owner;
    return true;
}

void
reactor_forget(struct reactor *r, int fd)
{
    if (fd >= 0 && (size_t)fd < r->watched_size && r->watched[fd].ready != NULL) {
        (void)epoll_ctl(r->epoll, EPOLL_CTL_DEL, fd, NULL);
        r->watched[fd].ready = NULL;
        r->watched_count--;
    }
}

static void
put(struct reactor *r, size_t place, struct reactor_timer *t)
{
    r->heap[place] = t;
    t->place = place;
}

/* Moves a timer towards the top while it is earlier than its parent. */
static void
rise(struct reactor *r, size_t place, struct reactor_timer *t)
{
    while (place > 0 && r->heap[(place - 1) / 2]->at_us > t->at_us) {
        put(r, place, r->heap[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    put(r, place, t);
}

/* Moves a timer towards the bottom while a child is earlier. */
static void
sink(struct reactor *r, size_t place, struct reactor_timer *t)
{
    for (;;) {
        size_t below = 2 * place + 1;

        if (below + 1 < r->heap_count && r->heap[below + 1]->at_us < r->heap[below]->at_us) {
            below++;
        }
        if (below >= r->heap_count || r->heap[below]->at_us >= t->at_us) {
            break;
        }
        put(r, place, r->heap[below]);
        place = below;
    }
    put(r, place, t);
}

void
reactor_cancel(struct reactor *r, struct reactor_timer *t)
{
    struct reactor_timer *last;

    if (t->at_us == 0) {
        return;
    }
    last = r->heap[--r->heap_count];
    if (last != t) {
        size_t place = t->place;

        if (place > 0 && r->heap[(place - 1) / 2]->at_us > last->at_us) {
            rise(r, place, last);
        } else {
            sink(r, place, last);
        }
    }
    t->at_us = 0;
}

void
reactor_after(struct reactor *r, struct reactor_timer *t, int64_t ms,
              void (*ring)(struct reactor_timer *t))
{
    reactor_cancel(r, t);
    t->ring = ring;
    t->at_us = clock_mono_us() + (ms > 0 ? ms : 0) * 1000;
    r->heap = grown(r->heap, &r->heap_size, r->heap_count + 1, sizeof(struct reactor_timer *));
    rise(r, r->heap_count++, t);
}

/*
 * Calls the timers that are due. One that is set for now meanwhile fires in the next turn, so that
 * descriptors have theirs.
 */
static void
ring_due(struct reactor *r)
{
    int64_t now = clock_mono_us();

    while (!r->stopped && r->heap_count > 0 && r->heap[0]->at_us <= now) {
        struct reactor_timer *t = r->heap[0];

        reactor_cancel(r, t);
        t->ring(t);
    }
}

static void
call_ready(struct reactor *r, const struct epoll_event *event)
{
    int fd = (int)(uint32_t)event->data.u64;
    const struct watched *w = &r->watched[fd];

    if (w->ready != NULL && w->serial == event->data.u64 >> 32) {
        w->ready(w->owner, fd, event->events);
    }
}

/* Rounded up, so that no timer fires early; -1: no time-out. */
static int
patience(const struct reactor *r)
{
    int64_t left_us;

    if (r->heap_count == 0) {
        return -1;
    }
    left_us = r->heap[0]->at_us - clock_mono_us();
    if (left_us <= 0) {
        return 0;
    }
    return left_us / 1000 >= INT_MAX ? INT_MAX : (int)((left_us + 999) / 1000);
}

void
reactor_stop(struct reactor *r)
{
    r->stopped = true;
}

void
reactor_run(struct reactor *r)
{
    struct epoll_event events[EVENTS_AT_ONCE];

    r->stopped = false;
    while (!r->stopped && (r->heap_count > 0 || r->watched_count > 0)) {
        int count = epoll_wait(r->epoll, events, EVENTS_AT_ONCE, patience(r));

        for (int i = 0; i < count && !r->stopped; i++) {
            call_ready(r, &events[i]);
        }
        ring_due(r);
    }
}
