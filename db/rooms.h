/* Rooms as a user sees them, and what changes a room. Who is in one: members.h; what was said: room_log.h. */
#ifndef DB_ROOMS_H
#define DB_ROOMS_H

#include <stddef.h>
#include <stdint.h>

#include "db/mysql/db.h"
#include "db/names.h"
#include "db/redis/redis.h"
#include "db/room_log.h"

enum room_kind { ROOM_GROUP, ROOM_DM };
enum role { ROLE_NONE = -1, ROLE_MEMBER, ROLE_ADMIN, ROLE_OWNER };

enum {
    UNREAD_MAX = 99, /* more are counted as that many */
};

/* The other user of a direct room; any user beside a member's role. */
struct profile {
    int64_t id;
    const char *username, *nickname;
    int online; /* not of the database: presence.h */
};

struct room {
    int64_t id;
    int kind;
    const char *name; /* "" for a direct room */
    int open;
    int role; /* of the user who looks; ROLE_NONE: not in it */
    int64_t last_seq, read_seq, unread;
    const struct entry *last_message; /* NULL: nothing was said yet */
    int64_t last_at, created_at;
    struct profile *peer; /* NULL but for a direct room */
};

/* Where a list of rooms, latest activity first, goes on. All 0: from its beginning. */
struct room_cursor {
    int64_t last_at, id;
};

/* Why a room refuses. A function that returns DB_FORBIDDEN has set it. */
enum refusal {
    REFUSED_NOT, /* nothing was refused */
    REFUSED_NO_ROOM,
    REFUSED_NOT_A_MEMBER,
    REFUSED_NOT_ALLOWED,
    REFUSED_IS_A_DM,
    REFUSED_NO_USER,
    REFUSED_NO_MEMBER,
};

/* What the functions here need of the caller's thread. */
struct room_reader {
    struct db *db;
    struct redis *redis;
    struct names *names;
    struct arena *arena;
    int64_t user_id;   /* who looks or acts */
    int64_t member_of; /* a room that the user is known to be in; 0 */
};

/* A page of my rooms, or of the open ones, after `cursor`; `limit` at most. */
enum db_result rooms_mine(const struct room_reader *who, struct room_cursor cursor, size_t limit,
                          struct room **rooms, size_t *count)
    __attribute__((nonnull, warn_unused_result));
enum db_result rooms_open(const struct room_reader *who, struct room_cursor cursor, size_t limit,
                          struct room **rooms, size_t *count)
    __attribute__((nonnull, warn_unused_result));

/* Those of `ids` that exist and that I am in. */
enum db_result rooms_by_ids(const struct room_reader *who, const int64_t *ids, size_t id_count,
                            struct room **rooms, size_t *count)
    __attribute__((nonnull(1, 4, 5), warn_unused_result));

/* A room that I am in, or that is open. */
enum db_result rooms_find(const struct room_reader *who, int64_t id, struct room *found,
                          enum refusal *why) __attribute__((nonnull, warn_unused_result));

/* Make a group with me as its owner and `others` in it. */
enum db_result rooms_add(const struct room_reader *who, const char *name, int open,
                         const int64_t *others, size_t other_count, struct room *made,
                         enum refusal *why)
    __attribute__((nonnull(1, 2, 6, 7), warn_unused_result));

/* The direct room of me and `peer_id`: the one there is, or a new one. There is never a second. */
enum db_result rooms_dm(const struct room_reader *who, int64_t peer_id, struct room *room,
                        enum refusal *why) __attribute__((nonnull, warn_unused_result));

/* Change a group as its owner or admin: name (NULL: as it is), open (-1: as it is). */
enum db_result rooms_change(const struct room_reader *who, int64_t room_id, const char *name,
                            int open, struct room *changed, enum refusal *why)
    __attribute__((nonnull(1, 5, 6), warn_unused_result));

#endif
