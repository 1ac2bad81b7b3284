/*
 * The hub knows which users watch which rooms, and queues events for their streams. An entry is
 * delivered only if it is the next one of its room, whether a hint or the database brought it:
 * every watcher sees each room in order, without duplicates and without gaps. Only one thread
 * uses it.
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
#include "fcgi/events/replay.h"
#include "fcgi/events/watched_rooms.h"

enum {
    LINGER_TICKS = 240,          /* a room is kept this long after its last watcher left */
    PRESENCE_WATCHERS_MAX = 256, /* in a room with more watchers, presence is not sent */
    LOWER_TICKS = 12,            /* another node of a cluster may lag for this long */
    ROOMS_CHANGED_MAX = 4000, /* if more rooms of a user change at once, `hello` names all again */
};

struct hub_room {
    int64_t id;
    int64_t delivered;      /* the seq of the last entry delivered */
    int64_t delivered_at;   /* its time (ms); 0: not known */
    uint64_t watched_since; /* its position in the replay buffer, given when it was added */
    struct hub_user **watchers;
    size_t watcher_count, watcher_cap;
    uint32_t empty_since; /* tick; only meaningful without watchers */
    struct buf presence;  /* uint32_t: the indices of changes that concern its watchers */
    bool behind;          /* it is in hub.behind */
    bool doubted;         /* hints wait until it has been compared with the database */
    uint32_t doubted_in;  /* the reconciliation that had begun last when it was doubted */
    uint32_t lower_until; /* tick; 0: the database does not have less than was delivered */
};

struct hub_user {
    int64_t id;
    int64_t changes;         /* the database's count of changes that `rooms` includes */
    uint32_t lower_until;    /* tick; 0: the database does not have fewer changes */
    struct hub_room **rooms; /* by id */
    uint32_t room_count, stream_count;
    struct connection *connections;
    uint64_t presence_from; /* the number of the first change of presence that it has not got */
    bool stale;             /* it is in hub.stale */
};

/* A user has come or gone. */
struct presence_change {
    int64_t user_id, seq; /* of the hint */
    int64_t given_to;     /* the user to whom it was given last */
    struct presence_text {
        size_t at, len;
    } text[2]; /* the event in hub.presence_text, by `ndjson` */
};

struct hub {
    /* Set by the owner before hub_open. */
    uint32_t queue_limit; /* bytes that may wait for one stream */
    int heartbeat_ms;     /* for `hello` */
    /* Called after something was queued for `c`, or after woken, too_slow or signed_out was set. */
    void (*touched)(void *owner, struct connection *c);
    /* Writes at once what is queued for `c`, as far as its socket takes it. */
    void (*write)(void *owner, struct connection *c);
    void *owner;

    /* The owner counts these. */
    uint32_t tick;
    uint32_t reconciliations; /* begun so far */
    uint32_t last_full;       /* their number when that of all rooms was begun last */
    int64_t compared_us;      /* by clock_mono_us: when the last comparison of all rooms began */

    struct idmap rooms, users;
    struct watched_rooms watched; /* the same rooms, for other threads */
    /* Arrays of int64_t ids that the owner reads from the database and then clears. */
    struct buf behind;  /* rooms that may have entries beyond the delivered ones */
    struct buf stale;   /* users whose rooms or sessions may have changed */
    struct buf arrived; /* users who opened their first stream */
    struct replay replay;

    struct buf presence;       /* struct presence_change: those that are to be sent */
    struct buf presence_text;  /* their events */
    struct buf presence_rooms; /* int64_t: the ids of rooms whose `presence` is not empty */
    struct buf presence_out;   /* what is about to be sent */
    uint64_t presence_sent;    /* the number of the first of them */
    uint32_t presence_since;   /* tick of the first of them; 0: none */
    uint32_t arrivals;         /* streams that were opened in this tick */
};

void hub_open(struct hub *hub) __attribute__((nonnull));
void hub_free(struct hub *hub) __attribute__((nonnull));

/*
 * A stream or a long poll begins to watch its user's rooms. `marks` are the user's rooms by id,
 * each with its last seq, as of `changes`; for a long poll, with the seq that its client has. If
 * the hub knows the user's rooms as of a later change, it keeps those.
 */
void hub_join(struct hub *hub, struct connection *c, int64_t user_id, int64_t changes,
              const struct live_mark *marks, size_t count) __attribute__((nonnull(1, 2)));

/* Does nothing if the connection is not in the hub. */
void hub_leave(struct hub *hub, struct connection *c) __attribute__((nonnull));

/*
 * Queues the first part of `hello` for a new stream; hub_continue_greeting queues the others, and
 * then what it missed since the token `after` ("": none). Queues `resync` if the replay
 * buffer does not have that.
 */
void hub_greet(struct hub *hub, struct connection *c, const char *after) __attribute__((nonnull));

/*
 * Call this whenever the queue of a stream is empty: queues a little more of its greeting, or sets
 * too_slow. Returns false if there was nothing left to do.
 */
bool hub_continue_greeting(const struct hub *hub, struct connection *c) __attribute__((nonnull));

/* A hint was received. */
void hub_receive(struct hub *hub, const struct hint *hint) __attribute__((nonnull));

/* An entry of a room was read from the database, or came with a hint: HINT_ENTRY with its JSON. */
void hub_deliver(struct hub *hub, const struct hint *entry) __attribute__((nonnull));

/*
 * The database does not have the entry that was delivered last in a room, whose last entry is now
 * `last`: the database was restored. Begins the room again, and sends that to its watchers.
 */
void hub_restart_room(struct hub *hub, const struct live_mark *last) __attribute__((nonnull));

/*
 * The log of a room has reached `seq`, and its entries were passed to hub_deliver. If some are
 * still missing, the room is behind again.
 */
void hub_room_reached(struct hub *hub, int64_t room_id, int64_t seq) __attribute__((nonnull));

/*
 * A user was read from the database: the rooms by id as of `changes`, and the connected
 * sessions that have not ended, with the time (ms) at which each will.
 */
void hub_update_user(struct hub *hub, int64_t user_id, int64_t changes,
                     const struct live_mark *rooms, size_t room_count,
                     const struct live_mark *sessions, size_t session_count)
    __attribute__((nonnull(1)));

/* The user does not exist any more: ends the user's connections. */
void hub_end_user(struct hub *hub, int64_t user_id) __attribute__((nonnull));

/* The user's rooms or sessions may have changed: adds the user to hub->stale. */
void hub_mark_stale(struct hub *hub, struct hub_user *user) __attribute__((nonnull));

/* Once a tick: sends the changes of presence, unless many streams are being opened. */
void hub_tick_presence(struct hub *hub) __attribute__((nonnull));

/* Drops the rooms that nobody has watched for LINGER_TICKS. */
void hub_sweep(struct hub *hub) __attribute__((nonnull));

/* Queues an event for a connection, if it is a stream. */
void hub_send_event(struct hub *hub, struct connection *c, const struct event *e)
    __attribute__((nonnull));

#endif
