/*
 * Rooms are listed by one query: an inner SELECT picks the page by keys alone, the outer one joins
 * what is shown of each room.
 */
#include "db/rooms.h"

#include <string.h>

#include "base/clock.h"
#include "db/members.h"
#include "db/redis/announce.h"
#include "db/users.h"

const char *const room_kind_words[] = {ROOM_KINDS(VOCABULARY_WORD) NULL};
const char *const role_words[] = {ROLES(VOCABULARY_WORD) NULL};

/*
 * The list itself counts unread messages in a window of this many entries after the read mark, so
 * that it costs the same for every room; room_count_unread goes on where the window is too short.
 */
enum { UNREAD_WINDOW = 100 };

#define UNREAD_IN_WINDOW                                                                           \
    "(SELECT COUNT(*) FROM room_log u WHERE u.room_id = r.id "                                     \
    "AND u.seq > m.read_seq AND u.seq <= m.read_seq + ? "                                          \
    "AND u.kind = ? AND u.sender_id <> m.user_id)"

/* The values of a query: ROOMS_VALUES, those of `page`, ROOMS_END_VALUES. */
#define SELECT_ROOMS(page)                                                                         \
    "SELECT r.id, r.kind, r.name, r.is_open, COALESCE(m.role, -1), "                               \
    "r.last_seq, COALESCE(m.read_seq, 0), r.last_at, r.created_at, "                               \
    "l.seq, l.kind, l.sender_id, l.client_id, l.body, l.created_at, "                              \
    "p.id, p.username, p.nickname, "                                                               \
    "IF(m.read_seq IS NULL, 0, " UNREAD_IN_WINDOW ") "                                             \
    "FROM (" page ") page "                                                                        \
    "JOIN rooms r ON r.id = page.id "                                                              \
    "LEFT JOIN members m ON m.room_id = r.id AND m.user_id = ? "                                   \
    "LEFT JOIN room_log l ON l.room_id = r.id AND l.seq = r.last_message_seq "                     \
    "LEFT JOIN members pm ON r.kind = ? AND pm.room_id = r.id AND pm.user_id <> m.user_id "        \
    "LEFT JOIN users p ON p.id = pm.user_id "                                                      \
    "ORDER BY r.last_at DESC, r.id DESC"
#define ROOMS_VALUES db_int(UNREAD_WINDOW), db_int(ENTRY_MESSAGE)
#define ROOMS_END_VALUES(caller) db_int((caller)->user_id), db_int(ROOM_DM)

static struct entry *
room_read_last_message(struct db *db, struct arena *a, int64_t room_id)
{
    struct entry *last = arena_alloc(a, sizeof(*last));

    *last = (struct entry){
        .room_id = room_id,
        .seq = db_get_int(db, 9),
        .kind = (int)db_get_int(db, 10),
        .sender = {.id = db_get_int(db, 11)},
        .client_id = db_get_text(db, 12, a),
        .body = db_get_text(db, 13, a),
        .created_at = db_get_int(db, 14),
    };
    return last;
}

struct profile
profile_read(struct db *db, unsigned column, struct arena *a)
{
    return (struct profile){
        .id = db_get_int(db, column),
        .username = db_get_text(db, column + 1, a),
        .nickname = db_get_text(db, column + 2, a),
    };
}

static struct room
room_read(struct db *db, struct arena *a)
{
    struct room room = {
        .id = db_get_int(db, 0),
        .kind = (int)db_get_int(db, 1),
        .name = db_get_text(db, 2, a),
        .open = (int)db_get_int(db, 3),
        .role = (int)db_get_int(db, 4),
        .last_seq = db_get_int(db, 5),
        .read_seq = db_get_int(db, 6),
        .last_at = db_get_int(db, 7),
        .created_at = db_get_int(db, 8),
        .unread = db_get_int(db, 18),
    };

    room.last_message = db_is_null(db, 9) ? NULL : room_read_last_message(db, a, room.id);
    if (!db_is_null(db, 15)) {
        room.peer = arena_alloc(a, sizeof(*room.peer));
        *room.peer = profile_read(db, 15, a);
    }
    return room;
}

/* Makes the unread count exact, up to UNREAD_MAX, if the window was too short for it. */
static enum db_result
room_count_unread(struct caller *caller, struct room *room)
{
    enum db_result r = DB_OK;

    if (room->role != ROLE_NONE && room->unread < UNREAD_MAX &&
        room->last_seq > room->read_seq + UNREAD_WINDOW) {
        r = room_log_unread(caller->db, room->id, caller->user_id, room->read_seq, UNREAD_MAX,
                            &room->unread);
    }
    if (room->unread > UNREAD_MAX) {
        room->unread = UNREAD_MAX;
    }
    return r;
}

/* The rows of a SELECT_ROOMS query that was run, with senders' names and exact unread counts. */
static enum db_result
rooms_read(struct caller *caller, size_t limit, struct room **rooms, size_t *count)
{
    struct entry *last = arena_array(caller->arena, limit, sizeof(*last));
    size_t last_count = 0;
    enum db_result r;

    *rooms = arena_array(caller->arena, limit, sizeof(**rooms));
    *count = 0;
    while (*count < limit && db_next(caller->db)) {
        struct room *room = &(*rooms)[(*count)++];

        *room = room_read(caller->db, caller->arena);
        if (room->last_message != NULL) { /* side by side, for names_fill */
            last[last_count] = *room->last_message;
            room->last_message = &last[last_count++];
        }
    }
    r = db_done(caller->db);
    for (size_t i = 0; i < *count && r == DB_OK; i++) {
        r = room_count_unread(caller, &(*rooms)[i]);
    }
    if (r != DB_OK || last_count == 0) {
        return r;
    }
    return names_fill(caller->names, caller->db, caller->arena, &last->sender, last_count,
                      sizeof(*last));
}

enum db_result
rooms_list_joined(struct caller *caller, struct room_cursor cursor, size_t limit,
                  struct room **rooms, size_t *count)
{
    int64_t last_at = cursor.id > 0 ? cursor.last_at : INT64_MAX;
    enum db_result r = db_run(caller->db,
                              SELECT_ROOMS("SELECT m0.room_id AS id "
                                           "FROM members m0 JOIN rooms r0 ON r0.id = m0.room_id "
                                           "WHERE m0.user_id = ? "
                                           "AND (r0.last_at < ? OR (r0.last_at = ? AND r0.id < ?)) "
                                           "ORDER BY r0.last_at DESC, r0.id DESC LIMIT ?"),
                              ROOMS_VALUES, db_int(caller->user_id), db_int(last_at),
                              db_int(last_at), db_int(cursor.id), db_int((int64_t)limit),
                              ROOMS_END_VALUES(caller));

    return r == DB_OK ? rooms_read(caller, limit, rooms, count) : r;
}

enum db_result
rooms_list_open(struct caller *caller, struct room_cursor cursor, size_t limit, struct room **rooms,
                size_t *count)
{
    int64_t last_at = cursor.id > 0 ? cursor.last_at : INT64_MAX;
    enum db_result r = db_run(caller->db,
                              SELECT_ROOMS("SELECT r0.id FROM rooms r0 "
                                           "WHERE r0.is_open = 1 "
                                           "AND (r0.last_at < ? OR (r0.last_at = ? AND r0.id < ?)) "
                                           "ORDER BY r0.last_at DESC, r0.id DESC LIMIT ?"),
                              ROOMS_VALUES, db_int(last_at), db_int(last_at), db_int(cursor.id),
                              db_int((int64_t)limit), ROOMS_END_VALUES(caller));

    return r == DB_OK ? rooms_read(caller, limit, rooms, count) : r;
}

enum { ROOMS_IN_QUERY = 8 }; /* ids that one prepared statement takes */

/* The rooms of up to ROOMS_IN_QUERY ids, at least one. */
static enum db_result
rooms_list_few(struct caller *caller, const int64_t *ids, size_t id_count, struct room **rooms,
               size_t *count)
{
    int64_t id[ROOMS_IN_QUERY];
    enum db_result r;

    for (size_t i = 0; i < ROOMS_IN_QUERY; i++) {
        id[i] = ids[i < id_count ? i : 0]; /* repeating an id changes nothing */
    }
    r = db_run(caller->db,
               SELECT_ROOMS("SELECT m0.room_id AS id FROM members m0 "
                            "WHERE m0.user_id = ? "
                            "AND m0.room_id IN (?, ?, ?, ?, ?, ?, ?, ?)"),
               ROOMS_VALUES, db_int(caller->user_id), db_int(id[0]), db_int(id[1]), db_int(id[2]),
               db_int(id[3]), db_int(id[4]), db_int(id[5]), db_int(id[6]), db_int(id[7]),
               ROOMS_END_VALUES(caller));
    return r == DB_OK ? rooms_read(caller, ROOMS_IN_QUERY, rooms, count) : r;
}

enum db_result
rooms_list_by_ids(struct caller *caller, const int64_t *ids, size_t id_count, struct room **rooms,
                  size_t *count)
{
    *rooms = arena_array(caller->arena, id_count + 1, sizeof(**rooms));
    *count = 0;
    for (size_t i = 0; i < id_count; i += ROOMS_IN_QUERY) {
        size_t left = id_count - i, found_count;
        struct room *found;
        enum db_result r = rooms_list_few(
            caller, ids + i, left < ROOMS_IN_QUERY ? left : ROOMS_IN_QUERY, &found, &found_count);

        if (r != DB_OK) {
            return r;
        }
        for (size_t k = 0; k < found_count; k++) {
            (*rooms)[(*count)++] = found[k];
        }
    }
    return DB_OK;
}

enum db_result
rooms_find(struct caller *caller, int64_t id, struct room *found)
{
    struct room *rooms;
    size_t count;
    enum db_result r = db_run(caller->db,
                              SELECT_ROOMS("SELECT r0.id FROM rooms r0 WHERE r0.id = ?"),
                              ROOMS_VALUES, db_int(id), ROOMS_END_VALUES(caller));

    if (r != DB_OK) {
        return r;
    }
    r = rooms_read(caller, 1, &rooms, &count);
    if (r != DB_OK) {
        return r;
    }
    if (count == 0) {
        return caller_deny(caller, DENIED_NO_ROOM);
    }
    if (rooms->role == ROLE_NONE && !rooms->open) {
        return caller_deny(caller, DENIED_NOT_A_MEMBER);
    }
    *found = *rooms;
    return DB_OK;
}

/* One transaction on one room; `room_id` is set by the transaction that makes the room. */
struct room_edit {
    struct caller *caller;
    const char *name;
    int open;
    const int64_t *other_ids;
    size_t other_count;
    const char *dm_key;
    int64_t peer_id;
    int64_t room_id;
    struct room *room; /* the result; read before the commit, after which nothing may fail */
};

static enum db_result
room_insert(struct room_edit *edit, enum room_kind kind)
{
    int64_t now = clock_now_ms();
    enum db_result r = db_run(edit->caller->db,
                              "INSERT INTO rooms "
                              "(kind, name, is_open, dm_key, last_at, created_at) "
                              "VALUES (?, ?, ?, ?, ?, ?)",
                              db_int(kind), db_text(edit->name), db_int(edit->open),
                              db_text(edit->dm_key), db_int(now), db_int(now));

    edit->room_id = db_insert_id(edit->caller->db);
    return r;
}

static enum db_result
room_add_transaction(struct db *db, void *context)
{
    struct room_edit *edit = context;
    struct caller *caller = edit->caller;
    enum db_result r = room_insert(edit, ROOM_GROUP);

    (void)db;
    if (r != DB_OK) {
        return r;
    }
    r = members_insert(caller, edit->room_id, caller->user_id, ROLE_OWNER);
    for (size_t i = 0; i < edit->other_count && r == DB_OK; i++) {
        r = members_insert(caller, edit->room_id, edit->other_ids[i], ROLE_MEMBER);
        if (r == DB_EXISTS) { /* named twice, or the caller */
            r = DB_OK;
        }
    }
    return r == DB_OK ? rooms_find(caller, edit->room_id, edit->room) : r;
}

enum db_result
rooms_add(struct caller *caller, const char *name, int open, const int64_t *other_ids,
          size_t other_count, struct room *made)
{
    struct room_edit edit = {
        .caller = caller,
        .name = name,
        .open = open,
        .other_ids = other_ids,
        .other_count = other_count,
        .room = made,
    };
    enum db_result r = db_transaction(caller->db, DB_ONCE, room_add_transaction, &edit);

    if (r == DB_OK) {
        announce_user(caller->redis, caller->user_id);
        for (size_t i = 0; i < other_count; i++) {
            announce_user(caller->redis, other_ids[i]);
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
                              "SELECT ?, id, ?, ? FROM users WHERE id IN (?, ?)",
                              db_int(edit->room_id), db_int(ROLE_MEMBER), db_int(clock_now_ms()),
                              db_int(caller->user_id), db_int(edit->peer_id));

    if (r != DB_OK) {
        return r;
    }
    if (db_affected(caller->db) != 2) {
        return caller_deny(caller, DENIED_NO_USER);
    }
    r = users_changed(caller->db, caller->user_id);
    return r == DB_OK ? users_changed(caller->db, edit->peer_id) : r;
}

static enum db_result
dm_add_transaction(struct db *db, void *context)
{
    struct room_edit *edit = context;
    enum db_result r = room_insert(edit, ROOM_DM);

    (void)db;
    if (r != DB_OK) {
        return r;
    }
    r = dm_insert_members(edit);
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

    return room_log_append(edit->caller->db, &entry, false);
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
    enum db_result r = members_lock_group(edit->caller, edit->room_id, &room);

    (void)db;
    if (r != DB_OK) {
        return r;
    }
    if (room.role < ROLE_ADMIN) {
        return caller_deny(edit->caller,
                           room.role == ROLE_NONE ? DENIED_NOT_A_MEMBER : DENIED_ROLE);
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
