/*
 * Who watches which room, and what each is to be told. All of one thread. An entry is delivered when it is the next of its room,
 * whoever brings it, a hint or the database: so each watcher sees each room in order, nothing twice, nothing left out.
 */
#ifndef FCGI_EVENTS_HUB_H
#define FCGI_EVENTS_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "db/live.h"
#include "db/redis/announce.h"
#include "fcgi/events/connection.h"
#include "fcgi/events/event.h"
#include "fcgi/events/idmap.h"

enum {
    RING_ENTRIES = 4096, /* entries that a client which comes back may ask for */
    RING_BYTES = 4 * 1024 * 1024,
    LINGER_TICKS =
        240, /* a room is kept that long after its last watcher left: one may come back */
    PRESENCE_WATCHERS_MAX = 256, /* who comes and goes is not told in a room with more */
};

struct crowd_room {
    int64_t id;
    int64_t last;  /* the seq that was delivered last */
    uint64_t born; /* the number of entries that had been delivered before it was watched */
    struct crowd_user **watchers;
    uint32_t watcher_count, watcher_cap;
    uint32_t empty_since; /* tick; meaningful without watchers */
    bool behind;          /* there are entries that were not brought yet */
};

struct crowd_user {
    int64_t id;
    int64_t changes; /* as of which `rooms` are */
    struct crowd_room **rooms;
    uint32_t room_count, stream_count;
    struct peer *peers;
    uint64_t told; /* the number of the last presence event that this user was told */
    bool stale;    /* rooms or sessions have changed: look */
};

struct crowd {
    /* Set by its owner. */
    uint32_t queue_limit; /* bytes that may wait for a stream */
    /* Something was queued for p, or is to be done: p->woken, p->too_slow, p->signed_out. */
    void (*touched)(void *owner, struct peer *p);
    void *owner;

    struct idmap rooms, users;
    uint32_t tick;
    uint32_t checkups; /* begun so far; the owner counts */
    /* Ids, for the owner to look up and to empty: rooms that are behind, users that are stale, users who came. */
    struct buf behind, stale, came;
    uint64_t delivered; /* entries so far */
    uint32_t epoch;     /* tells this process's tokens from others' */
    uint64_t presence_events;
    struct ring_entry {
        int64_t room_id;
        struct event event;
    } ring[RING_ENTRIES];
    uint64_t ring_first; /* the number of the oldest entry in it */
    size_t ring_bytes;
};

void crowd_open(struct crowd *c) __attribute__((nonnull));
void crowd_free(struct crowd *c) __attribute__((nonnull));

/*
 * A stream or a long poll begins to watch its user's rooms. The marks are the rooms with their seq as of `changes`; for a long poll
 * the seq that its client has. Where the crowd knows the user's rooms as of a later change, those count.
 */
void crowd_join(struct crowd *c, struct peer *p, int64_t user_id, int64_t changes,
                const struct live_mark *marks, size_t count) __attribute__((nonnull(1, 2)));
void crowd_leave(struct crowd *c, struct peer *p) __attribute__((nonnull));

/* Queue `hello` and what else a new stream is to be told, after its header lines. `after`: the token it came with, "" for none. */
void crowd_greet(struct crowd *c, struct peer *p, const char *after, int heartbeat_ms)
    __attribute__((nonnull));

/* What a subscription has brought. */
void crowd_hint(struct crowd *c, const struct hint *h) __attribute__((nonnull));

/* What the database has: the next entries of a room, in order; up to where it is now. */
void crowd_entry(struct crowd *c, int64_t room_id, int64_t seq, const char *json, size_t len)
    __attribute__((nonnull));
void crowd_reached(struct crowd *c, int64_t room_id, int64_t seq) __attribute__((nonnull));

/* The user's rooms as of `changes`, and the sessions that have not ended, with the times at which they will. */
void crowd_user_is(struct crowd *c, int64_t user_id, int64_t changes, const struct live_mark *rooms,
                   size_t room_count, const struct live_mark *sessions, size_t session_count)
    __attribute__((nonnull(1)));

/* Drop the rooms that nobody has watched for LINGER_TICKS. */
void crowd_sweep(struct crowd *c) __attribute__((nonnull));

/* Have the user's rooms and sessions looked at. */
void crowd_doubt_user(struct crowd *c, struct crowd_user *u) __attribute__((nonnull));

/* An event for one stream alone. */
void crowd_tell(struct crowd *c, struct peer *p, const char *name, const char *json)
    __attribute__((nonnull));

#endif
