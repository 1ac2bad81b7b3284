/*
 * One row per user and room. A removal is lifted under the room's lock, like all that changes who
 * may be in it.
 */
#include "db/departures.h"

#include "base/clock.h"
#include "db/invitations.h"
#include "db/members.h"
#include "db/users.h"

enum db_result
departure_insert(struct db *db, int64_t room_id, int64_t user_id, enum departure departure)
{
    return db_run(db,
                  "REPLACE INTO departures (room_id, user_id, kind, departed_at) "
                  "VALUES (?, ?, ?, ?)",
                  db_int(room_id), db_int(user_id), db_int(departure), db_int(clock_now_ms()));
}

/* A refusal for good stays: only the user takes it back. */
enum db_result
departure_end(struct db *db, int64_t room_id, int64_t user_id)
{
    enum db_result r = db_run(db, "DELETE FROM departures WHERE room_id = ? AND user_id = ?",
                              db_int(room_id), db_int(user_id));

    if (r != DB_OK) {
        return r;
    }
    r = invitation_withdraw(db, room_id, user_id);
    return r == DB_NONE ? DB_OK : r;
}

enum db_result
departure_was_removal(struct db *db, int64_t room_id, int64_t user_id, bool *was_removal)
{
    enum db_result r = db_one(
        db,
        "SELECT EXISTS (SELECT 1 FROM departures WHERE room_id = ? AND user_id = ? AND kind = ?)",
        db_int(room_id), db_int(user_id), db_int(DEPARTURE_REMOVED));

    if (r != DB_OK) {
        return r;
    }
    *was_removal = db_get_int(db, 0) != 0;
    return db_done(db);
}

/* May the caller see who was removed from the room? */
static enum db_result
removals_require_admin(struct caller *caller, int64_t room_id)
{
    struct room room;
    enum db_result r = rooms_find(caller, room_id, &room);

    if (r != DB_OK) {
        return r;
    }
    return room.kind == ROOM_DM ? caller_deny(caller, DENIED_IS_A_DM)
                                : role_require_admin(caller, (enum role)room.role);
}

static enum db_result
removals_read(struct caller *caller, size_t limit, struct removal *removals, size_t *count)
{
    while (*count < limit && db_next(caller->db)) {
        removals[(*count)++] = (struct removal){
            .user = {.id = db_get_int(caller->db, 0)},
            .removed_at = db_get_int(caller->db, 1),
        };
    }
    return db_done(caller->db);
}

enum db_result
removals_list(struct caller *caller, int64_t room_id, int64_t after, size_t limit,
              struct removal **removals, size_t *count)
{
    enum db_result r = removals_require_admin(caller, room_id);

    *removals = arena_array(caller->arena, limit, sizeof(**removals));
    *count = 0;
    if (r != DB_OK) {
        return r;
    }
    r = db_run(caller->db,
               "SELECT d.user_id, d.departed_at FROM departures d JOIN users u ON u.id = d.user_id "
               "WHERE d.room_id = ? AND d.user_id > ? AND d.kind = ? AND u.state <> ? "
               "ORDER BY d.user_id LIMIT ?",
               db_int(room_id), db_int(after), db_int(DEPARTURE_REMOVED), db_int(USER_DELETED),
               db_int((int64_t)limit));
    if (r == DB_OK) {
        r = removals_read(caller, limit, *removals, count);
    }
    if (r != DB_OK || *count == 0) {
        return r;
    }
    return names_fill(caller->db, caller->arena, &(*removals)->user, *count, sizeof(**removals));
}

struct removal_change {
    struct caller *caller;
    int64_t room_id, user_id;
};

static enum db_result
removal_lift_transaction(struct db *db, void *context)
{
    const struct removal_change *change = context;
    struct locked_room room;
    enum db_result r = members_lock_managed(change->caller, change->room_id, &room);

    if (r == DB_OK) {
        r = db_run(db, "DELETE FROM departures WHERE room_id = ? AND user_id = ? AND kind = ?",
                   db_int(change->room_id), db_int(change->user_id), db_int(DEPARTURE_REMOVED));
    }
    return r == DB_OK && db_affected(db) == 0 ? caller_deny(change->caller, DENIED_NO_REMOVAL) : r;
}

enum db_result
removal_lift(struct caller *caller, int64_t room_id, int64_t user_id)
{
    struct removal_change change = {.caller = caller, .room_id = room_id, .user_id = user_id};

    return db_transaction(caller->db, DB_ONCE, removal_lift_transaction, &change);
}
