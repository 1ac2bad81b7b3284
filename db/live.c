/*
 * A list of any length is bound as one JSON text, [[12,345,0],…], which JSON_TABLE turns into rows
 * (MySQL 8.0.4, MariaDB 10.6): one prepared statement, one value, and only what is newer is
 * returned.
 */
#include "db/live.h"

#include "base/buf.h"
#include "base/clock.h"

#define SEEN                                                                                       \
    "JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$[0]', number BIGINT PATH '$[1]', "             \
    "at BIGINT PATH '$[2]')) seen"

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

/* Marks in one query: their text stays far below max_allowed_packet. */
enum { SEEN_MAX = 20000 };

static enum db_result
live_run_seen(struct db *db, const char *sql, const struct live_mark *seen, size_t count)
{
    struct buf json = {0};
    enum db_result r;

    buf_char(&json, '[');
    for (size_t i = 0; i < count; i++) {
        buf_str(&json, i > 0 ? ",[" : "[");
        buf_int(&json, seen[i].id);
        buf_char(&json, ',');
        buf_int(&json, seen[i].number);
        buf_char(&json, ',');
        buf_int(&json, seen[i].at);
        buf_char(&json, ']');
    }
    buf_char(&json, ']');
    r = db_run(db, sql, db_text(buf_cstr(&json)));
    buf_free(&json);
    return r;
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

static enum db_result
live_changed(struct db *db, struct arena *a, const char *sql, const struct live_mark *seen,
             size_t count, struct live_mark **changed, size_t *found)
{
    enum db_result r = DB_OK;

    *changed = arena_array(a, count + 1, sizeof(**changed));
    *found = 0;
    for (size_t i = 0; i < count && r == DB_OK; i += SEEN_MAX) {
        r = live_run_seen(db, sql, seen + i, count - i < SEEN_MAX ? count - i : SEEN_MAX);
        if (r == DB_OK) {
            r = live_read_marks(db, count, *changed, found);
        }
    }
    return r;
}

enum db_result
live_rooms_changed(struct db *db, struct arena *a, const struct live_mark *seen, size_t count,
                   struct live_mark **changed, size_t *found)
{
    return live_changed(db, a,
                        "SELECT r.id, r.last_seq, r.last_at FROM " SEEN
                        " STRAIGHT_JOIN rooms r ON r.id = seen.id WHERE r.last_seq <> seen.number "
                        "OR (seen.at > 0 AND seen.number > 0 AND r.last_at <> seen.at)",
                        seen, count, changed, found);
}

enum db_result
live_users_changed(struct db *db, struct arena *a, const struct live_mark *seen, size_t count,
                   struct live_mark **changed, size_t *found)
{
    return live_changed(db, a,
                        "SELECT u.id, u.changes, 0 FROM " SEEN
                        " STRAIGHT_JOIN users u ON u.id = seen.id WHERE u.changes <> seen.number",
                        seen, count, changed, found);
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
live_sessions(struct db *db, struct arena *a, const struct live_mark *connected, size_t count,
              struct live_mark **sessions, size_t *found)
{
    int64_t now = clock_now_ms();
    size_t read = 0;
    enum db_result r = live_run_seen(db,
                                     "SELECT s.id, s.expires_at, 0 FROM " SEEN
                                     " STRAIGHT_JOIN sessions s ON s.id = seen.id "
                                     "WHERE s.user_id = seen.number",
                                     connected, count);

    *sessions = arena_array(a, count + 1, sizeof(**sessions));
    r = r == DB_OK ? live_read_marks(db, count, *sessions, &read) : r;
    *found = 0;
    for (size_t i = 0; i < read; i++) {
        if ((*sessions)[i].number > now) {
            (*sessions)[(*found)++] = (*sessions)[i];
        }
    }
    return r;
}
