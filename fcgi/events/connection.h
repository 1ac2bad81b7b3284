/* A FastCGI connection of the event loop: what comes in on it, and a bounded queue of what is to go out. */
#ifndef FCGI_EVENTS_CONNECTION_H
#define FCGI_EVENTS_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi/events/payload.h"
#include "fcgi/events/record.h"

struct crowd_user;

enum peer_state {
    PEER_READING, /* a request is on its way, or none yet */
    PEER_ASKING,  /* the request is at a desk */
    PEER_STREAM,
    PEER_WAITING, /* a long poll */
    PEER_ENDING,  /* what is queued is the last */
};

struct peer {
    int fd;
    uint32_t slot;   /* where the loop keeps it */
    uint32_t serial; /* tells this peer from an earlier one of the same slot */
    uint8_t state;   /* enum peer_state */
    bool keep;       /* the web server wants the connection kept after the answer */
    bool lines;      /* a JSON object a line, not Server-Sent Events */
    bool too_slow;   /* its queue has passed the limit */
    bool woken;      /* a long poll: there is something to fetch */
    bool signed_out; /* its session has ended */
    bool gone;       /* the other side has closed, or what it sent cannot be read */
    bool blocked;    /* its socket takes no more for now */
    bool listed;     /* in the loop's list of those that have something to write */
    uint16_t id;     /* of the request */
    uint16_t queue_len, queue_cap;
    uint32_t offset;        /* bytes of the first payload that are written */
    uint32_t queued;        /* bytes in the queue */
    struct payload **queue; /* NULL while nothing waits */
    struct intake *intake;  /* NULL for a stream, and while a desk has it */
    uint32_t deadline;      /* when the state is over, in ticks of the loop */
    uint32_t since;         /* the number of the checkup before it joined the crowd */
    uint32_t expires;       /* when the session does, in seconds since 1970 */
    int64_t session_id;     /* of a stream; 0 */
    struct crowd_user *user;
    struct peer *user_next;                  /* the user's other peers */
    struct peer *list_next;                  /* while `listed` */
    struct peer *brief_next, **brief_before; /* the loop's list of all but streams */
};

/* Queue a payload of request PAYLOAD_ID; it is held. Sets too_slow, and queues nothing, beyond `limit` bytes. */
void peer_send(struct peer *p, struct payload *payload, uint32_t limit) __attribute__((nonnull));

/* Queue bytes of this peer alone, whatever waits: text as FCGI_STDOUT; the end of the request. */
void peer_send_text(struct peer *p, const char *text, size_t len) __attribute__((nonnull));
void peer_send_end(struct peer *p) __attribute__((nonnull));
/* Records that are ready. */
void peer_send_records(struct peer *p, const struct buf *records) __attribute__((nonnull));

/* Forget what waits, but for a payload that has been written in part: records stay whole. */
void peer_cut_queue(struct peer *p) __attribute__((nonnull));

/* Write what the socket takes. False: the connection is dead. */
bool peer_flush(struct peer *p) __attribute__((nonnull, warn_unused_result));

/* Release what it holds, and close it. */
void peer_close(struct peer *p) __attribute__((nonnull));

#endif
