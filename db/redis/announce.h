/*
 * Hints for the processes that hold streams, published through Redis after a commit. A hint may be
 * lost, late, doubled or out of order: what is delivered is decided by seq and by MySQL alone.
 * Without Redis nothing happens here.
 */
#ifndef DB_REDIS_ANNOUNCE_H
#define DB_REDIS_ANNOUNCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/redis/redis.h"

/* The pattern of the channels: "fc:REDIS_DB:events:" and the room's id mod 256, or "users". */
enum { ANNOUNCE_PATTERN_SIZE = 40 };
void announce_pattern(const struct redis *redis, char pattern[static ANNOUNCE_PATTERN_SIZE]);

enum hint_kind {
    HINT_ENTRY = 'E',    /* an entry was committed; its JSON may come along */
    HINT_USER = 'U',     /* the user's rooms or sessions have changed */
    HINT_TYPING = 'T',   /* for the others in the room */
    HINT_READ = 'R',     /* for all in the room */
    HINT_TASK = 'K',     /* for the user: one of the user's tasks has ended, or will be run again */
    HINT_PRESENCE = 'P', /* for all who share a room of the list with the user */
};

/* What a hint says. */
struct hint {
    enum hint_kind kind;
    int64_t room_id, seq, user_id; /* seq 0: an entry that is not told: look for it */
    const char *json;              /* ASCII; not NUL-terminated */
    size_t json_len;
    const char *rooms; /* HINT_PRESENCE: ids with commas between; not NUL-terminated */
    size_t rooms_len;
};

/* An entry with its JSON, in ASCII and on one line. */
void announce_entry(struct redis *redis, int64_t room_id, int64_t seq, const char *json, size_t len)
    __attribute__((nonnull));

/* Something was appended to the room's log. */
void announce_room(struct redis *redis, int64_t room_id) __attribute__((nonnull));

/* The user's rooms or sessions have changed. */
void announce_user(struct redis *redis, int64_t user_id) __attribute__((nonnull));

/* HINT_TYPING, HINT_READ: an event of a user in a room. */
void announce_signal(struct redis *redis, enum hint_kind kind, int64_t room_id, int64_t user_id,
                     const char *json, size_t len) __attribute__((nonnull));

/*
 * What has become of a user's task: {"id", "kind", "state"}. `kind` and `state` are words of
 * letters, digits and dots.
 */
void announce_task(struct redis *redis, int64_t user_id, int64_t task_id, const char *kind,
                   const char *state) __attribute__((nonnull));

/* The user came or went; `rooms` are the ids of the user's rooms with commas between. */
void announce_presence(struct redis *redis, int64_t user_id, bool online, const char *rooms,
                       size_t len) __attribute__((nonnull));

/* Read what was published; false where it is no hint. The hint points into `text`. */
bool announce_read(const char *text, size_t len, struct hint *hint)
    __attribute__((nonnull, warn_unused_result));

#endif
