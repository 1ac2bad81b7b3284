/*
 * The events of live streams. One table gives each kind its name on the wire and the shape of its
 * data. JSON, OpenAPI and the page's types are made from it.
 */
#ifndef ROUTES_LIVE_EVENTS_H
#define ROUTES_LIVE_EVENTS_H

#include "base/buf.h"
#include "base/vocabulary.h"
#include "db/members.h"
#include "db/redis/announce.h"
#include "routes/frame/route.h"
#include "routes/frame/shape.h"

enum { EVENT_ROOMS_MAX = 1000 /* rooms that one event names */ };

/* The first event of a stream, in parts: what follows is newer than `rooms`. */
struct hello_event {
    struct seqs rooms; /* the user's rooms by id, each with the seq of its last entry */
    int64_t heartbeat_ms, session;
    int resumed; /* entries that were missed follow */
    int more;    /* another part follows */
};

/* The user's list of rooms has changed, or the name or the history of one of them. */
struct rooms_event {
    struct seqs joined;
    struct ints left;
    struct seqs restarted; /* after a restore of the database */
    struct texts renamed;
};

struct typing_event {
    int64_t room_id;
    struct person user;
};

struct read_event {
    int64_t room_id, user_id, read_seq;
};

struct presence_event {
    int64_t user_id;
    int online;
};

/* A run of a task has ended. */
struct task_event {
    int64_t id;
    const char *kind;
    int state; /* enum task_state */
};

/* The user's invitations have changed: a new one, or one that has ended. */
struct invitation_event {
    int64_t room_id;
};

#define RESYNC_REASONS(WORD)                                                                       \
    WORD(RESYNC_UNKNOWN_TOKEN, "unknown_token")                                                    \
    WORD(RESYNC_TOO_SLOW, "too_slow")
enum resync_reason { RESYNC_REASONS(VOCABULARY_CONSTANT) };

/* The stream has a gap. */
struct resync_event {
    int reason;
};

/* The server ends the stream. */
struct bye_event {
    int64_t retry_ms;
};

enum live_event_kind {
    LIVE_HELLO,
    LIVE_ENTRY,
    LIVE_ROOMS,
    LIVE_TYPING,
    LIVE_READ,
    LIVE_PRESENCE,
    LIVE_TASK,
    LIVE_INVITATION,
    LIVE_RESYNC,
    LIVE_BYE,
    LIVE_EVENT_KINDS
};

/* By enum live_event_kind; then the heartbeat, which has no data, and the end of the table. */
extern const struct stream_event live_events[LIVE_EVENT_KINDS + 2];

/* The event that a kind of hint carries: not for HINT_USER, which carries none. */
enum live_event_kind live_event_of_hint(enum hint_kind hint);

/* Appends the data of an event as one line of JSON: `event` is a struct of the kind's shape. */
void live_event_write(enum live_event_kind kind, const void *event, struct buf *out)
    __attribute__((nonnull));

/*
 * Publishes an event. `hint` names the recipients: room_id, user_id and rooms, as its kind needs
 * (db/redis/announce.h); kind and JSON are filled in.
 */
void live_event_publish(struct redis *redis, enum live_event_kind kind, struct hint hint,
                        const void *event) __attribute__((nonnull));

/*
 * The events that streams receive for a new entry: `entry`, and for a rename a `rooms` event after
 * it, for clients that do not look into entries. Starts as {0}; the buffers may be used again for
 * another entry.
 */
struct live_entry {
    struct buf entry, rooms; /* JSON; `rooms` is empty unless the entry is a rename */
};

/* Fills `live` from an entry and its JSON by entry_shape, as a reply contains it. */
void live_entry_fill(struct live_entry *live, const struct entry *entry, const char *json,
                     size_t len) __attribute__((nonnull));
void live_entry_free(struct live_entry *live) __attribute__((nonnull));

/* Publishes an entry that the caller has committed. */
void live_entry_publish(struct caller *caller, const struct entry *entry, const char *json,
                        size_t len) __attribute__((nonnull));

#endif
