/*
 * Departures: the users who have left a room, or were removed from it, until they are in it again.
 * Those who have left are asked before they are in it again (invitations.h). Those who were removed
 * cannot come back until an owner or admin adds them, or lifts the removal.
 */
#ifndef DB_DEPARTURES_H
#define DB_DEPARTURES_H

#include "db/rooms.h"

enum departure { DEPARTURE_LEFT, DEPARTURE_REMOVED };

/* Inside a transaction: the user is not in the room any more; is in it again. */
enum db_result departure_insert(struct db *db, int64_t room_id, int64_t user_id,
                                enum departure departure)
    __attribute__((nonnull, warn_unused_result));
enum db_result departure_end(struct db *db, int64_t room_id, int64_t user_id)
    __attribute__((nonnull, warn_unused_result));

/* Inside a transaction: was the user removed from the room, and not let in again since? */
enum db_result departure_was_removal(struct db *db, int64_t room_id, int64_t user_id,
                                     bool *was_removal)
    __attribute__((nonnull, warn_unused_result));

struct removal {
    struct person user;
    int64_t removed_at;
};

/*
 * A page of at most `limit` users who were removed from a group, by user id, after the user
 * `after`, for its owner and admins. DB_FORBIDDEN with DENIED_NO_ROOM, _IS_A_DM, _NOT_A_MEMBER or
 * _ROLE.
 */
enum db_result removals_list(struct caller *caller, int64_t room_id, int64_t after, size_t limit,
                             struct removal **removals, size_t *count)
    __attribute__((nonnull, warn_unused_result));

/*
 * Lifts a removal as the owner or an admin: the user may join again if the room is open, but is not
 * added. DB_FORBIDDEN as above, or with DENIED_NO_REMOVAL.
 */
enum db_result removal_lift(struct caller *caller, int64_t room_id, int64_t user_id)
    __attribute__((nonnull, warn_unused_result));

#endif
