/*
 * Rooms are listed by one query: an inner one picks the page by keys alone, the outer one brings what is shown of each.
 */
#include "db/rooms.h"

#include <string.h>

#include "base/clock.h"
#include "db/members.h"
#include "db/redis/announce.h"
#include "db/users.h"

enum {
    BATCH = 8,
};

#define AS_TEXT(number) #number
#define IN_SQL(number) AS_TEXT(number)

/* Entries of a room that the list itself looks through for its unread count. */
#define COUNTED_WINDOW 100

/* Unread: messages of others in the window after the read mark; count_unread goes beyond the window where it must. */
#define ROOMS(page)                                                                                             \
    "SELECT r.id, r.kind, r.name, r.is_open, COALESCE(m.role, -1), r.last_seq, "                                \
    "COALESCE(m.read_seq, 0), r.last_at, r.created_at, l.seq, l.kind, l.sender_id, l.client_id, "               \
    "l.body, l.created_at, p.id, p.username, p.nickname, "                                                      \
    "IF(m.read_seq IS NULL, 0, (SELECT COUNT(*) FROM room_log u WHERE u.room_id = r.id AND "                    \
    "u.seq > m.read_seq AND u.seq <= m.read_seq + " IN_SQL(                                                     \
        COUNTED_WINDOW) " AND u.kind = 0 AND "                                                                  \
                        "u.sender_id <> m.user_id)) FROM (" page                                                \
                        ") page JOIN rooms r ON r.id = page.id "                                                \
                        "LEFT JOIN members m ON m.room_id = r.id AND m.user_id = ? "                            \
                        "LEFT JOIN room_log l ON l.room_id = r.id AND l.seq = r.last_message_seq "              \
                        "LEFT JOIN members pm ON r.kind = 1 AND pm.room_id = r.id AND pm.user_id <> m.user_id " \
                        "LEFT JOIN users p ON p.id = pm.user_id ORDER BY r.last_at DESC, r.id DESC"

static struct room
read_room(struct db *db, struct arena *a)
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

    if (!db_is_null(db, 9)) {
        struct entry *last = arena_alloc(a, sizeof(*last));

        *last = (struct entry){
            .room_id = room.id,
            .seq = db_get_int(db, 9),
            .kind = (int)db_get_int(db, 10),
            .sender = {.id = db_get_int(db, 11)},
            .client_id = db_get_text(db, 12, a),
            .body = db_get_text(db, 13, a),
            .created_at = db_get_int(db, 14),
        };
        room.last_message = last;
    }
    if (!db_is_null(db, 15)) {
        struct profile *peer = arena_alloc(a, sizeof(*peer));

        *peer = (struct profile){.id = db_get_int(db, 15),
                                 .username = db_get_text(db, 16, a),
                                 .nickname = db_get_text(db, 17, a)};
        room.peer = peer;
    }
    return room;
}

/* Make the unread count exact, up to UNREAD_MAX, where the list's window was too short for it. */
static enum db_result
count_unread(const struct room_reader *who, struct room *room)
{
    enum db_result r = DB_OK;

    if (room->role != ROLE_NONE && room->unread < UNREAD_MAX &&
        room->last_seq > room->read_seq + COUNTED_WINDOW) {
        r = room_log_unread(who->db, room->id, who->user_id, room->read_seq, UNREAD_MAX,
                            &room->unread);
    }
    if (room->unread > UNREAD_MAX) {
        room->unread = UNREAD_MAX;
    }
    return r;
}

/* The rows of a ROOMS query that has been run, with names and exact counts. */
static enum db_result
read_rooms(const struct room_reader *who, size_t limit, struct room **rooms, size_t *count)
{
    struct entry *last = arena_array(who->arena, limit, sizeof(*last));
    size_t said = 0;
    enum db_result r;

    *rooms = arena_array(who->arena, limit, sizeof(**rooms));
    *count = 0;
    while (*count < limit && db_next(who->db)) {
        struct room *room = &(*rooms)[(*count)++];

        *room = read_room(who->db, who->arena);
        if (room->last_message != NULL) {
            last[said] = *room->last_message;
            room->last_message = &last[said++];
        }
    }
    r = db_done(who->db);
    for (size_t i = 0; i < *count && r == DB_OK; i++) {
        r = count_unread(who, &(*rooms)[i]);
    }
    if (r == DB_OK && said > 0) {
        r = names_fill(who->names, who->db, who->arena, &last->sender, said, sizeof(*last));
    }
    return r;
}

enum db_result
rooms_mine(const struct room_reader *who, struct room_cursor cursor, size_t limit,
           struct room **rooms, size_t *count)
{
    int64_t last_at = cursor.id > 0 ? cursor.last_at : INT64_MAX;
    enum db_result r = db_run(
        who->db,
        ROOMS("SELECT m0.room_id AS id FROM members m0 JOIN rooms r0 ON r0.id = m0.room_id "
              "WHERE m0.user_id = ? AND (r0.last_at < ? OR (r0.last_at = ? AND r0.id < ?)) "
              "ORDER BY r0.last_at DESC, r0.id DESC LIMIT ?"),
        db_int(who->user_id), db_int(last_at), db_int(last_at), db_int(cursor.id),
        db_int((int64_t)limit), db_int(who->user_id));

    return r == DB_OK ? read_rooms(who, limit, rooms, count) : r;
}

enum db_result
rooms_open(const struct room_reader *who, struct room_cursor cursor, size_t limit,
           struct room **rooms, size_t *count)
{
    int64_t last_at = cursor.id > 0 ? cursor.last_at : INT64_MAX;
    enum db_result r = db_run(who->db,
                              ROOMS("SELECT r0.id FROM rooms r0 WHERE r0.is_open = 1 AND "
                                    "(r0.last_at < ? OR (r0.last_at = ? AND r0.id < ?)) "
                                    "ORDER BY r0.last_at DESC, r0.id DESC LIMIT ?"),
                              db_int(last_at), db_int(last_at), db_int(cursor.id),
                              db_int((int64_t)limit), db_int(who->user_id));

    return r == DB_OK ? read_rooms(who, limit, rooms, count) : r;
}

enum db_result
rooms_by_ids(const struct room_reader *who, const int64_t *ids, size_t id_count,
             struct room **rooms, size_t *count)
{
    enum db_result r = DB_OK;

    *rooms = arena_array(who->arena, id_count + 1, sizeof(**rooms));
    *count = 0;
    for (size_t i = 0; i < id_count && r == DB_OK; i += BATCH) {
        size_t some = id_count - i < BATCH ? id_count - i : BATCH, got = 0;
        struct room *page;
        int64_t id[BATCH];

        for (size_t k = 0; k < BATCH; k++) {
            id[k] = ids[i + (k < some ? k : 0)];
        }
        r = db_run(who->db,
                   ROOMS("SELECT m0.room_id AS id FROM members m0 WHERE m0.user_id = ? AND "
                         "m0.room_id IN (?, ?, ?, ?, ?, ?, ?, ?)"),
                   db_int(who->user_id), db_int(id[0]), db_int(id[1]), db_int(id[2]), db_int(id[3]),
                   db_int(id[4]), db_int(id[5]), db_int(id[6]), db_int(id[7]),
                   db_int(who->user_id));
        r = r == DB_OK ? read_rooms(who, BATCH, &page, &got) : r;
        for (size_t k = 0; k < got; k++) {
            (*rooms)[(*count)++] = page[k];
        }
    }
    return r;
}

enum db_result
rooms_find(const struct room_reader *who, int64_t id, struct room *found, enum refusal *why)
{
    struct room *rooms;
    size_t count;
    enum db_result r = db_run(who->db, ROOMS("SELECT r0.id FROM rooms r0 WHERE r0.id = ?"),
                              db_int(id), db_int(who->user_id));

    r = r == DB_OK ? read_rooms(who, 1, &rooms, &count) : r;
    if (r != DB_OK) {
        return r;
    }
    if (count == 0 || (rooms->role == ROLE_NONE && !rooms->open)) {
        *why = count == 0 ? REFUSED_NO_ROOM : REFUSED_NOT_A_MEMBER;
        return DB_FORBIDDEN;
    }
    *found = *rooms;
    return DB_OK;
}

/* What a transaction of this file is about; its body reads and sets it. */
struct work {
    const struct room_reader *who;
    const char *name;
    int open;
    const int64_t *others;
    size_t other_count;
    const char *dm_key;
    int64_t peer_id;
    int64_t room_id;
    struct room *room; /* as it is then; read before the commit, after which nothing may fail */
    enum refusal why;
};

static enum db_result
insert_room(struct work *w, enum room_kind kind)
{
    int64_t now = clock_now_ms();
    enum db_result r = db_run(w->who->db,
                              "INSERT INTO rooms (kind, name, is_open, dm_key, last_at, "
                              "created_at) VALUES (?, ?, ?, ?, ?, ?)",
                              db_int(kind), db_text(w->name), db_int(w->open), db_text(w->dm_key),
                              db_int(now), db_int(now));

    w->room_id = db_insert_id(w->who->db);
    return r;
}

static enum db_result
add_body(struct db *db, void *context)
{
    struct work *w = context;
    enum db_result r = insert_room(w, ROOM_GROUP);

    (void)db;
    if (r == DB_OK) {
        r = members_insert(w->who, w->room_id, w->who->user_id, ROLE_OWNER, &w->why);
    }
    for (size_t i = 0; i < w->other_count && r == DB_OK; i++) {
        r = members_insert(w->who, w->room_id, w->others[i], ROLE_MEMBER, &w->why);
        r = r == DB_EXISTS ? DB_OK : r; /* named twice, or oneself */
    }
    return r == DB_OK ? rooms_find(w->who, w->room_id, w->room, &w->why) : r;
}

enum db_result
rooms_add(const struct room_reader *who, const char *name, int open, const int64_t *others,
          size_t other_count, struct room *made, enum refusal *why)
{
    struct work w = {.who = who,
                     .name = name,
                     .open = open,
                     .others = others,
                     .other_count = other_count,
                     .room = made};
    enum db_result r = db_transaction(who->db, DB_ONCE, add_body, &w);

    if (r == DB_OK) {
        announce_user(who->redis, who->user_id);
        for (size_t i = 0; i < other_count; i++) {
            announce_user(who->redis, others[i]);
        }
    }
    *why = w.why;
    return r;
}

static enum db_result
dm_body(struct db *db, void *context)
{
    struct work *w = context;
    enum db_result r = insert_room(w, ROOM_DM);
    int64_t now = clock_now_ms();

    if (r == DB_OK) {
        r = db_run(db,
                   "INSERT INTO members (room_id, user_id, role, joined_at) "
                   "SELECT ?, id, 0, ? FROM users WHERE id IN (?, ?)",
                   db_int(w->room_id), db_int(now), db_int(w->who->user_id), db_int(w->peer_id));
    }
    if (r == DB_OK && db_affected(db) != 2) {
        w->why = REFUSED_NO_USER;
        r = DB_FORBIDDEN;
    }
    r = r == DB_OK ? users_changed(db, w->who->user_id) : r;
    r = r == DB_OK ? users_changed(db, w->peer_id) : r;
    return r == DB_OK ? rooms_find(w->who, w->room_id, w->room, &w->why) : r;
}

/* Most calls find the room; a first one makes it, and of several first ones the unique key lets one through. */
enum db_result
rooms_dm(const struct room_reader *who, int64_t peer_id, struct room *room, enum refusal *why)
{
    int64_t low = who->user_id < peer_id ? who->user_id : peer_id;
    int64_t high = who->user_id < peer_id ? peer_id : who->user_id;
    struct work w = {.who = who, .name = "", .peer_id = peer_id, .room = room};
    enum db_result r = DB_EXISTS;

    w.dm_key = arena_printf(who->arena, "%lld:%lld", (long long)low, (long long)high);
    for (int tries = 0; tries < 3 && r == DB_EXISTS; tries++) {
        r = db_one(who->db, "SELECT id FROM rooms WHERE dm_key = ?", db_text(w.dm_key));
        if (r == DB_OK) {
            int64_t id = db_get_int(who->db, 0);

            r = db_done(who->db);
            return r == DB_OK ? rooms_find(who, id, room, why) : r;
        }
        if (r == DB_NONE) {
            r = db_transaction(who->db, DB_REPEATABLE, dm_body, &w);
        }
    }
    if (r == DB_OK) {
        announce_user(who->redis, who->user_id);
        announce_user(who->redis, peer_id);
    }
    *why = w.why;
    return r;
}

static enum db_result
change_body(struct db *db, void *context)
{
    struct work *w = context;
    struct entry e = {.room_id = w->room_id, .sender = {.id = w->who->user_id}};
    struct locked_room room;
    enum db_result r = members_lock_group(w->who, w->room_id, &room, &w->why);

    if (r != DB_OK) {
        return r;
    }
    if (room.role < ROLE_ADMIN) {
        w->why = room.role == ROLE_NONE ? REFUSED_NOT_A_MEMBER : REFUSED_NOT_ALLOWED;
        return DB_FORBIDDEN;
    }
    if (w->name != NULL && strcmp(w->name, room.name) != 0) {
        r = db_run(db, "UPDATE rooms SET name = ? WHERE id = ?", db_text(w->name),
                   db_int(w->room_id));
        e.kind = ENTRY_RENAME;
        e.body = w->name;
        r = r == DB_OK ? room_log_append(db, &e, false) : r;
    }
    if (r == DB_OK && w->open >= 0 && w->open != room.open) {
        r = db_run(db, "UPDATE rooms SET is_open = ? WHERE id = ?", db_int(w->open),
                   db_int(w->room_id));
        e.kind = ENTRY_OPEN;
        e.body = w->open ? "true" : "false";
        r = r == DB_OK ? room_log_append(db, &e, false) : r;
    }
    return r == DB_OK ? rooms_find(w->who, w->room_id, w->room, &w->why) : r;
}

enum db_result
rooms_change(const struct room_reader *who, int64_t room_id, const char *name, int open,
             struct room *changed, enum refusal *why)
{
    struct work w = {.who = who, .room_id = room_id, .name = name, .open = open, .room = changed};
    enum db_result r = db_transaction(who->db, DB_REPEATABLE, change_body, &w);

    if (r == DB_OK) {
        announce_room(who->redis, room_id);
    }
    *why = w.why;
    return r;
}
