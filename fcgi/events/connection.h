/* A FastCGI connection of the event loop: its parser for input, and a bounded queue of output. */
#ifndef FCGI_EVENTS_CONNECTION_H
#define FCGI_EVENTS_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi/events/event.h"
#include "fcgi/events/payload.h"
#include "fcgi/record.h"

struct hub_user;

enum connection_state {
    CONNECTION_READING,    /* a request is arriving, or none has begun */
    CONNECTION_DISPATCHED, /* the dispatcher has the request */
    CONNECTION_STREAM,
    CONNECTION_WAITING, /* a long poll */
    CONNECTION_ENDING,  /* nothing more will be queued */
};

struct connection {
    int fd;
    uint32_t slot;   /* its index in the loop's table */
    uint32_t serial; /* differs from earlier connections in the same slot */
    uint8_t state;   /* enum connection_state */
    bool keep_open;  /* the web server wants to use the connection again */
    bool ndjson;     /* the stream's form: a JSON object per line, not Server-Sent Events */
    bool too_slow;   /* its queue has exceeded the limit */
    bool woken;      /* a long poll: there is something to read */
    bool signed_out; /* its session has ended */
    bool dead;       /* the other side has closed it, or broken the protocol */
    bool blocked;    /* its socket accepts no more bytes for now */
    bool touched;    /* it is in the loop's list of connections to settle */
    bool held;       /* its request is counted among those of its session and user */
    uint16_t request_id;
    uint16_t queue_len, queue_cap;
    uint16_t queue_kept;           /* payloads at its front that connection_cut_queue keeps */
    uint32_t offset;               /* bytes of the first payload that have been written */
    uint32_t queued;               /* bytes in the queue */
    struct payload **queue;        /* NULL while it is empty */
    struct request_parser *parser; /* NULL while nothing of a request has arrived */
    uint32_t request;              /* the number of the latest request that was dispatched */
    uint32_t deadline;             /* of the state, in ticks of the loop */
    uint32_t joined;               /* reconciliations that had been begun when it joined the hub */
    uint32_t session_expires;      /* in seconds since 1970 */
    int64_t greeted;      /* a stream: `hello` has named the rooms up to this id; all: INT64_MAX */
    uint64_t replay_next; /* a stream: the next entry to replay; 0: it gets entries as they come */
    int64_t session_id, user_id;  /* of a held request */
    int64_t session_created;      /* when the session was made (ms) */
    struct hub_user *user;        /* NULL while it is not in the hub */
    struct connection *user_next; /* the user's next connection */
    struct connection *touched_next;
    /* The loop's list of connections with a deadline: all but streams. */
    struct connection *timed_next, **timed_link;
};

/*
 * Queues a payload of request PAYLOAD_ID, and adds a reference to it. If the queue would exceed
 * `limit` bytes, sets too_slow instead; an empty queue takes a payload of any size.
 */
void connection_send(struct connection *c, struct payload *payload, uint32_t limit)
    __attribute__((nonnull));

/*
 * Queue bytes for this connection alone, without a limit: a text as FCGI_STDOUT; complete records;
 * the end of the request.
 */
void connection_send_text(struct connection *c, const char *text, size_t len)
    __attribute__((nonnull));
void connection_send_records(struct connection *c, const struct buf *records)
    __attribute__((nonnull));
void connection_send_end(struct connection *c) __attribute__((nonnull));

/*
 * Queues the last event of a stream, beyond the limit of its queue. `retry` is an SSE field for it,
 * or "".
 */
void connection_send_last(struct connection *c, enum live_event_kind kind, const char *retry,
                          const void *data) __attribute__((nonnull));

/*
 * Drops the queued payloads of connection_send, except for one that is partly written: records must
 * stay whole. The head of a reply, and what was queued before it, always stays.
 */
void connection_cut_queue(struct connection *c) __attribute__((nonnull));

/* Writes as much as the socket accepts. Returns false if the connection is dead. */
bool connection_flush(struct connection *c) __attribute__((nonnull, warn_unused_result));

/* Releases the parser, with the request that it holds. */
void connection_drop_parser(struct connection *c) __attribute__((nonnull));

/* Releases what it owns and closes the descriptor. The struct itself is the caller's. */
void connection_close(struct connection *c) __attribute__((nonnull));

#endif
