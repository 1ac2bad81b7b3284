/* Queues are short arrays that exist only while something waits: most streams are idle. */
#include "fcgi/events/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log.h"

enum {
    FIRST_ROOM = 4,
    MOST_AT_ONCE = 64, /* payloads in one writev */
};

static void
append(struct peer *p, struct payload *payload)
{
    if (p->queue_len == p->queue_cap) {
        unsigned cap = p->queue_cap == 0 ? FIRST_ROOM : p->queue_cap * 2U;
        struct payload **grown = cap > UINT16_MAX ? NULL : realloc(p->queue, cap * sizeof(*grown));

        if (grown == NULL) {
            if (cap <= UINT16_MAX) {
                log_error("out of memory");
                abort();
            }
            payload_drop(payload);
            p->too_slow = true;
            return;
        }
        p->queue = grown;
        p->queue_cap = (uint16_t)cap;
    }
    p->queue[p->queue_len++] = payload;
    p->queued += payload->len;
}

void
peer_send(struct peer *p, struct payload *payload, uint32_t limit)
{
    if (p->too_slow || p->queued + payload->len > limit) {
        p->too_slow = true;
        return;
    }
    append(p, p->id == PAYLOAD_ID ? payload_hold(payload) : payload_for(payload, p->id));
}

void
peer_send_records(struct peer *p, const struct buf *records)
{
    if (records->len > 0) {
        append(p, payload_records(records->at, records->len));
    }
}

void
peer_send_text(struct peer *p, const char *text, size_t len)
{
    struct buf records = {0};

    record_stdout(&records, p->id, text, len);
    peer_send_records(p, &records);
    buf_free(&records);
}

void
peer_send_end(struct peer *p)
{
    struct buf records = {0};

    record_end(&records, p->id);
    peer_send_records(p, &records);
    buf_free(&records);
}

/* Forget the first `count` payloads. */
static void
shift(struct peer *p, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        p->queued -= p->queue[i]->len;
        payload_drop(p->queue[i]);
    }
    p->queue_len = (uint16_t)(p->queue_len - count);
    memmove(p->queue, p->queue + count, p->queue_len * sizeof(struct payload *));
    if (p->queue_len == 0) {
        free(p->queue);
        p->queue = NULL;
        p->queue_cap = 0;
    }
}

void
peer_cut_queue(struct peer *p)
{
    unsigned kept = p->offset > 0 ? 1 : 0;

    while (p->queue_len > kept) {
        struct payload *last = p->queue[--p->queue_len];

        p->queued -= last->len;
        payload_drop(last);
    }
}

bool
peer_flush(struct peer *p)
{
    while (p->queue_len > 0) {
        struct iovec parts[MOST_AT_ONCE];
        unsigned count = 0;
        ssize_t written;
        size_t left;

        for (; count < p->queue_len && count < MOST_AT_ONCE; count++) {
            uint32_t done = count == 0 ? p->offset : 0;

            parts[count] = (struct iovec){p->queue[count]->bytes + done,
                                          p->queue[count]->len - done};
        }
        written = count == 1 ? write(p->fd, parts->iov_base, parts->iov_len)
                             : writev(p->fd, parts, (int)count);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return errno == EAGAIN;
        }
        left = (size_t)written + p->offset;
        for (count = 0; count < p->queue_len && left >= p->queue[count]->len; count++) {
            left -= p->queue[count]->len;
        }
        p->offset = (uint32_t)left;
        if (count > 0) {
            shift(p, count);
        }
    }
    return true;
}

void
peer_close(struct peer *p)
{
    p->offset = 0;
    if (p->queue_len > 0) {
        shift(p, p->queue_len);
    }
    if (p->intake != NULL) {
        intake_free(p->intake);
        free(p->intake);
    }
    (void)close(p->fd);
}
