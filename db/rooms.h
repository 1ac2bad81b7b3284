/* Rooms as a user sees them. Changes: room_changes.h; members: members.h; the log: room_log.h. */
#ifndef DB_ROOMS_H
#define DB_ROOMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vocabulary.h"
#include "db/caller.h"
#include "db/room_log.h"
#include "db/users.h"

#define ROOM_KINDS(WORD) WORD(ROOM_GROUP, "group") WORD(ROOM_DM, "dm")
enum room_kind { ROOM_KINDS(VOCABULARY_CONSTANT) };
extern const char *const room_kind_words[]; /* ends with NULL */

/* In rising order of rights. Only members_remove passes on the owner's role; it cannot be given. */
#define ROLES_GIVEN(WORD) WORD(ROLE_MEMBER, "member") WORD(ROLE_ADMIN, "admin")
#define ROLES(WORD) ROLES_GIVEN(WORD) WORD(ROLE_OWNER, "owner")
enum role { ROLE_NONE = -1, ROLES(VOCABULARY_CONSTANT) };
extern const char *const role_words[]; /* ends with NULL */

/* DB_FORBIDDEN with DENIED_NOT_A_MEMBER or DENIED_ROLE if the role is not admin or owner. */
enum db_result role_require_admin(struct caller *caller, enum role role)
    __attribute__((nonnull, warn_unused_result));

enum { UNREAD_MAX = 99 }; /* unread messages are counted up to this number */

/* Any user beside a member's role; the other user of a direct room. */
struct profile {
    int64_t id;
    const char *username, *nickname;
    int nickname_taken;   /* the nickname is the user name of somebody else */
    const char *skeleton; /* of the nickname */
    int online;           /* filled in from Redis (routes/online.h), not by the database */
};

/* The columns of a profile, from `users u`. */
#define PROFILE_COLUMNS "u.id, u.username, u.nickname, " NICKNAME_IS_TAKEN
enum { PROFILE_COLUMN_COUNT = 4 };

/* The profile in these columns of the current row, from `column` on. */
struct profile profile_read(struct db *db, unsigned column, struct arena *a)
    __attribute__((nonnull));

/* Those who are not in an open room see nothing of its log: last_seq is 0, last_message NULL. */
struct room {
    int64_t id;
    int kind;         /* enum room_kind */
    const char *name; /* "" for a direct room */
    int open;
    int role; /* the caller's; ROLE_NONE: not in it */
    int64_t last_seq, read_seq, unread;
    const struct entry *last_message; /* NULL: no message yet */
    int64_t last_at, created_at, member_count;
    int64_t read_at;      /* when it was read, by the clock of the database */
    struct profile *peer; /* NULL except in a direct room */
};

/*
 * Where the next page of a walk through a list of rooms begins; all 0: at its beginning. A walk
 * goes from the latest activity to the oldest. If rooms moved to the top meanwhile, it goes on with
 * all that were active since it began, the oldest first: each room is in at least one page.
 */
struct room_cursor {
    int64_t last_at, id; /* of the last room of the page before */
    int64_t since;       /* rooms that were active then or later may have moved */
    uint64_t seen;       /* the sum of the ids of such rooms in the pages before */
    bool is_return;      /* the walk has reached the oldest room, and returns to those that moved */
};

enum room_list { ROOMS_JOINED, ROOMS_OPEN };

struct room_page {
    struct room *rooms;
    size_t count;
    struct room_cursor next; /* all 0: this is the last page */
};

/* A page of at most `limit` rooms: those the caller is in, or the open ones. */
enum db_result rooms_list(struct caller *caller, enum room_list list, struct room_cursor cursor,
                          size_t limit, struct room_page *page)
    __attribute__((nonnull, warn_unused_result));

/* Those of `ids` that the caller is in, in no particular order. No id may be there twice. */
enum db_result rooms_list_by_ids(struct caller *caller, const int64_t *ids, size_t id_count,
                                 struct room **rooms, size_t *count)
    __attribute__((nonnull, warn_unused_result));

/*
 * A room that the caller is in, or that is open. DB_FORBIDDEN with DENIED_NO_ROOM or
 * DENIED_NOT_A_MEMBER.
 */
enum db_result rooms_find(struct caller *caller, int64_t id, struct room *found)
    __attribute__((nonnull, warn_unused_result));

#endif
