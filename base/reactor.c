/* epoll for descriptors, a binary heap for timers: setting or cancelling one of n costs log n. */
#include "base/reactor.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

enum { EVENTS_AT_ONCE = 64 };

/*
 * A descriptor number is used again after close(2), while an event of its predecessor may still be
 * in the batch that epoll_wait returned: `serial` detects that.
 */
struct watched {
    reactor_ready *ready; /* NULL: not watched */
    void *context;
    uint32_t serial;
};

struct reactor {
    int epoll;
    bool stopped;
    struct watched *watched; /* by descriptor */
    size_t watched_capacity, watched_count;
    uint32_t next_serial;
    struct reactor_timer **heap;
    size_t heap_capacity, heap_count;
};

struct reactor *
reactor_open(void)
{
    struct reactor *r = memory_new(struct reactor);

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

/* Entries that were never used are zeroed: not watched. */
static void
reactor_make_room(struct reactor *r, int fd)
{
    size_t before = r->watched_capacity, needed = (size_t)fd + 1;

    if (needed > before) {
        r->watched = memory_grow(r->watched, &r->watched_capacity, needed, sizeof(*r->watched));
        memset(r->watched + before, 0, (r->watched_capacity - before) * sizeof(*r->watched));
    }
}

bool
reactor_watch(struct reactor *r, int fd, uint32_t events, reactor_ready *ready, void *context)
{
    struct epoll_event event = {.events = events};
    struct watched *w;
    bool is_new;

    reactor_make_room(r, fd);
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
    w->context = context;
    return true;
}

void
reactor_forget(struct reactor *r, int fd)
{
    if (fd >= 0 && (size_t)fd < r->watched_capacity && r->watched[fd].ready != NULL) {
        (void)epoll_ctl(r->epoll, EPOLL_CTL_DEL, fd, NULL);
        r->watched[fd].ready = NULL;
        r->watched_count--;
    }
}

static void
heap_put(struct reactor *r, size_t place, struct reactor_timer *t)
{
    r->heap[place] = t;
    t->place = place;
}

/* Places the timer at `place`, or above it while its parent is later. */
static void
heap_sift_up(struct reactor *r, size_t place, struct reactor_timer *t)
{
    while (place > 0 && r->heap[(place - 1) / 2]->at_us > t->at_us) {
        heap_put(r, place, r->heap[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    heap_put(r, place, t);
}

/* Places the timer at `place`, or below it while a child is earlier. */
static void
heap_sift_down(struct reactor *r, size_t place, struct reactor_timer *t)
{
    for (;;) {
        size_t below = 2 * place + 1;

        if (below + 1 < r->heap_count && r->heap[below + 1]->at_us < r->heap[below]->at_us) {
            below++;
        }
        if (below >= r->heap_count || r->heap[below]->at_us >= t->at_us) {
            break;
        }
        heap_put(r, place, r->heap[below]);
        place = below;
    }
    heap_put(r, place, t);
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
            heap_sift_up(r, place, last);
        } else {
            heap_sift_down(r, place, last);
        }
    }
    t->at_us = 0;
}

void
reactor_after(struct reactor *r, struct reactor_timer *t, int64_t ms,
              void (*expired)(struct reactor_timer *t))
{
    reactor_cancel(r, t);
    t->expired = expired;
    t->at_us = clock_mono_us() + (ms > 0 ? ms : 0) * 1000;
    r->heap = memory_grow(r->heap, &r->heap_capacity, r->heap_count + 1, sizeof(*r->heap));
    heap_sift_up(r, r->heap_count++, t);
}

/*
 * Timers that are set for now by a callback expire in the next turn, so descriptors are served in
 * between.
 */
static void
reactor_expire_due(struct reactor *r)
{
    int64_t now = clock_mono_us();

    while (!r->stopped && r->heap_count > 0 && r->heap[0]->at_us <= now) {
        struct reactor_timer *t = r->heap[0];

        reactor_cancel(r, t);
        t->expired(t);
    }
}

static void
reactor_dispatch(struct reactor *r, const struct epoll_event *event)
{
    int fd = (int)(uint32_t)event->data.u64;
    const struct watched *w = &r->watched[fd];

    if (w->ready != NULL && w->serial == event->data.u64 >> 32) {
        w->ready(w->context, fd, event->events);
    }
}

/* The timeout for epoll_wait, rounded up so that no timer expires early; -1: none is set. */
static int
reactor_timeout_ms(const struct reactor *r)
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
        int count = epoll_wait(r->epoll, events, EVENTS_AT_ONCE, reactor_timeout_ms(r));

        for (int i = 0; i < count && !r->stopped; i++) {
            reactor_dispatch(r, &events[i]);
        }
        reactor_expire_due(r);
    }
}
