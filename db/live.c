/* All that a process has seen is bound as one value, and a query returns only what is newer. */
#include "db/live.h"

#include "base/clock.h"
#include "db/bound_rows.h"
#include "db/users.h"

#define SEEN_MARKS                                                                                 \
    "JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$[0]', number BIGINT PATH '$[1]', "             \
    "at BIGINT PATH '$[2]')) seen"
#define SEEN_SESSIONS                                                                              \
    "JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$[0]', user_id BIGINT PATH '$[1]', "            \
    "created_at BIGINT PATH '$[2]', changes BIGINT PATH '$[3]')) seen"
#define IS_SEEN_SESSION                                                                            \
    "s.id = seen.id AND s.user_id = seen.user_id AND s.created_at = seen.created_at "              \
    "AND s.expires_at > ?"

const struct live_mark *
live_mark_find(const struct live_mark *marks, size_t count, int64_t id, size_t *from)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = (*from + i) % count;

        if (marks[at].id == id) {
            *from = at;
            return &marks[at];
        }
    }
    return NULL;
}

/* Rows in one query: their text stays far below max_allowed_packet. */
enum { SEEN_MAX = 20000 };

static struct buf
seen_marks(const struct live_mark *seen, size_t count)
{
    struct buf rows = {0};

    for (size_t i = 0; i < count; i++) {
        BOUND_ROW(&rows, seen[i].id, seen[i].number, seen[i].at);
    }
    return rows;
}

static struct buf
seen_sessions(const struct session *seen, size_t count)
{
    struct buf rows = {0};

    for (size_t i = 0; i < count; i++) {
        BOUND_ROW(&rows, seen[i].id, seen[i].user_id, seen[i].created_at, seen[i].changes);
    }
    return rows;
}

/* Appends up to `max` rows of an id, a number and a time. */
static enum db_result
live_read_marks(struct db *db, size_t max, struct live_mark *marks, size_t *count)
{
    while (*count < max && db_next(db)) {
        marks[(*count)++] = (struct live_mark){db_get_int(db, 0), db_get_int(db, 1),
                                               db_get_int(db, 2)};
    }
    return db_done(db);
}

static size_t
seen_at_once(size_t count)
{
    return count < SEEN_MAX ? count : SEEN_MAX;
}

/* Runs `sql`, whose only value are the marks, for SEEN_MAX of them at a time. */
static enum db_result
live_marks_changed(struct db *db, struct arena *a, const char *sql, const struct live_mark *seen,
                   size_t count, struct live_mark **changed, size_t *found)
{
    enum db_result r = DB_OK;

    *changed = arena_array(a, count + 1, sizeof(**changed));
    *found = 0;
    for (size_t i = 0; i < count && r == DB_OK; i += SEEN_MAX) {
        struct buf rows = seen_marks(seen + i, seen_at_once(count - i));

        r = db_run(db, sql, bound_rows_value(&rows));
        buf_free(&rows);
        r = r == DB_OK ? live_read_marks(db, count, *changed, found) : r;
    }
    return r;
}

enum db_result
live_rooms_changed(struct db *db, struct arena *a, const struct live_mark *seen, size_t count,
                   struct live_mark **changed, size_t *found)
{
    return live_marks_changed(
        db, a,
        "SELECT r.id, r.last_seq, r.last_at FROM " SEEN_MARKS
        " STRAIGHT_JOIN rooms r ON r.id = seen.id WHERE r.last_seq <> seen.number "
        "OR (seen.at > 0 AND seen.number > 0 AND r.last_at <> seen.at)",
        seen, count, changed, found);
}

enum db_result
live_users_changed(struct db *db, struct arena *a, const struct live_mark *seen, size_t count,
                   struct live_mark **changed, size_t *found)
{
    return live_marks_changed(db, a,
                              "SELECT seen.id, COALESCE(u.changes, 0), 0 FROM " SEEN_MARKS
                              " LEFT JOIN users u ON u.id = seen.id "
                              "WHERE u.id IS NULL OR u.changes <> seen.number",
                              seen, count, changed, found);
}

enum db_result
live_sessions_changed(struct db *db, struct arena *a, const struct session *seen, size_t count,
                      struct live_mark **changed, size_t *found)
{
    enum db_result r = DB_OK;

    *changed = arena_array(a, count + 1, sizeof(**changed));
    *found = 0;
    for (size_t i = 0; i < count && r == DB_OK; i += SEEN_MAX) {
        struct buf rows = seen_sessions(seen + i, seen_at_once(count - i));

        r = db_run(db,
                   "SELECT seen.id, seen.user_id, 0 FROM " SEEN_SESSIONS
                   " LEFT JOIN sessions s ON " IS_SEEN_SESSION
                   " LEFT JOIN users u ON u.id = s.user_id AND u.state = ? "
                   "AND u.changes = seen.changes WHERE u.id IS NULL",
                   bound_rows_value(&rows), db_int(clock_now_ms()), db_int(USER_ACTIVE));
        buf_free(&rows);
        r = r == DB_OK ? live_read_marks(db, count, *changed, found) : r;
    }
    return r;
}

/* Constant names, since only then the server reads nothing but these tables' descriptions. */
#define LAST_CHANGE(number, table)                                                                 \
    "SELECT " number ", UNIX_TIMESTAMP(UPDATE_TIME), UNIX_TIMESTAMP(), CONNECTION_ID() "           \
    "FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '" table      \
    "' AND UPDATE_TIME IS NOT NULL AND VERSION() LIKE '%MariaDB%'"

enum db_result
live_tables_read(struct db *db, struct live_tables *tables)
{
    int64_t *const changed[] = {&tables->rooms, &tables->users, &tables->sessions};
    enum db_result r;

    *tables = (struct live_tables){0};
    r = db_run_plain(db, LAST_CHANGE("0", "rooms") " UNION ALL " LAST_CHANGE(
                             "1", "users") " UNION ALL " LAST_CHANGE("2", "sessions"));
    if (r != DB_OK) {
        return r;
    }
    while (db_next(db)) {
        *changed[db_get_int(db, 0)] = db_get_int(db, 1);
        tables->now = db_get_int(db, 2);
        tables->connection = db_get_int(db, 3);
    }
    return db_done(db);
}

enum db_result
live_rooms_of(struct db *db, const int64_t *users, size_t count, live_use_room *use, void *context)
{
    struct buf rows = {0};
    enum db_result r;

    for (size_t i = 0; i < count; i++) {
        BOUND_ROW(&rows, users[i]);
    }
    r = db_run(db,
               "SELECT m.user_id, m.room_id FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH "
               "'$[0]')) seen STRAIGHT_JOIN members m ON m.user_id = seen.id",
               bound_rows_value(&rows));
    buf_free(&rows);
    if (r != DB_OK) {
        return r;
    }
    while (db_next(db)) {
        use(context, db_get_int(db, 0), db_get_int(db, 1));
    }
    return db_done(db);
}

enum db_result
live_changes(struct db *db, int64_t user_id, int64_t *changes)
{
    enum db_result r = db_one(db, "SELECT changes FROM users WHERE id = ?", db_int(user_id));

    if (r != DB_OK) {
        return r;
    }
    *changes = db_get_int(db, 0);
    return db_done(db);
}

enum db_result
live_sessions(struct db *db, struct arena *a, const struct session *connected, size_t count,
              struct live_mark **sessions, size_t *found)
{
    struct buf rows = seen_sessions(connected, count);
    enum db_result r = db_run(db,
                              "SELECT s.id, s.expires_at, s.created_at FROM " SEEN_SESSIONS
                              " STRAIGHT_JOIN sessions s ON " IS_SEEN_SESSION
                              " JOIN users u ON u.id = s.user_id AND u.state = ?",
                              bound_rows_value(&rows), db_int(clock_now_ms()), db_int(USER_ACTIVE));

    buf_free(&rows);
    *sessions = arena_array(a, count + 1, sizeof(**sessions));
    *found = 0;
    return r == DB_OK ? live_read_marks(db, count, *sessions, found) : r;
}
