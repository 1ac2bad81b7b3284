/*
 * Invitations: a user who must be asked before they are in a room sees who invites them to which
 * room, and accepts, refuses, or refuses for good. Asked are those who have left the room and, with
 * ROOMS_CONSENT, those who share no group with the caller. A refusal for good stays until the user
 * takes it back.
 */
#ifndef DB_INVITATIONS_H
#define DB_INVITATIONS_H

#include "db/rooms.h"

enum {
    INVITATIONS_MAX = 100,           /* that wait for one user */
    INVITATIONS_OF_INVITER_MAX = 10, /* of them: no inviter can keep the others out alone */
    INVITATION_DAYS = 30,            /* until one that waits is deleted */
};

enum invitation_state { INVITATION_WAITING, INVITATION_REFUSED_FOR_GOOD };

/* A room that the user is invited to, or has refused for good. */
struct invitation {
    int64_t room_id;
    const char *name;
    int64_t member_count;
    struct person inviter;
    int64_t created_at;
};

/* How a user can be added to a room by the caller. */
struct addition {
    bool is_stranger; /* shares no group with the caller */
    bool must_be_asked;
    bool is_invited;  /* already */
    bool has_refused; /* this room or this inviter, for good: cannot be added */
};

/* Inside a transaction: how each of these users can be added. */
enum db_result additions_examine(struct caller *caller, int64_t room_id, const int64_t *user_ids,
                                 size_t count, struct addition *additions)
    __attribute__((nonnull, warn_unused_result));

/* The same for one user. DB_FORBIDDEN with DENIED_INVITATION_REFUSED for one who has refused. */
enum db_result addition_examine(struct caller *caller, int64_t room_id, int64_t user_id,
                                struct addition *addition)
    __attribute__((nonnull, warn_unused_result));

/*
 * Inside a transaction that has locked these users (users_lock): invites them. None of them is
 * invited yet. Leaves out, and removes from the list, those for whom INVITATIONS_MAX wait, or
 * INVITATIONS_OF_INVITER_MAX of the caller.
 */
enum db_result invitations_insert(struct caller *caller, int64_t room_id, int64_t *user_ids,
                                  size_t *count) __attribute__((nonnull, warn_unused_result));

/* Inside a transaction: withdraws what waits for a user, or for everybody. DB_NONE: nothing did. */
enum db_result invitation_withdraw(struct db *db, int64_t room_id, int64_t user_id)
    __attribute__((nonnull, warn_unused_result));
enum db_result invitations_withdraw_all(struct db *db, int64_t room_id)
    __attribute__((nonnull, warn_unused_result));

/*
 * A page of at most `limit` of the caller's invitations in that state, by room id, below the room
 * `before` (0: the first page).
 */
enum db_result invitations_list(struct caller *caller, enum invitation_state state, int64_t before,
                                size_t limit, struct invitation **invitations, size_t *count)
    __attribute__((nonnull, warn_unused_result));

/* The caller joins the room. DB_FORBIDDEN with DENIED_NO_INVITATION. */
enum db_result invitation_accept(struct caller *caller, int64_t room_id, struct room *room)
    __attribute__((nonnull, warn_unused_result));

/*
 * Ends an invitation. With `for_good` nobody can invite the caller to this room any more, nor its
 * inviter to any room. DB_FORBIDDEN with DENIED_NO_INVITATION.
 */
enum db_result invitation_refuse(struct caller *caller, int64_t room_id, bool for_good)
    __attribute__((nonnull, warn_unused_result));

/* Takes back a refusal for good. DB_FORBIDDEN with DENIED_NO_REFUSAL. */
enum db_result refusal_take_back(struct caller *caller, int64_t room_id)
    __attribute__((nonnull, warn_unused_result));

/* Deletes up to `limit` invitations that have waited for INVITATION_DAYS. */
enum db_result invitations_purge(struct db *db, size_t limit, uint64_t *deleted)
    __attribute__((nonnull, warn_unused_result));

#endif
