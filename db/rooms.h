/* Rooms as a user sees them, and what changes a room. Members: members.h; the log: room_log.h. */
#ifndef DB_ROOMS_H
#define DB_ROOMS_H

#include <stddef.h>
#include <stdint.h>

#include "base/vocabulary.h"
#include "db/caller.h"
#include "db/room_log.h"

#define ROOM_KINDS(WORD) WORD(ROOM_GROUP, "group") WORD(ROOM_DM, "dm")
enum room_kind { ROOM_KINDS(VOCABULARY_CONSTANT) };
extern const char *const room_kind_words[]; /* ends with NULL */

/* In rising order of rights. Only members_remove passes on the owner's role; it cannot be given. */
#define ROLES_GIVEN(WORD) WORD(ROLE_MEMBER, "member") WORD(ROLE_ADMIN, "admin")
#define ROLES(WORD) ROLES_GIVEN(WORD) WORD(ROLE_OWNER, "owner")
enum role { ROLE_NONE = -1, ROLES(VOCABULARY_CONSTANT) };
extern const char *const role_words[]; /* ends with NULL */

enum { UNREAD_MAX = 99 }; /* unread messages are counted up to this number */

/* Any user beside a member's role; the other user of a direct room. */
struct profile {
    int64_t id;
    const char *username, *nickname;
    int online; /* filled in from Redis (routes/online.h), not by the database */
};

/* The profile in three columns of the current row, from `column` on: id, username, nickname. */
struct profile profile_read(struct db *db, unsigned column, struct arena *a)
    __attribute__((nonnull));

struct room {
    int64_t id;
    int kind;         /* enum room_kind */
    const char *name; /* "" for a direct room */
    int open;
    int role; /* the caller's; ROLE_NONE: not in it */
    int64_t last_seq, read_seq, unread;
    const struct entry *last_message; /* NULL: no message yet */
    int64_t last_at, created_at;
    struct profile *peer; /* NULL except in a direct room */
};

/* The last room of a page of rooms, after which the next page begins. All 0: the first page. */
struct room_cursor {
    int64_t last_at, id;
};

/* A page of at most `limit` rooms, latest activity first: those the caller is in; the open ones. */
enum db_result rooms_list_joined(struct caller *caller, struct room_cursor cursor, size_t limit,
                                 struct room **rooms, size_t *count)
    __attribute__((nonnull, warn_unused_result));
enum db_result rooms_list_open(struct caller *caller, struct room_cursor cursor, size_t limit,
                               struct room **rooms, size_t *count)
    __attribute__((nonnull, warn_unused_result));

/* Those of `ids` that exist and that the caller is in, in no particular order. */
enum db_result rooms_list_by_ids(struct caller *caller, const int64_t *ids, size_t id_count,
                                 struct room **rooms, size_t *count)
    __attribute__((nonnull(1, 4, 5), warn_unused_result));

/*
 * A room that the caller is in, or that is open. DB_FORBIDDEN with DENIED_NO_ROOM or
 * DENIED_NOT_A_MEMBER.
 */
enum db_result rooms_find(struct caller *caller, int64_t id, struct room *found)
    __attribute__((nonnull, warn_unused_result));

/*
 * Makes a group with the caller as its owner and `other_ids` in it; one that is named twice is
 * added once. DB_FORBIDDEN with DENIED_NO_USER: no room was made.
 */
enum db_result rooms_add(struct caller *caller, const char *name, int open,
                         const int64_t *other_ids, size_t other_count, struct room *made)
    __attribute__((nonnull(1, 2, 6), warn_unused_result));

/*
 * The direct room of the caller and `peer_id`, made by the first call. There is never a second one.
 * DB_FORBIDDEN with DENIED_NO_USER.
 */
enum db_result rooms_ensure_dm(struct caller *caller, int64_t peer_id, struct room *room)
    __attribute__((nonnull, warn_unused_result));

/*
 * Changes a group as its owner or admin; NULL keeps the name, -1 keeps `open`.
 * DB_FORBIDDEN with DENIED_NO_ROOM, _IS_A_DM, _NOT_A_MEMBER or _ROLE.
 */
enum db_result rooms_change(struct caller *caller, int64_t room_id, const char *name, int open,
                            struct room *changed)
    __attribute__((nonnull(1, 5), warn_unused_result));

#endif
