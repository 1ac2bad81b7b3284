/*
 * The states of a connection: it reads a request, which the dispatcher replies to or defers. A
 * deferred request becomes a stream, or a long poll that ends in being dispatched again.
 */
#include "fcgi/events/loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "fcgi/serve.h"

enum {
    READ_BYTES = 64 * 1024,
    ARRIVING_MAX = 256 * 1024 * 1024, /* bytes of all incomplete requests together */
    RETRY_MIN_MS = 500,
    RETRY_SPREAD_MS = 4500, /* clients come back spread over this time, not all at once */
    SWEEP_TICKS = 10 * TICKS_PER_SECOND,
};

void
loop_touch(struct loop *l, struct connection *c)
{
    if (!c->touched) {
        c->touched = true;
        c->touched_next = l->touched;
        l->touched = c;
    }
}

struct connection *
loop_find(const struct loop *l, uint32_t slot, uint32_t serial)
{
    struct connection *c = slot < l->slot_count ? l->slots[slot] : NULL;

    return c != NULL && c->serial == serial ? c : NULL;
}

static struct epoll_event
connection_event(const struct connection *c, bool when_writable)
{
    return (struct epoll_event){
        .events = EPOLLIN | EPOLLRDHUP | EPOLLET | (when_writable ? EPOLLOUT : 0),
        .data.u64 = (uint64_t)c->slot << 32 | c->serial,
    };
}

/*
 * EPOLLOUT is requested only while the socket is full: otherwise every read by the web server would
 * wake the loop.
 */
static void
loop_set_blocked(struct loop *l, struct connection *c, bool blocked)
{
    struct epoll_event event = connection_event(c, blocked);

    if (c->blocked != blocked) {
        c->blocked = blocked;
        (void)epoll_ctl(l->epoll, EPOLL_CTL_MOD, c->fd, &event);
    }
}

static void
timed_add(struct loop *l, struct connection *c)
{
    c->timed_next = l->timed;
    c->timed_link = &l->timed;
    if (c->timed_next != NULL) {
        c->timed_next->timed_link = &c->timed_next;
    }
    l->timed = c;
}

static void
timed_remove(struct connection *c)
{
    if (c->timed_link != NULL) {
        *c->timed_link = c->timed_next;
        if (c->timed_next != NULL) {
            c->timed_next->timed_link = c->timed_link;
        }
        c->timed_link = NULL;
    }
}

static uint32_t
loop_find_free_slot(struct loop *l)
{
    uint32_t slot = l->first_free;

    while (slot < l->slot_count && l->slots[slot] != NULL) {
        slot++;
    }
    l->first_free = slot + 1;
    if (slot == l->slot_count) {
        l->slots = memory_grow(l->slots, &l->slot_cap, slot + 1U, sizeof(*l->slots));
        l->slot_count++;
    }
    return slot;
}

void
loop_add(struct loop *l, int fd)
{
    struct connection *c = memory_new(struct connection);
    struct epoll_event event;

    c->fd = fd;
    c->slot = loop_find_free_slot(l);
    c->serial = ++l->next_serial;
    c->deadline = l->hub.tick + REQUEST_TICKS;
    l->slots[c->slot] = c;
    l->connection_count++;
    timed_add(l, c);
    event = connection_event(c, false);
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        c->dead = true;
        loop_touch(l, c);
    }
}

/* The web server has got the whole reply, or is gone: the request no longer costs anything. */
static void
loop_release(struct loop *l, struct connection *c)
{
    if (c->held) {
        holds_release(&l->holds, c->session_id, c->user_id);
        c->held = false;
    }
}

/* The stream becomes a connection that only writes what is still queued. */
static void
loop_end_stream(struct loop *l, struct connection *c)
{
    hub_leave(&l->hub, c);
    l->stream_count--;
    timed_add(l, c);
    c->state = CONNECTION_ENDING;
    c->deadline = l->hub.tick + ENDING_TICKS;
}

static void
loop_drop(struct loop *l, struct connection *c)
{
    if (c->state == CONNECTION_STREAM) {
        loop_end_stream(l, c);
    }
    hub_leave(&l->hub, c);
    loop_release(l, c);
    timed_remove(c);
    l->slots[c->slot] = NULL;
    l->first_free = c->slot < l->first_free ? c->slot : l->first_free;
    l->connection_count--;
    connection_close(c);
    free(c);
}

/* Submits the request; loop_job_done gets it back. `again`: it is a long poll that has ended. */
static void
loop_dispatch(struct loop *l, struct connection *c, bool again)
{
    struct job *job = memory_new(struct job);

    job->slot = c->slot;
    job->serial = c->serial;
    job->request = ++c->request;
    job->input = c->parser->input;
    job->may_defer = !again && !l->draining;
    job->counted = again;
    c->parser->input = (struct request_input){0};
    c->state = CONNECTION_DISPATCHED;
    dispatcher_submit(l->dispatcher, job);
}

static void
loop_end_request(struct loop *l, struct connection *c)
{
    connection_send_end(c);
    c->state = CONNECTION_ENDING;
    c->deadline = l->hub.tick + ENDING_TICKS;
    loop_touch(l, c);
}

/* Ends the request, whatever has become of it (section 5.4). */
static void
loop_abort_request(struct loop *l, struct connection *c)
{
    if (c->state == CONNECTION_ENDING) { /* its reply is being written */
        return;
    }
    if (c->state == CONNECTION_STREAM) {
        loop_end_stream(l, c);
    } else if (c->state == CONNECTION_WAITING) {
        hub_leave(&l->hub, c);
        c->woken = c->signed_out = false;
    } else if (c->state == CONNECTION_DISPATCHED) {
        c->request++; /* loop_job_done then drops the reply */
    }
    loop_end_request(l, c);
}

static void
loop_begin_request(struct loop *l, struct connection *c)
{
    c->request_id = c->parser->id;
    c->keep_open = c->parser->keep_open;
    c->deadline = l->hub.tick + REQUEST_TICKS;
}

static void
loop_use_parsed(struct loop *l, struct connection *c, enum parser_result result)
{
    switch (result) {
    case PARSER_MORE:
        break;
    case PARSER_COMPLETE:
        loop_dispatch(l, c, false);
        break;
    case PARSER_ABORTED:
        loop_abort_request(l, c);
        break;
    case PARSER_TOO_LONG:
        connection_send_text(c, serve_bad_request, strlen(serve_bad_request));
        loop_end_request(l, c);
        break;
    case PARSER_REFUSED:
        c->keep_open = false;
        c->state = CONNECTION_ENDING;
        break;
    case PARSER_BROKEN:
        c->dead = true;
        break;
    }
}

/* Queues the replies that the parser has written, unless the web server does not read them. */
static void
loop_send_replies(struct loop *l, struct connection *c, struct buf *replies)
{
    if (replies->len > 0) {
        connection_send_records(c, replies);
        c->dead = c->queued > l->hub.queue_limit + READ_BYTES;
        buf_clear(replies);
        loop_touch(l, c);
    }
}

/* Records are also parsed while a request is held: it may be aborted, and others are refused. */
static void
loop_parse(struct loop *l, struct connection *c, const char *bytes, size_t len)
{
    struct buf replies = {0};

    if (c->parser == NULL) {
        c->parser = memory_new(struct request_parser);
        c->parser->connection_max = l->connection_max;
        c->parser->body_max = l->body_max;
        c->deadline = l->hub.tick + REQUEST_TICKS;
    }
    while (len > 0 && !c->dead && (c->state != CONNECTION_ENDING || c->keep_open)) {
        uint16_t id = c->parser->id;
        size_t used;
        enum parser_result result = parser_feed(c->parser, bytes, len, &used, &replies);

        bytes += used;
        len -= used;
        if (c->parser->id != id) {
            loop_begin_request(l, c);
        }
        loop_send_replies(l, c, &replies);
        loop_use_parsed(l, c, result);
    }
    buf_free(&replies);
}

/* Between two requests nothing is kept of the last one, unless one of its records is under way. */
static void
loop_await_request(struct loop *l, struct connection *c)
{
    if (c->parser != NULL && parser_is_idle(c->parser)) {
        connection_drop_parser(c);
        c->deadline = l->hub.tick + IDLE_TICKS;
    }
}

void
loop_read(struct loop *l, struct connection *c)
{
    static char bytes[READ_BYTES];

    while (!c->dead) {
        ssize_t len = read(c->fd, bytes, sizeof(bytes));

        if (len < 0 && errno == EINTR) {
            continue;
        }
        if (len < 0 && errno == EAGAIN) {
            break;
        }
        if (len <= 0) {
            c->dead = true;
        } else {
            loop_parse(l, c, bytes, (size_t)len);
        }
    }
    if (c->dead) {
        loop_touch(l, c);
    } else if (c->state == CONNECTION_READING) {
        loop_await_request(l, c);
    }
}

/* A request that is held was admitted by `holds`. */
static void
loop_hold(struct connection *c, const struct job *job)
{
    c->held = true;
    c->session_id = job->session.id;
    c->session_created = job->session.created_at;
    c->session_expires = (uint32_t)(job->session.expires_at / 1000);
    c->user_id = job->session.user_id;
}

static void
loop_begin_stream(struct loop *l, struct connection *c, const struct job *job)
{
    c->state = CONNECTION_STREAM;
    c->ndjson = job->ndjson;
    loop_hold(c, job);
    timed_remove(c);
    l->stream_count++;
    hub_join(&l->hub, c, job->session.user_id, job->changes, job->rooms, job->room_count);
    hub_greet(&l->hub, c, job->after);
}

static void
loop_begin_wait(struct loop *l, struct connection *c, struct job *job)
{
    c->parser->input = job->input;
    job->input = (struct request_input){0};
    c->state = CONNECTION_WAITING;
    loop_hold(c, job);
    c->deadline = l->hub.tick + (uint32_t)(job->wait_ms / TICK_MS);
    c->woken = l->draining;
    hub_join(&l->hub, c, job->session.user_id, job->changes, job->rooms, job->room_count);
    loop_touch(l, c);
}

/* Ends a stream because the server ends, and sends the client the time to reconnect. */
static void
loop_send_bye(struct loop *l, struct connection *c)
{
    struct bye_event bye = {.retry_ms = RETRY_MIN_MS + random_below(RETRY_SPREAD_MS)};
    char retry[32];

    (void)snprintf(retry, sizeof(retry), "retry: %d\n", (int)bye.retry_ms);
    loop_end_stream(l, c);
    connection_send_last(c, LIVE_BYE, retry, &bye);
    connection_send_end(c);
    loop_touch(l, c);
}

static void
loop_reply(struct loop *l, struct connection *c, struct job *job)
{
    if (job->mode == REPLY_LATER) {
        loop_begin_wait(l, c, job);
        return;
    }
    connection_send_text(c, job->reply.at, job->reply.len);
    if (job->mode == REPLY_NOW) {
        loop_end_request(l, c);
        return;
    }
    loop_begin_stream(l, c, job);
    if (l->draining) {
        loop_send_bye(l, c);
    }
}

void
loop_job_done(struct loop *l, struct job *job)
{
    struct connection *c = loop_find(l, job->slot, job->serial);

    if (c != NULL && !c->dead && c->request == job->request) {
        loop_reply(l, c, job);
    } else if (job->mode != REPLY_NOW) {
        holds_release(&l->holds, job->session.id, job->session.user_id);
    }
    job_free(job);
}

/* Ends a stream whose session has ended, or whose client reads too slowly. */
static void
loop_cut_stream(struct loop *l, struct connection *c)
{
    loop_end_stream(l, c);
    connection_cut_queue(c);
    if (!c->signed_out) {
        log_info("a stream of session %lld is too slow", (long long)c->session_id);
        connection_send_last(c, LIVE_RESYNC, "", &(struct resync_event){RESYNC_TOO_SLOW});
    }
    connection_send_end(c);
}

/* The reply is written: the connection ends, or waits for the web server's next request. */
static void
loop_end_connection(struct loop *l, struct connection *c)
{
    if (!c->keep_open || l->draining) {
        loop_drop(l, c);
        return;
    }
    loop_release(l, c);
    parser_end_request(c->parser);
    c->state = CONNECTION_READING;
    c->too_slow = c->signed_out = false;
    loop_await_request(l, c);
    loop_read(l, c); /* the next request may have arrived already */
}

/* Writes what is queued and, as the queue empties, the rest of a stream's greeting. */
static bool
loop_write(struct loop *l, struct connection *c)
{
    bool alive = connection_flush(c);

    while (alive && c->queue_len == 0 && c->state == CONNECTION_STREAM &&
           hub_continue_greeting(&l->hub, c)) {
        if (c->too_slow) {
            loop_cut_stream(l, c);
        }
        alive = connection_flush(c);
    }
    return alive;
}

static void
loop_settle_connection(struct loop *l, struct connection *c)
{
    bool live = !c->dead;

    if (live && c->state == CONNECTION_STREAM && (c->signed_out || c->too_slow)) {
        loop_cut_stream(l, c);
    } else if (live && c->state == CONNECTION_WAITING && (c->woken || c->signed_out)) {
        hub_leave(&l->hub, c);
        c->woken = c->signed_out = false;
        loop_dispatch(l, c, true);
    }
    if (c->dead || !loop_write(l, c)) {
        loop_drop(l, c);
        return;
    }
    loop_set_blocked(l, c, c->queue_len > 0);
    if (c->state == CONNECTION_ENDING && c->queue_len == 0) {
        loop_end_connection(l, c);
    }
}

void
loop_settle(struct loop *l)
{
    while (l->touched != NULL) {
        struct connection *c = l->touched;

        l->touched = c->touched_next;
        c->touched = false;
        loop_settle_connection(l, c);
    }
}

/* The list begins with the newest connections, so the oldest requests survive ARRIVING_MAX. */
static void
loop_check_deadlines(struct loop *l)
{
    size_t arriving = 0;

    for (struct connection *c = l->timed; c != NULL; c = c->timed_next) {
        bool reading = c->state == CONNECTION_READING;

        if (reading && c->parser != NULL) {
            arriving += c->parser->input.params.len + c->parser->input.body.len;
        }
        if (reading && arriving > ARRIVING_MAX) {
            c->dead = true;
            loop_touch(l, c);
        }
        if (c->state == CONNECTION_DISPATCHED || (int32_t)(l->hub.tick - c->deadline) < 0) {
            continue;
        }
        if (c->state == CONNECTION_WAITING) {
            c->woken = true;
        } else {
            c->dead = true;
        }
        loop_touch(l, c);
    }
}

static void
loop_send_heartbeat(struct loop *l, struct connection *c, int64_t now_s)
{
    if (c->queue_len == 0) {
        connection_send(c, l->heartbeats[c->ndjson], UINT32_MAX);
        loop_touch(l, c);
    }
    if (c->session_expires < now_s && c->user != NULL) {
        hub_mark_stale(&l->hub, c->user);
    }
}

/* Visits a share of the slots in each tick, so that heartbeats are spread evenly. */
static void
loop_send_heartbeats(struct loop *l)
{
    int seconds = l->app->settings->events_heartbeat_seconds;
    uint32_t ticks = (uint32_t)(seconds * TICKS_PER_SECOND);
    int64_t now_s = clock_now_ms() / 1000;

    for (l->heartbeats_due += l->slot_count; l->heartbeats_due >= ticks;
         l->heartbeats_due -= ticks) {
        struct connection *c = l->slots[l->heartbeat_slot++ % l->slot_count];

        if (c != NULL && c->state == CONNECTION_STREAM) {
            loop_send_heartbeat(l, c, now_s);
        }
    }
}

void
loop_tick(struct loop *l)
{
    l->hub.tick++;
    loop_check_deadlines(l);
    loop_send_heartbeats(l);
    hub_tick_presence(&l->hub);
    if (l->hub.tick % SWEEP_TICKS == 0) {
        hub_sweep(&l->hub);
    }
}

void
loop_drain(struct loop *l)
{
    l->draining = true;
    l->drain_until = l->hub.tick + DRAIN_TICKS;
    for (uint32_t i = 0; i < l->slot_count; i++) {
        struct connection *c = l->slots[i];

        if (c == NULL) {
            continue;
        }
        if (c->state == CONNECTION_STREAM) {
            loop_send_bye(l, c);
            continue;
        }
        if (c->state == CONNECTION_WAITING) {
            c->woken = true;
        } else if (c->state == CONNECTION_READING && c->parser == NULL) {
            c->dead = true;
        }
        loop_touch(l, c);
    }
}

void
loop_close_all(struct loop *l)
{
    for (uint32_t i = 0; i < l->slot_count; i++) {
        if (l->slots[i] != NULL) {
            loop_drop(l, l->slots[i]);
        }
    }
    free(l->slots);
}
