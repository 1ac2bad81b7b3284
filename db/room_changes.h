/* Making rooms, and renaming, opening or closing them. */
#ifndef DB_ROOM_CHANGES_H
#define DB_ROOM_CHANGES_H

#include "db/rooms.h"

/* A room that was made, and those of its users who must be asked first: they are invited. */
struct room_made {
    struct room room;
    int64_t *invited;
    size_t invited_count;
};

/*
 * Makes a group with the caller as its owner and `other_ids` in it; one that is named twice is
 * added once, and one who has refused the caller for good, or who has too many invitations, is left
 * out. DB_FORBIDDEN with DENIED_NO_USER, DENIED_TOO_MANY_ROOMS or DENIED_TOO_MANY_STRANGERS: no
 * room was made.
 */
enum db_result rooms_add(struct caller *caller, const char *name, int open,
                         const int64_t *other_ids, size_t other_count, struct room_made *made)
    __attribute__((nonnull(1, 2, 6), warn_unused_result));

/*
 * The direct room of the caller and `peer_id`, made by the first call. There is never a second one.
 * DB_FORBIDDEN with DENIED_NO_USER, DENIED_INVITATION_REFUSED or DENIED_TOO_MANY_STRANGERS.
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
