/*
 * The event loop: its connections, its lists, its clock. Everything here runs in the loop's thread.
 */
#ifndef FCGI_EVENTS_LOOP_H
#define FCGI_EVENTS_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/events/dispatcher.h"
#include "fcgi/events/hub.h"
#include "fcgi/events/reconciler.h"
#include "fcgi/events/subscriber.h"

enum {
    TICK_MS = 250,
    TICKS_PER_SECOND = 1000 / TICK_MS,
    REQUEST_TICKS = 10 * TICKS_PER_SECOND, /* for a request to arrive completely */
    IDLE_TICKS = 60 * TICKS_PER_SECOND,    /* for a kept connection without a request */
    ENDING_TICKS = 30 * TICKS_PER_SECOND,  /* for a slow client to read the last bytes */
    DRAIN_TICKS = 5 * TICKS_PER_SECOND,    /* for all connections to end after SIGTERM */
};

struct loop {
    const struct app *app;
    size_t body_max; /* bytes of a request's body that are kept */
    int epoll, signals;
    struct queue findings; /* struct finding, from the reconciler and the subscriber */
    struct queue done;     /* struct job, from the dispatcher */
    struct dispatcher *dispatcher;
    struct reconciler *reconciler;
    struct subscriber *subscriber;
    struct hub hub;

    struct connection **slots; /* NULL: free */
    size_t slot_cap;
    uint32_t slot_count, first_free; /* no slot below first_free is free */
    uint32_t connection_count, connection_max, next_serial;
    struct connection *touched; /* to be settled before the loop waits again */
    struct connection *timed;   /* all but streams, the newest first */
    uint32_t stream_count;
    uint32_t heartbeat_slot;       /* the next slot to visit */
    uint32_t heartbeats_due;       /* slots to visit, multiplied by the ticks of a heartbeat */
    struct payload *heartbeats[2]; /* by `ndjson` */
    bool listening, draining;
    uint32_t drain_until; /* tick */

    struct holds holds; /* the dispatcher's threads use it, too */

    bool reconciling; /* the reconciler has not finished the last reconciliation */
    bool repairing; /* false in the test build's FASTCHAT_BREAK=hints: missed entries stay missed */
    int64_t next_full_us, next_presence_us, next_sweep_us;
    int64_t full_us; /* when the current reconciliation began, if it is of all rooms; or 0 */
};

/* Adds the connection to those that loop_settle handles. */
void loop_touch(struct loop *l, struct connection *c) __attribute__((nonnull));

/* Returns the connection of a slot, or NULL if it is gone. */
struct connection *loop_find(const struct loop *l, uint32_t slot, uint32_t serial)
    __attribute__((nonnull));

/* Takes over a descriptor that was accepted. */
void loop_add(struct loop *l, int fd) __attribute__((nonnull));

/* Reads all that the connection's socket has. */
void loop_read(struct loop *l, struct connection *c) __attribute__((nonnull));

/* Takes back a job from the dispatcher, and frees it. */
void loop_job_done(struct loop *l, struct job *job) __attribute__((nonnull));

/* Does what the touched connections need, and writes what is queued for them. */
void loop_settle(struct loop *l) __attribute__((nonnull));

/* Hands a reconciliation to the reconciler, if one is due and the last one has ended. */
void loop_reconcile(struct loop *l) __attribute__((nonnull));

/* One tick has passed. */
void loop_tick(struct loop *l) __attribute__((nonnull));

/* After SIGTERM: ends the streams with `bye`, and the long polls with their reply. */
void loop_drain(struct loop *l) __attribute__((nonnull));

/* Releases all connections. */
void loop_close_all(struct loop *l) __attribute__((nonnull));

#endif
