/* A peer's way: reading, asking at a desk, then an answer and the end, or a stream, or a wait that ends in asking once more. */
#include "fcgi/events/loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"

enum {
    READ_BYTES = 64 * 1024,
    FIRST_SLOTS = 256,
    ARRIVING_MAX = 256 * 1024 * 1024, /* bytes of requests that are not whole yet, over all */
    ABORT_TYPE = 2,                   /* FCGI_ABORT_REQUEST */
    RETRY_LEAST_MS = 500,
    RETRY_SPREAD_MS = 4500, /* so that not all come back at once */
};

void
loop_touch(struct loop *l, struct peer *p)
{
    if (!p->listed) {
        p->listed = true;
        p->list_next = l->touched;
        l->touched = p;
    }
}

struct peer *
loop_find(const struct loop *l, uint32_t slot, uint32_t serial)
{
    struct peer *p = slot < l->slot_count ? l->slots[slot] : NULL;

    return p != NULL && p->serial == serial ? p : NULL;
}

/*
 * Be told when the peer can take more, only while something waits for that: otherwise each read of the web server would
 * wake us.
 */
static void
watch_for_room(struct loop *l, struct peer *p, bool is)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET | (is ? EPOLLOUT : 0),
                                .data.u64 = (uint64_t)p->slot << 32 | p->serial};

    if (p->blocked != is) {
        p->blocked = is;
        (void)epoll_ctl(l->epoll, EPOLL_CTL_MOD, p->fd, &event);
    }
}

static void
enter_brief(struct loop *l, struct peer *p)
{
    p->brief_next = l->brief;
    p->brief_before = &l->brief;
    if (p->brief_next != NULL) {
        p->brief_next->brief_before = &p->brief_next;
    }
    l->brief = p;
}

static void
leave_brief(struct peer *p)
{
    if (p->brief_before != NULL) {
        *p->brief_before = p->brief_next;
        if (p->brief_next != NULL) {
            p->brief_next->brief_before = p->brief_before;
        }
        p->brief_before = NULL;
    }
}

static uint32_t
take_slot(struct loop *l)
{
    uint32_t slot = l->free_hint;

    while (slot < l->slot_count && l->slots[slot] != NULL) {
        slot++;
    }
    l->free_hint = slot + 1;
    if (slot == l->slot_count) {
        if (l->slot_count == l->slot_cap) {
            uint32_t cap = l->slot_cap == 0 ? FIRST_SLOTS : l->slot_cap * 2;
            struct peer **grown = realloc(l->slots, cap * sizeof(*grown));

            if (grown == NULL) {
                log_error("out of memory");
                abort();
            }
            l->slots = grown;
            l->slot_cap = cap;
        }
        l->slot_count++;
    }
    return slot;
}

bool
loop_add(struct loop *l, int fd)
{
    struct peer *p = calloc(1, sizeof(*p));
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET};

    if (p == NULL) {
        (void)close(fd);
        return false;
    }
    p->fd = fd;
    p->slot = take_slot(l);
    p->serial = ++l->next_serial;
    p->deadline = l->crowd.tick + REQUEST_TICKS;
    event.data.u64 = (uint64_t)p->slot << 32 | p->serial;
    l->slots[p->slot] = p;
    l->peer_count++;
    enter_brief(l, p);
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        p->gone = true;
        loop_touch(l, p);
    }
    return true;
}

bool
loop_admit(void *loop, int64_t session_id)
{
    struct loop *l = loop;
    uintptr_t held;
    bool good;

    pthread_mutex_lock(&l->session_lock);
    held = (uintptr_t)idmap_find(&l->sessions, session_id);
    good = held < (uintptr_t)l->app->settings->events_per_session;
    if (good) {
        idmap_remove(&l->sessions, session_id);
        idmap_add(&l->sessions, session_id, (void *)(held + 1));
    }
    pthread_mutex_unlock(&l->session_lock);
    return good;
}

void
loop_release(struct loop *l, int64_t session_id)
{
    uintptr_t held;

    pthread_mutex_lock(&l->session_lock);
    held = (uintptr_t)idmap_find(&l->sessions, session_id);
    idmap_remove(&l->sessions, session_id);
    if (held > 1) {
        idmap_add(&l->sessions, session_id, (void *)(held - 1));
    }
    pthread_mutex_unlock(&l->session_lock);
}

/* A stream is none any more. */
static void
end_stream(struct loop *l, struct peer *p)
{
    crowd_leave(&l->crowd, p);
    loop_release(l, p->session_id);
    l->stream_count--;
    enter_brief(l, p);
    p->state = PEER_ENDING;
    p->deadline = l->crowd.tick + ENDING_TICKS;
}

static void
drop(struct loop *l, struct peer *p)
{
    if (p->state == PEER_STREAM) {
        end_stream(l, p);
    }
    crowd_leave(&l->crowd, p);
    leave_brief(p);
    l->slots[p->slot] = NULL;
    l->free_hint = p->slot < l->free_hint ? p->slot : l->free_hint;
    l->peer_count--;
    peer_close(p);
    free(p);
}

/* To a desk; from there it comes back by loop_errand_done. */
static void
ask(struct loop *l, struct peer *p, bool again)
{
    struct errand *e = calloc(1, sizeof(*e));

    if (e == NULL) {
        log_error("out of memory");
        abort();
    }
    e->slot = p->slot;
    e->serial = p->serial;
    e->intake = p->intake;
    e->may_hold = !again && !l->draining;
    e->counted = again;
    p->intake = NULL;
    p->state = PEER_ASKING;
    desks_put(l->desks, e);
}

static void
finish(struct loop *l, struct peer *p)
{
    peer_send_end(p);
    p->state = PEER_ENDING;
    p->deadline = l->crowd.tick + ENDING_TICKS;
    loop_touch(l, p);
}

/* Bytes of a request. */
static void
take(struct loop *l, struct peer *p, const char *bytes, size_t len)
{
    struct buf out = {0};
    size_t used;
    enum intake_result result;

    if (p->intake == NULL) {
        p->intake = calloc(1, sizeof(*p->intake));
        p->deadline = l->crowd.tick + REQUEST_TICKS;
        if (p->intake == NULL) {
            p->gone = true;
            return;
        }
    }
    result = intake_feed(p->intake, bytes, len, &used, &out);
    if (out.len > 0) {
        peer_send_records(p, &out);
        loop_touch(l, p);
        if (p->queued > READ_BYTES) { /* asks and asks, and takes no answers */
            p->gone = true;
        }
    }
    buf_free(&out);
    p->id = p->intake->id;
    p->keep = p->intake->keep;
    switch (result) {
    case INTAKE_MORE:
        break;
    case INTAKE_COMPLETE:
        ask(l, p, false);
        break;
    case INTAKE_ABORTED:
        finish(l, p);
        break;
    case INTAKE_BROKEN:
        p->gone = true;
        loop_touch(l, p);
        break;
    }
}

void
loop_read(struct loop *l, struct peer *p)
{
    static char bytes[READ_BYTES];

    while (!p->gone) {
        ssize_t len = read(p->fd, bytes, sizeof(bytes));

        if (len < 0 && errno == EINTR) {
            continue;
        }
        if (len < 0 && errno == EAGAIN) {
            break;
        }
        if (len <= 0) {
            p->gone = true;
        } else if (p->state == PEER_READING) {
            take(l, p, bytes, (size_t)len);
        } else if (len >= RECORD_HEADER && bytes[1] == ABORT_TYPE) {
            p->gone = true; /* section 5.4; what else comes now means nothing */
        }
    }
    if (p->gone) {
        loop_touch(l, p);
    }
}

static void
begin_stream(struct loop *l, struct peer *p, const struct errand *e)
{
    p->state = PEER_STREAM;
    p->lines = e->lines;
    p->session_id = e->session_id;
    p->expires = (uint32_t)(e->expires_at / 1000);
    leave_brief(p);
    l->stream_count++;
    crowd_join(&l->crowd, p, e->user_id, e->changes, e->rooms, e->room_count);
    crowd_greet(&l->crowd, p, e->after, l->app->settings->events_heartbeat_seconds * 1000);
}

static void
begin_wait(struct loop *l, struct peer *p, struct errand *e)
{
    p->intake = e->intake;
    e->intake = NULL;
    p->state = PEER_WAITING;
    p->session_id = e->session_id;
    p->deadline = l->crowd.tick + (uint32_t)(e->wait_ms / TICK_MS);
    p->woken = l->draining;
    crowd_join(&l->crowd, p, e->user_id, e->changes, e->rooms, e->room_count);
    loop_touch(l, p);
}

static void
tell_last(struct peer *p, const char *name, const char *more, const char *json)
{
    struct buf text = {0};

    if (p->lines) {
        buf_printf(&text, "{\"event\":\"%s\",\"data\":%s}\n", name, json);
    } else {
        buf_printf(&text, "%sevent: %s\ndata: %s\n\n", more, name, json);
    }
    peer_send_text(p, text.at, text.len);
    buf_free(&text);
}

/* The stream's end, and when to come back. */
static void
say_bye(struct loop *l, struct peer *p)
{
    unsigned retry = RETRY_LEAST_MS + random_below(RETRY_SPREAD_MS);
    char more[32], json[48];

    (void)snprintf(more, sizeof(more), "retry: %u\n", retry);
    (void)snprintf(json, sizeof(json), "{\"retry_ms\":%u}", retry);
    end_stream(l, p);
    tell_last(p, "bye", more, json);
    peer_send_end(p);
    loop_touch(l, p);
}

void
loop_errand_done(struct loop *l, struct errand *e)
{
    struct peer *p = loop_find(l, e->slot, e->serial);

    if (p == NULL || p->gone) {
        if (e->kind == REPLY_STREAM) {
            loop_release(l, e->session_id);
        }
    } else if (e->kind == REPLY_LATER) {
        begin_wait(l, p, e);
    } else {
        peer_send_text(p, e->answer.at, e->answer.len);
        if (e->kind == REPLY_STREAM) {
            begin_stream(l, p, e);
            if (l->draining) {
                say_bye(l, p);
            }
        } else {
            finish(l, p);
        }
    }
    errand_free(e);
}

/* One touched peer. */
static void
settle(struct loop *l, struct peer *p)
{
    if (!p->gone && p->state == PEER_STREAM && (p->signed_out || p->too_slow)) {
        end_stream(l, p);
        peer_cut_queue(p);
        if (!p->signed_out) {
            log_info("a stream of session %lld is too slow", (long long)p->session_id);
            tell_last(p, "resync", "", "{\"reason\":\"too_slow\"}");
        }
        peer_send_end(p);
    } else if (!p->gone && p->state == PEER_WAITING && (p->woken || p->signed_out)) {
        crowd_leave(&l->crowd, p);
        p->woken = p->signed_out = false;
        ask(l, p, true);
    }
    if (p->gone || !peer_flush(p)) {
        drop(l, p);
        return;
    }
    watch_for_room(l, p, p->queue_len > 0);
    if (p->state == PEER_ENDING && p->queue_len == 0) {
        if (!p->keep || l->draining) {
            drop(l, p);
            return;
        }
        if (p->intake != NULL) {
            intake_free(p->intake);
            free(p->intake);
            p->intake = NULL;
        }
        p->state = PEER_READING;
        p->deadline = l->crowd.tick + IDLE_TICKS;
        loop_read(l, p); /* the next request may be there already */
    }
}

void
loop_settle(struct loop *l)
{
    while (l->touched != NULL) {
        struct peer *p = l->touched;

        l->touched = p->list_next;
        p->listed = false;
        settle(l, p);
    }
}

static void
beat(struct loop *l, struct peer *p, int64_t now)
{
    if (p->queue_len == 0) {
        peer_send(p, l->beats[p->lines], UINT32_MAX);
        loop_touch(l, p);
    }
    if (p->expires < now && p->user != NULL) {
        crowd_doubt_user(&l->crowd, p->user);
    }
}

void
loop_tick(struct loop *l)
{
    int seconds = l->app->settings->events_heartbeat_seconds;
    uint32_t turns = (uint32_t)(seconds * TICKS_PER_SECOND);
    int64_t now = clock_now_ms() / 1000;
    size_t arriving = 0;

    l->crowd.tick++;
    for (struct peer *p = l->brief; p != NULL; p = p->brief_next) {
        if (p->state == PEER_READING && p->intake != NULL) {
            arriving += p->intake->params.len + p->intake->body.len;
        }
        if (arriving > ARRIVING_MAX && p->state == PEER_READING) {
            p->gone = true; /* the list begins with the youngest */
            loop_touch(l, p);
        }
        if (p->state == PEER_ASKING || (int32_t)(l->crowd.tick - p->deadline) < 0) {
            continue;
        }
        if (p->state == PEER_WAITING) {
            p->woken = true;
        } else {
            p->gone = true;
        }
        loop_touch(l, p);
    }
    for (l->beats_due += l->slot_count; l->beats_due >= turns; l->beats_due -= turns) {
        struct peer *p = l->slots[l->beat_slot++ % l->slot_count];

        if (p != NULL && p->state == PEER_STREAM) {
            beat(l, p, now);
        }
    }
    if (l->crowd.tick % (10 * TICKS_PER_SECOND) == 0) {
        crowd_sweep(&l->crowd);
    }
}

void
loop_say_goodbye(struct loop *l)
{
    l->draining = true;
    l->drain_until = l->crowd.tick + DRAIN_TICKS;
    for (uint32_t i = 0; i < l->slot_count; i++) {
        struct peer *p = l->slots[i];

        if (p == NULL) {
            continue;
        }
        if (p->state == PEER_STREAM) {
            say_bye(l, p);
            continue;
        }
        if (p->state == PEER_WAITING) {
            p->woken = true;
        } else if (p->state == PEER_READING && p->intake == NULL) {
            p->gone = true;
        }
        loop_touch(l, p);
    }
}

void
loop_drop_all(struct loop *l)
{
    for (uint32_t i = 0; i < l->slot_count; i++) {
        if (l->slots[i] != NULL) {
            drop(l, l->slots[i]);
        }
    }
    free(l->slots);
    idmap_free(&l->sessions);
}
