/* Who is in a room, and with which right. */
#ifndef DB_MEMBERS_H
#define DB_MEMBERS_H

#include "db/rooms.h"

struct member {
    struct profile user;
    int role;
    int64_t read_seq, joined_at;
};

/* A room locked inside a transaction, and what the one who acts is in it. */
struct locked_room {
    int kind, open;
    const char *name;
    int role; /* of the one who acts; ROLE_NONE */
};

/* Take the room's row lock, which orders all that changes the room. REFUSED_NO_ROOM, REFUSED_IS_A_DM where it is not a group. */
enum db_result members_lock_group(const struct room_reader *who, int64_t room_id,
                                  struct locked_room *room, enum refusal *why)
    __attribute__((nonnull, warn_unused_result));

/* Inside a transaction: put an existing user in, and write it in the log. REFUSED_NO_USER. */
enum db_result members_insert(const struct room_reader *who, int64_t room_id, int64_t user_id,
                              enum role role, enum refusal *why)
    __attribute__((nonnull, warn_unused_result));

/* A page by user id, after `after`. Whether the caller may see it is the caller's to ask (rooms_find). */
enum db_result members_list(const struct room_reader *who, int64_t room_id, int64_t after,
                            size_t limit, struct member **members, size_t *count)
    __attribute__((nonnull, warn_unused_result));

/*
 * Put a user into a group, or give a member another role (`role` ROLE_NONE: none was asked for). Oneself into an open group;
 * others as owner or admin; a role as owner. Doing what is done already changes nothing.
 */
enum db_result members_put(const struct room_reader *who, int64_t room_id, int64_t user_id,
                           enum role role, struct member *member, enum refusal *why)
    __attribute__((nonnull, warn_unused_result));

/*
 * Leave, or remove somebody of a lower role as owner or admin. An owner who leaves hands over to the admin, else the member,
 * who is in the room longest; a group that the last one leaves is closed.
 */
enum db_result members_remove(const struct room_reader *who, int64_t room_id, int64_t user_id,
                              enum refusal *why) __attribute__((nonnull, warn_unused_result));

/* Move my read mark up to `seq`, at most to the room's last; never back. *read_seq is what it is then. DB_NONE: not a member. */
enum db_result members_read(const struct room_reader *who, int64_t room_id, int64_t seq,
                            int64_t *read_seq) __attribute__((nonnull, warn_unused_result));

#endif
