/*
 * Hints for the processes that hold streams, published through Redis after a commit. A hint may be
 * lost, late, duplicated or out of order: only seq and MySQL decide what is delivered. Without
 * Redis nothing is published.
 */
#ifndef DB_REDIS_ANNOUNCE_H
#define DB_REDIS_ANNOUNCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/redis/redis.h"

/* The pattern of the channels: "fc:REDIS_DB:events:" and the room's id modulo 256, or "users". */
enum { ANNOUNCE_PATTERN_SIZE = 40 };
void announce_pattern(const struct redis *redis, char pattern[static ANNOUNCE_PATTERN_SIZE]);

enum hint_kind {
    HINT_NONE = 0,         /* no hint: for events that do not travel through Redis */
    HINT_ENTRY = 'E',      /* an entry was committed; its JSON may come with the hint */
    HINT_USER = 'U',       /* the user's rooms or sessions have changed */
    HINT_TYPING = 'T',     /* for the others in the room */
    HINT_READ = 'R',       /* for everybody in the room */
    HINT_TASK = 'K',       /* for the user: a run of one of the user's tasks has ended */
    HINT_INVITATION = 'I', /* for the user: the user's invitations have changed */
    HINT_PRESENCE = 'P',   /* for everybody who shares one of `rooms` with the user */
};

struct hint {
    enum hint_kind kind;
    int64_t room_id;
    /*
     * HINT_ENTRY; 0: the hint has no JSON, the entry must be read from the database. HINT_PRESENCE:
     * the same number in all hints of one announcement.
     */
    int64_t seq;
    int64_t user_id;
    int64_t at; /* HINT_ENTRY: when the entry was created (ms); 0: not known */
    /* HINT_ENTRY: how old the connection was over which the entry was committed; 0: not known */
    int64_t connected_ms;
    const char *json; /* ASCII; not NUL-terminated */
    size_t json_len;
    const char *rooms; /* HINT_PRESENCE: ids separated by commas; not NUL-terminated */
    size_t rooms_len;
    const char *renamed; /* HINT_ENTRY of a rename: the JSON of the event that follows, in ASCII */
    size_t renamed_len;
};

/* Publishes a hint to the channel of its room, or to the channel of users if it has no room. */
void hint_publish(struct redis *redis, const struct hint *hint) __attribute__((nonnull));

/* Entries were appended to the room's log. */
void announce_room(struct redis *redis, int64_t room_id) __attribute__((nonnull));

/* The user's rooms or sessions have changed. */
void announce_user(struct redis *redis, int64_t user_id) __attribute__((nonnull));

enum { HINT_MAX = 1024 * 1024 /* bytes of a published hint */ };

/*
 * The room that a published hint is for, as it claims. 0: none, or the hint cannot be read. `text`
 * is NUL-terminated.
 */
int64_t hint_peek_room(const char *text, size_t len) __attribute__((nonnull, pure));

/*
 * Takes the seal from a published hint. Returns false if another than a process of this
 * installation has published it.
 */
bool hint_unseal(const char **text, size_t *len) __attribute__((nonnull, warn_unused_result));

/*
 * Parses the text of a hint, which then points into it. Returns false if `text` is not a hint. If
 * only the room of an entry can be read, as in a hint of another version, `seq` is 0.
 */
bool hint_parse(const char *text, size_t len, struct hint *hint)
    __attribute__((nonnull, warn_unused_result));

#endif
