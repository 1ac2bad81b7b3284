/*
 * Rooms are listed by one query: an inner SELECT picks the page by keys alone, the outer one joins
 * what is shown of each room. It decides alone what users see of an open room that they are not in:
 * its name, how many are in it and when somebody was last active, but nothing of its log.
 */
#include "db/rooms.h"

#include "base/unicode.h"
#include "db/bound_rows.h"

const char *const room_kind_words[] = {ROOM_KINDS(VOCABULARY_WORD) NULL};
const char *const role_words[] = {ROLES(VOCABULARY_WORD) NULL};

enum db_result
role_require_admin(struct caller *caller, enum role role)
{
    if (role >= ROLE_ADMIN) {
        return DB_OK;
    }
    return caller_deny(caller, role == ROLE_NONE ? DENIED_NOT_A_MEMBER : DENIED_ROLE);
}

/*
 * The list itself counts unread messages in a window of this many entries after the read mark, so
 * that it costs the same for every room; room_count_unread counts again if the window is too short.
 * Each entry of the window is found by its primary key: for `seq > m.read_seq`, a bound from
 * another table, MariaDB would read the whole room.
 */
enum { UNREAD_WINDOW = 100 };

#define DIGITS                                                                                     \
    "(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 "  \
    "UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 "                 \
    "UNION ALL SELECT 9)"
#define UNREAD_IN_WINDOW                                                                           \
    "(SELECT COUNT(*) FROM " DIGITS " tens STRAIGHT_JOIN " DIGITS                                  \
    " ones STRAIGHT_JOIN room_log e WHERE m.read_seq + 10 * tens.d < r.last_seq "                  \
    "AND m.read_seq + 10 * tens.d + ones.d < r.last_seq AND e.room_id = r.id "                     \
    "AND e.seq = m.read_seq + 10 * tens.d + ones.d + 1 "                                           \
    "AND e.kind = ? AND e.sender_id <> m.user_id)"

/* The values of a query: ROOMS_VALUES, those of `page`, ROOMS_END_VALUES. */
#define SELECT_ROOMS(page) SELECT_ROOMS_BY(page, " DESC")
#define SELECT_ROOMS_BY(page, direction)                                                           \
    SELECT_ROOMS_UNSORTED(page) " ORDER BY r.last_at" direction ", r.id" direction
#define SELECT_ROOMS_UNSORTED(page)                                                                \
    "SELECT r.id, r.kind, r.name, r.is_open, COALESCE(m.role, -1), "                               \
    "IF(m.role IS NULL, 0, r.last_seq), COALESCE(m.read_seq, 0), r.last_at, r.created_at, "        \
    "l.seq, l.kind, l.sender_id, l.client_id, l.body, l.created_at, "                              \
    "IF(m.role IS NULL OR m.read_seq >= r.last_seq, 0, " UNREAD_IN_WINDOW                          \
    "), r.member_count, " DB_NOW_MS ", " PROFILE_COLUMNS " "                                       \
    "FROM (" page ") page "                                                                        \
    "JOIN rooms r ON r.id = page.id "                                                              \
    "LEFT JOIN members m ON m.room_id = r.id AND m.user_id = ? "                                   \
    "LEFT JOIN room_log l ON l.room_id = m.room_id AND l.seq = r.last_message_seq "                \
    "LEFT JOIN members pm ON r.kind = ? AND pm.room_id = r.id AND pm.user_id <> m.user_id "        \
    "LEFT JOIN users u ON u.id = pm.user_id"
#define ROOMS_VALUES db_int(ENTRY_MESSAGE)
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
    const char *nickname = db_get_text(db, column + 2, a);

    return (struct profile){
        .id = db_get_int(db, column),
        .username = db_get_text(db, column + 1, a),
        .nickname = nickname,
        .nickname_taken = (int)db_get_int(db, column + 3),
        .skeleton = unicode_skeleton(nickname, a),
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
        .unread = db_get_int(db, 15),
        .member_count = db_get_int(db, 16),
        .read_at = db_get_int(db, 17),
    };

    room.last_message = db_is_null(db, 9) ? NULL : room_read_last_message(db, a, room.id);
    if (!db_is_null(db, 18)) {
        room.peer = arena_alloc(a, sizeof(*room.peer));
        *room.peer = profile_read(db, 18, a);
    }
    return room;
}

/* Counts again if the window was too short: up to UNREAD_MAX, as room_log_unread does. */
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
    return names_fill(caller->db, caller->arena, &last->sender, last_count, sizeof(*last));
}

/*
 * A room that gets an entry moves to the top of the list, past the pages that a walk has read: the
 * walk would miss it. Its last_at is then not older than the beginning of the walk, or than that of
 * a statement that was under way, perhaps on another node of a cluster: hence the margin.
 */
enum {
    MOVED_MARGIN_MS = 15000,
    MOVED_MAX = 5000, /* rooms that are compared: a cursor may claim that a walk began long ago */
};

#define JOINED                                                                                     \
    "FROM members m0 JOIN rooms r0 ON r0.id = m0.room_id "                                         \
    "WHERE m0.user_id = ? AND "
#define OPEN                                                                                       \
    "FROM rooms r0 "                                                                               \
    "WHERE r0.is_open = 1 AND ? > 0 AND "
#define OLDER                                                                                      \
    "(r0.last_at < ? OR (r0.last_at = ? AND r0.id < ?)) "                                          \
    "ORDER BY r0.last_at DESC, r0.id DESC LIMIT ?"
#define NEWER                                                                                      \
    "(r0.last_at > ? OR (r0.last_at = ? AND r0.id > ?)) "                                          \
    "ORDER BY r0.last_at, r0.id LIMIT ?"
#define SUM_SINCE(list)                                                                            \
    "SELECT COALESCE(CAST(SUM(active.id) AS SIGNED), 0) FROM (SELECT r0.id " list                  \
    "r0.last_at >= ? LIMIT ?) active"

/* The queries of each list take the same values. */
static const struct {
    const char *older, *newer, *sum_since;
} room_lists[] = {
    [ROOMS_JOINED] = {SELECT_ROOMS("SELECT r0.id " JOINED OLDER),
                      SELECT_ROOMS_BY("SELECT r0.id " JOINED NEWER, ""), SUM_SINCE(JOINED)},
    [ROOMS_OPEN] = {SELECT_ROOMS("SELECT r0.id " OPEN OLDER),
                    SELECT_ROOMS_BY("SELECT r0.id " OPEN NEWER, ""), SUM_SINCE(OPEN)},
};

/*
 * Whether rooms that were active since the walk began are in none of its pages. True, too, if there
 * are more of them than are compared: then the walk returns to all.
 */
static enum db_result
rooms_have_moved(struct caller *caller, enum room_list list, const struct room_cursor *cursor,
                 bool *moved)
{
    enum db_result r = db_one(caller->db, room_lists[list].sum_since, db_int(caller->user_id),
                              db_int(cursor->since), db_int(MOVED_MAX));

    if (r != DB_OK) {
        return r;
    }
    *moved = (uint64_t)db_get_int(caller->db, 0) != cursor->seen;
    return db_done(caller->db);
}

/* Sets the cursor of the page after `page`, which was read with one room more than `limit`. */
static enum db_result
room_page_set_next(struct caller *caller, enum room_list list, struct room_cursor cursor,
                   size_t limit, struct room_page *page)
{
    bool is_first = cursor.id == 0 && !cursor.is_return, is_last = page->count <= limit, moved;
    enum db_result r;

    page->count = is_last ? page->count : limit;
    if (is_first && page->count > 0) {
        cursor.since = page->rooms[0].read_at - MOVED_MARGIN_MS;
    }
    for (size_t i = 0; i < page->count; i++) {
        cursor.last_at = page->rooms[i].last_at;
        cursor.id = page->rooms[i].id;
        cursor.seen += cursor.last_at >= cursor.since ? (uint64_t)cursor.id : 0;
    }
    page->next = (struct room_cursor){0};
    if (!is_last) {
        page->next = cursor;
    }
    if (!is_last || is_first || cursor.is_return) {
        return DB_OK;
    }
    r = rooms_have_moved(caller, list, &cursor, &moved);
    if (r == DB_OK && moved) {
        page->next = (struct room_cursor){.last_at = cursor.since, .is_return = true};
    }
    return r;
}

enum db_result
rooms_list(struct caller *caller, enum room_list list, struct room_cursor cursor, size_t limit,
           struct room_page *page)
{
    enum db_result r;

    if (cursor.id == 0 && !cursor.is_return) {
        cursor.last_at = INT64_MAX;
    }
    r = db_run(caller->db, cursor.is_return ? room_lists[list].newer : room_lists[list].older,
               ROOMS_VALUES, db_int(caller->user_id), db_int(cursor.last_at),
               db_int(cursor.last_at), db_int(cursor.id), db_int((int64_t)limit + 1),
               ROOMS_END_VALUES(caller));
    if (r == DB_OK) {
        r = rooms_read(caller, limit + 1, &page->rooms, &page->count);
    }
    return r == DB_OK ? room_page_set_next(caller, list, cursor, limit, page) : r;
}

/* Sorting would have MariaDB read the JSON text twice, and take as long as the rest. */
#define MEMBER_OF_IDS                                                                              \
    "SELECT m0.room_id AS id FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$[0]')) k "        \
    "STRAIGHT_JOIN members m0 ON m0.room_id = k.id AND m0.user_id = ?"

enum db_result
rooms_list_by_ids(struct caller *caller, const int64_t *ids, size_t id_count, struct room **rooms,
                  size_t *count)
{
    struct buf rows = {0};
    enum db_result r;

    for (size_t i = 0; i < id_count; i++) {
        BOUND_ROW(&rows, ids[i]);
    }
    r = db_run(caller->db, SELECT_ROOMS_UNSORTED(MEMBER_OF_IDS), ROOMS_VALUES,
               bound_rows_value(&rows), db_int(caller->user_id), ROOMS_END_VALUES(caller));
    buf_free(&rows);
    return r == DB_OK ? rooms_read(caller, id_count, rooms, count) : r;
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
