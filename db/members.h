/* The members of a room, their roles, and how far each has read. */
#ifndef DB_MEMBERS_H
#define DB_MEMBERS_H

#include "db/rooms.h"

struct member {
    struct profile user;
    int role; /* enum role */
    int64_t read_seq, joined_at;
};

/*
 * Whether this process knows that the caller is in the room; if not, the database has to decide.
 * For readers only.
 */
bool members_knows(const struct caller *caller, int64_t room_id)
    __attribute__((nonnull, warn_unused_result));

/*
 * Succeeds if the caller is in the room. DB_FORBIDDEN with DENIED_NO_ROOM or DENIED_NOT_A_MEMBER.
 */
enum db_result members_require(struct caller *caller, int64_t room_id)
    __attribute__((nonnull, warn_unused_result));

/* A group whose row is locked by the transaction, and the caller's role in it. */
struct locked_room {
    int open;
    const char *name;
    enum role role; /* ROLE_NONE: not in it */
};

/*
 * Inside a transaction: takes the row lock of a group, which orders everything that changes it.
 * DB_FORBIDDEN with DENIED_NO_ROOM; for a direct room with DENIED_IS_A_DM, or DENIED_NOT_A_MEMBER
 * if the caller is not one of the two.
 */
enum db_result members_lock_group(struct caller *caller, int64_t room_id, struct locked_room *room)
    __attribute__((nonnull, warn_unused_result));

/*
 * The same for a change that only owner and admins may make: also DENIED_NOT_A_MEMBER or
 * DENIED_ROLE.
 */
enum db_result members_lock_managed(struct caller *caller, int64_t room_id,
                                    struct locked_room *room)
    __attribute__((nonnull, warn_unused_result));

/*
 * Inside a transaction that holds the room's lock: adds users who are not in the room to it and, in
 * their order, to its log. The change of their rooms is still to be counted (users_changed_in).
 * DB_FORBIDDEN with DENIED_NO_USER.
 */
enum db_result members_insert(struct caller *caller, int64_t room_id, const int64_t *user_ids,
                              size_t count, enum role role)
    __attribute__((nonnull, warn_unused_result));

/*
 * The same for one user and a room that exists already: also ends what kept the user out of it
 * (departures.h), counts the members, and the change of the user's rooms.
 */
enum db_result members_join(struct caller *caller, int64_t room_id, int64_t user_id, enum role role)
    __attribute__((nonnull, warn_unused_result));

/* Inside a transaction that holds the room's lock: stores how many are in the room. */
enum db_result member_count_update(struct db *db, int64_t room_id)
    __attribute__((nonnull, warn_unused_result));

/*
 * A page of at most `limit` members by user id, after the user `after`. The caller of this function
 * has checked that the user may see them (members_require).
 */
enum db_result members_list(struct caller *caller, int64_t room_id, int64_t after, size_t limit,
                            struct member **members, size_t *count)
    __attribute__((nonnull, warn_unused_result));

/*
 * Adds a user to a group, or gives a member another role; ROLE_NONE asks for no particular one.
 * Anybody may join an open group, unless they were removed from it; owners and admins add others;
 * owners give roles. Joining twice or giving the same role changes nothing. A user who must be
 * asked is invited: then *invited is true; otherwise *member is the member afterwards.
 * DB_FORBIDDEN with DENIED_NO_ROOM, _IS_A_DM, _NOT_A_MEMBER, _ROLE, _NO_USER, _REMOVED,
 * _INVITATION_REFUSED, _TOO_MANY_INVITATIONS or _TOO_MANY_STRANGERS.
 */
enum db_result members_put(struct caller *caller, int64_t room_id, int64_t user_id, enum role role,
                           struct member *member, bool *invited)
    __attribute__((nonnull, warn_unused_result));

/*
 * Leaves a group, or removes somebody of a lower role as its owner or admin, or withdraws their
 * invitation: then *invited is true. When the owner leaves, the admin who joined first becomes the
 * owner, without admins the member who joined first; a group without members is closed.
 * DB_FORBIDDEN with DENIED_NO_ROOM, _IS_A_DM, _NOT_A_MEMBER, _ROLE or _NO_MEMBER.
 */
enum db_result members_remove(struct caller *caller, int64_t room_id, int64_t user_id,
                              bool *invited) __attribute__((nonnull, warn_unused_result));

/*
 * Moves the caller's read mark forward to `seq`, at most to the room's last entry; never backwards.
 * *read_seq is the mark afterwards, *moved whether it is another one than before. DB_NONE if the
 * caller is not in the room.
 */
enum db_result read_mark_advance(struct caller *caller, int64_t room_id, int64_t seq,
                                 int64_t *read_seq, bool *moved)
    __attribute__((nonnull, warn_unused_result));

#endif
