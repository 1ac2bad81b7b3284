/* What the files of the event loop share: its peers, its lists, its clock. */
#ifndef FCGI_EVENTS_LOOP_H
#define FCGI_EVENTS_LOOP_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "fcgi/events/dispatcher.h"
#include "fcgi/events/hub.h"
#include "fcgi/events/reconciler.h"
#include "fcgi/events/subscriber.h"

enum {
    TICK_MS = 250,
    TICKS_PER_SECOND = 1000 / TICK_MS,
    REQUEST_TICKS = 10 * TICKS_PER_SECOND, /* for a request to arrive whole */
    IDLE_TICKS = 60 * TICKS_PER_SECOND,    /* for a kept connection without a request */
    ENDING_TICKS = 5 * TICKS_PER_SECOND,   /* for the last bytes to be taken */
    DRAIN_TICKS = 5 * TICKS_PER_SECOND,    /* for all to end after SIGTERM */
};

struct loop {
    const struct app *app;
    int epoll, signals;
    struct mailbox news; /* from the desks, the healer and the hints: what begins with a letter */
    struct mailbox done; /* errands that come back */
    struct desks *desks;
    struct healer *healer;
    struct hints *hints;
    struct crowd crowd;

    struct peer **slots; /* NULL: free */
    uint32_t slot_count, slot_cap, peer_count, peer_max, next_serial, free_hint;
    struct peer *touched; /* those to look at before the loop waits again */
    struct peer *brief;   /* all but streams */
    uint32_t stream_count, beat_slot;
    uint32_t beats_due; /* slots to visit, times the ticks of a heartbeat */
    struct payload *beats[2];
    bool listening, draining;
    uint32_t drain_until;

    pthread_mutex_t session_lock; /* `sessions` is counted by the desks, too */
    struct idmap sessions;        /* streams of each */

    bool checkup_out, healing;
    int64_t next_full_us, next_beat_us, next_sweep_us;
};

/* Look at the peer before the loop waits again. */
void loop_touch(struct loop *l, struct peer *p) __attribute__((nonnull));

/* The peer of a slot, if it is still that one. */
struct peer *loop_find(const struct loop *l, uint32_t slot, uint32_t serial)
    __attribute__((nonnull));

/* A connection that was accepted, read and written on by the loop from now on; false where it cannot be (and is closed). */
bool loop_add(struct loop *l, int fd) __attribute__((nonnull));

/* Bytes may be there. */
void loop_read(struct loop *l, struct peer *p) __attribute__((nonnull));

/* A request has come back from its desk; the errand is freed. */
void loop_errand_done(struct loop *l, struct errand *e) __attribute__((nonnull));

/* Do what the touched peers need, and write what is queued. */
void loop_settle(struct loop *l) __attribute__((nonnull));

/* Time has passed: one tick. */
void loop_tick(struct loop *l) __attribute__((nonnull));

/* SIGTERM: tell the streams, end what waits. */
void loop_say_goodbye(struct loop *l) __attribute__((nonnull));

/* Release all peers. */
void loop_drop_all(struct loop *l) __attribute__((nonnull));

/* May the session hold one more stream? Counts it. Called by desks. The other takes it back. */
bool loop_admit(void *loop, int64_t session_id) __attribute__((nonnull));
void loop_release(struct loop *l, int64_t session_id) __attribute__((nonnull));

#endif
