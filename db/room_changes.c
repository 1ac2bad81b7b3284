/*
 * Each change of a room is one transaction that holds the lock of the room's row; a room that is
 * being made is seen by nobody else.
 */
#include "db/room_changes.h"

#include <string.h>

#include "db/daily_counts.h"
#include "db/invitations.h"
#include "db/members.h"
#include "db/redis/announce.h"
#include "db/users.h"

/* One transaction on one room; `room_id` is set by the transaction that makes the room. */
struct room_edit {
    struct caller *caller;
    const char *name;
    int open;
    const int64_t *other_ids; /* each once, without the caller */
    size_t other_count;
    const char *dm_key;
    int64_t peer_id;
    int64_t room_id;
    struct room *room;      /* the result; read before the commit, after which nothing may fail */
    struct room_made *made; /* of rooms_add, beside `room` */
};

static enum db_result
room_insert(struct room_edit *edit, enum room_kind kind)
{
    enum db_result r = db_run(edit->caller->db,
                              "INSERT INTO rooms "
                              "(kind, name, is_open, dm_key, last_at, created_at) "
                              "VALUES (?, ?, ?, ?, " DB_NOW_MS ", " DB_NOW_MS ")",
                              db_int(kind), db_text(edit->name), db_int(edit->open),
                              db_text(edit->dm_key));

    edit->room_id = db_insert_id(edit->caller->db);
    return r;
}

/*
 * Locks all whom the transaction locks: those who are invited now, and those whom it would lock at
 * its end (users_changed_in). In one order, by user id, two transactions do not lock one another.
 */
static enum db_result
room_lock_users(struct room_edit *edit, const int64_t *added, size_t added_count)
{
    struct caller *caller = edit->caller;
    const struct room_made *made = edit->made;
    size_t count = 0;
    int64_t *ids = arena_array(caller->arena, 1 + added_count + made->invited_count, sizeof(*ids));
    enum db_result r;

    ids[count++] = caller->user_id;
    for (size_t i = 0; i < added_count; i++) {
        ids[count++] = added[i];
    }
    for (size_t i = 0; i < made->invited_count; i++) {
        ids[count++] = made->invited[i];
    }
    r = users_lock(caller->db, ids, count);
    return r == DB_NONE ? caller_deny(caller, DENIED_NO_USER) : r;
}

/* Adds or invites the others, but those who do not want to be asked; counts strangers. */
static enum db_result
room_add_others(struct room_edit *edit, int *strangers)
{
    struct caller *caller = edit->caller;
    struct room_made *made = edit->made;
    struct addition *additions = arena_array(caller->arena, edit->other_count, sizeof(*additions));
    int64_t *added = arena_array(caller->arena, edit->other_count, sizeof(*added));
    size_t added_count = 0;
    enum db_result r = additions_examine(caller, edit->room_id, edit->other_ids, edit->other_count,
                                         additions);

    for (size_t i = 0; i < edit->other_count && r == DB_OK; i++) {
        if (!additions[i].has_refused && additions[i].must_be_asked) {
            made->invited[made->invited_count++] = edit->other_ids[i];
        } else if (!additions[i].has_refused) {
            added[added_count++] = edit->other_ids[i];
            *strangers += additions[i].is_stranger;
        }
    }
    if (r == DB_OK && made->invited_count > 0) {
        r = room_lock_users(edit, added, added_count);
        if (r == DB_OK) {
            r = invitations_insert(caller, edit->room_id, made->invited, &made->invited_count);
        }
        *strangers += (int)made->invited_count; /* nobody has left a new room: all are strangers */
    }
    if (r == DB_OK && added_count > 0) {
        r = members_insert(caller, edit->room_id, added, added_count, ROLE_MEMBER);
    }
    return r;
}

static enum db_result
room_add_transaction(struct db *db, void *context)
{
    struct room_edit *edit = context;
    struct caller *caller = edit->caller;
    int strangers = 0;
    enum db_result r = room_insert(edit, ROOM_GROUP);

    if (r != DB_OK) {
        return r;
    }
    edit->made->invited_count = 0;
    r = members_insert(caller, edit->room_id, &caller->user_id, 1, ROLE_OWNER);
    if (r == DB_OK && edit->other_count > 0) {
        r = room_add_others(edit, &strangers);
    }
    if (r == DB_OK) {
        r = member_count_update(db, edit->room_id);
    }
    if (r == DB_OK) { /* late: it locks the rows of all who are in the room */
        r = users_changed_in(db, edit->room_id);
    }
    if (r == DB_OK) {
        r = daily_counts_add(caller, 1, strangers);
    }
    return r == DB_OK ? rooms_find(caller, edit->room_id, edit->room) : r;
}

/* Copies the ids, each once and without the caller's; returns how many there are. */
static size_t
room_copy_others(const struct caller *caller, const int64_t *ids, size_t id_count, int64_t *others)
{
    size_t count = 0;

    for (size_t i = 0; i < id_count; i++) {
        bool is_new = ids[i] != caller->user_id;

        for (size_t k = 0; k < count && is_new; k++) {
            is_new = others[k] != ids[i];
        }
        if (is_new) {
            others[count++] = ids[i];
        }
    }
    return count;
}

enum db_result
rooms_add(struct caller *caller, const char *name, int open, const int64_t *other_ids,
          size_t other_count, struct room_made *made)
{
    int64_t *others = arena_array(caller->arena, other_count + 1, sizeof(*others));
    struct room_edit edit = {
        .caller = caller,
        .name = name,
        .open = open,
        .other_ids = others,
        .other_count = room_copy_others(caller, other_ids, other_count, others),
        .room = &made->room,
        .made = made,
    };
    enum db_result r;

    made->invited = arena_array(caller->arena, other_count + 1, sizeof(*made->invited));
    r = db_transaction(caller->db, DB_ONCE, room_add_transaction, &edit);
    if (r == DB_OK) {
        announce_user(caller->redis, caller->user_id);
        for (size_t i = 0; i < edit.other_count; i++) {
            announce_user(caller->redis, others[i]);
        }
    }
    return r;
}

/* Adds the two users of a direct room. */
static enum db_result
dm_insert_members(struct room_edit *edit)
{
    struct caller *caller = edit->caller;
    enum db_result r = db_run(caller->db,
                              "INSERT INTO members (room_id, user_id, role, joined_at) "
                              "SELECT ?, id, ?, " DB_NOW_MS
                              " FROM users WHERE id IN (?, ?) AND state <> ?",
                              db_int(edit->room_id), db_int(ROLE_MEMBER), db_int(caller->user_id),
                              db_int(edit->peer_id), db_int(USER_DELETED));

    if (r != DB_OK) {
        return r;
    }
    if (db_affected(caller->db) != 2) {
        return caller_deny(caller, DENIED_NO_USER);
    }
    return users_changed_in(caller->db, edit->room_id);
}

static enum db_result
dm_add_transaction(struct db *db, void *context)
{
    struct room_edit *edit = context;
    struct addition addition = {0};
    int64_t ids[] = {edit->caller->user_id, edit->peer_id};
    enum db_result r = room_insert(edit, ROOM_DM);

    if (r == DB_OK) { /* before daily_counts_add, which locks, too */
        r = users_lock(db, ids, 2);
    }
    if (r == DB_OK || r == DB_NONE) { /* none: dm_insert_members denies it */
        r = addition_examine(edit->caller, edit->room_id, edit->peer_id, &addition);
    }
    if (r == DB_OK) {
        r = daily_counts_add(edit->caller, 0, addition.is_stranger);
    }
    if (r == DB_OK) {
        r = dm_insert_members(edit);
    }
    if (r == DB_OK) {
        r = member_count_update(db, edit->room_id);
    }
    return r == DB_OK ? rooms_find(edit->caller, edit->room_id, edit->room) : r;
}

static enum db_result
dm_find_id(struct db *db, const char *dm_key, int64_t *id)
{
    enum db_result r = db_one(db, "SELECT id FROM rooms WHERE dm_key = ?", db_text(dm_key));

    if (r != DB_OK) {
        return r;
    }
    *id = db_get_int(db, 0);
    return db_done(db);
}

enum { DM_TRIES = 3 };

/* Of several first calls at once the unique key lets one make the room; the others find it. */
enum db_result
rooms_ensure_dm(struct caller *caller, int64_t peer_id, struct room *room)
{
    int64_t low = caller->user_id < peer_id ? caller->user_id : peer_id;
    int64_t high = caller->user_id < peer_id ? peer_id : caller->user_id;
    struct room_edit edit = {.caller = caller, .name = "", .peer_id = peer_id, .room = room};
    enum db_result r = DB_EXISTS;

    edit.dm_key = arena_printf(caller->arena, "%lld:%lld", (long long)low, (long long)high);
    for (int tries = 0; tries < DM_TRIES && r == DB_EXISTS; tries++) {
        r = dm_find_id(caller->db, edit.dm_key, &edit.room_id);
        if (r == DB_OK) {
            return rooms_find(caller, edit.room_id, room);
        }
        if (r == DB_NONE) {
            r = db_transaction(caller->db, DB_REPEATABLE, dm_add_transaction, &edit);
        }
    }
    if (r == DB_OK) {
        announce_user(caller->redis, caller->user_id);
        announce_user(caller->redis, peer_id);
    }
    return r;
}

/* Logs a change of the room in the caller's name. */
static enum db_result
room_log_change(const struct room_edit *edit, enum entry_kind kind, const char *body)
{
    struct entry entry = {
        .room_id = edit->room_id,
        .kind = (int)kind,
        .sender = {.id = edit->caller->user_id},
        .body = body,
    };

    return room_log_append(edit->caller->db, &entry);
}

static enum db_result
room_set_name(const struct room_edit *edit)
{
    enum db_result r = db_run(edit->caller->db, "UPDATE rooms SET name = ? WHERE id = ?",
                              db_text(edit->name), db_int(edit->room_id));

    return r == DB_OK ? room_log_change(edit, ENTRY_RENAME, edit->name) : r;
}

static enum db_result
room_set_open(const struct room_edit *edit)
{
    enum db_result r = db_run(edit->caller->db, "UPDATE rooms SET is_open = ? WHERE id = ?",
                              db_int(edit->open), db_int(edit->room_id));

    return r == DB_OK ? room_log_change(edit, ENTRY_OPEN, edit->open ? "true" : "false") : r;
}

static enum db_result
room_change_transaction(struct db *db, void *context)
{
    struct room_edit *edit = context;
    struct locked_room room;
    enum db_result r = members_lock_managed(edit->caller, edit->room_id, &room);

    (void)db;
    if (r != DB_OK) {
        return r;
    }
    if (edit->name != NULL && strcmp(edit->name, room.name) != 0) {
        r = room_set_name(edit);
        if (r != DB_OK) {
            return r;
        }
    }
    if (edit->open >= 0 && edit->open != room.open) {
        r = room_set_open(edit);
        if (r != DB_OK) {
            return r;
        }
    }
    return rooms_find(edit->caller, edit->room_id, edit->room);
}

enum db_result
rooms_change(struct caller *caller, int64_t room_id, const char *name, int open,
             struct room *changed)
{
    struct room_edit edit = {
        .caller = caller, .room_id = room_id, .name = name, .open = open, .room = changed};
    enum db_result r = db_transaction(caller->db, DB_REPEATABLE, room_change_transaction, &edit);

    if (r == DB_OK) {
        announce_room(caller->redis, room_id);
    }
    return r;
}
