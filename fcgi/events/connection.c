/* A queue is a short array that exists only while something waits: most streams are idle. */
#include "fcgi/events/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/memory.h"

enum { WRITEV_MAX = 64 /* payloads in one writev */ };

static void
connection_grow_queue(struct connection *c)
{
    size_t capacity = c->queue_cap;

    c->queue = memory_grow(c->queue, &capacity, capacity + 1, sizeof(*c->queue));
    c->queue_cap = (uint16_t)(capacity < UINT16_MAX ? capacity : UINT16_MAX);
}

/* Takes over the caller's reference. */
static void
connection_queue(struct connection *c, struct payload *payload)
{
    if (c->queue_len == c->queue_cap) {
        if (c->queue_len == UINT16_MAX) {
            payload_drop(payload);
            c->too_slow = true;
            return;
        }
        connection_grow_queue(c);
    }
    c->queue[c->queue_len++] = payload;
    c->queued += payload->len;
}

void
connection_send(struct connection *c, struct payload *payload, uint32_t limit)
{
    if (c->too_slow || (c->queued > 0 && c->queued + payload->len > limit)) {
        c->too_slow = true;
        return;
    }
    connection_queue(c, c->request_id == PAYLOAD_ID ? payload_hold(payload)
                                                    : payload_for(payload, c->request_id));
}

void
connection_send_records(struct connection *c, const struct buf *records)
{
    if (records->len > 0) {
        connection_queue(c, payload_records(records->at, records->len));
        c->queue_kept = c->queue_len;
    }
}

void
connection_send_text(struct connection *c, const char *text, size_t len)
{
    struct buf records = {0};

    record_stdout(&records, c->request_id, text, len);
    connection_send_records(c, &records);
    buf_free(&records);
}

void
connection_send_end(struct connection *c)
{
    struct buf records = {0};

    record_end(&records, c->request_id);
    connection_send_records(c, &records);
    buf_free(&records);
}

void
connection_send_last(struct connection *c, enum live_event_kind kind, const char *retry,
                     const void *data)
{
    struct buf json = {0}, text = {0};

    live_event_write(kind, data, &json);
    if (c->ndjson) {
        event_write_ndjson(&text, kind, NULL, json.at, json.len);
    } else {
        buf_str(&text, retry);
        event_write_sse(&text, kind, NULL, json.at, json.len);
    }
    connection_send_text(c, text.at, text.len);
    buf_free(&json);
    buf_free(&text);
}

/* Removes the first `count` payloads. */
static void
connection_shift_queue(struct connection *c, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        c->queued -= c->queue[i]->len;
        payload_drop(c->queue[i]);
    }
    c->queue_len = (uint16_t)(c->queue_len - count);
    c->queue_kept = (uint16_t)(c->queue_kept > count ? c->queue_kept - count : 0);
    memmove(c->queue, c->queue + count, c->queue_len * sizeof(*c->queue));
    if (c->queue_len == 0) {
        free(c->queue);
        c->queue = NULL;
        c->queue_cap = 0;
    }
}

void
connection_cut_queue(struct connection *c)
{
    unsigned kept = c->queue_kept > 0 || c->offset == 0 ? c->queue_kept : 1;

    while (c->queue_len > kept) {
        struct payload *last = c->queue[--c->queue_len];

        c->queued -= last->len;
        payload_drop(last);
    }
}

/* One write of what is at the front of the queue. */
static ssize_t
connection_write(const struct connection *c)
{
    struct iovec parts[WRITEV_MAX];
    unsigned count = 0;

    for (; count < c->queue_len && count < WRITEV_MAX; count++) {
        uint32_t done = count == 0 ? c->offset : 0;

        parts[count] = (struct iovec){c->queue[count]->bytes + done, c->queue[count]->len - done};
    }
    return count == 1 ? write(c->fd, parts->iov_base, parts->iov_len)
                      : writev(c->fd, parts, (int)count);
}

/* `written` more bytes are gone from the front of the queue. */
static void
connection_advance(struct connection *c, size_t written)
{
    size_t left = written + c->offset;
    unsigned count = 0;

    while (count < c->queue_len && left >= c->queue[count]->len) {
        left -= c->queue[count++]->len;
    }
    c->offset = (uint32_t)left;
    if (count > 0) {
        connection_shift_queue(c, count);
    }
}

bool
connection_flush(struct connection *c)
{
    while (c->queue_len > 0) {
        ssize_t written = connection_write(c);

        if (written >= 0) {
            connection_advance(c, (size_t)written);
        } else if (errno != EINTR) {
            return errno == EAGAIN;
        }
    }
    return true;
}

void
connection_drop_parser(struct connection *c)
{
    if (c->parser != NULL) {
        parser_free(c->parser);
        free(c->parser);
        c->parser = NULL;
    }
}

void
connection_close(struct connection *c)
{
    c->offset = 0;
    if (c->queue_len > 0) {
        connection_shift_queue(c, c->queue_len);
    }
    connection_drop_parser(c);
    (void)close(c->fd);
}
