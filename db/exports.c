/*
 * Each chunk is written by one statement, outside any transaction, so that no transaction is long.
 * The row in `exports` then makes the chunks a file.
 */
#include "db/exports.h"

#include <string.h>

#include "db/task_rows.h"
#include "db/tasks.h"

enum { FIRST_ROOMS = 64 };

/* Returns a copy with twice the room. The old array stays in the arena until that is reset. */
static struct export_room *
export_rooms_grow(struct arena *a, const struct export_room *rooms, size_t size)
{
    struct export_room *more = arena_array(a, 2 * size, sizeof(*more));

    memcpy(more, rooms, size * sizeof(*more));
    return more;
}

enum db_result
exports_rooms(struct db *db, struct arena *a, int64_t user_id, struct export_room **rooms,
              size_t *count)
{
    size_t size = FIRST_ROOMS;
    enum db_result r = db_run(
        db,
        "SELECT r.id, r.last_seq, r.created_at, r.kind, m.role, "
        "IF(r.kind = 1, COALESCE(p.nickname, ''), r.name) "
        "FROM members m "
        "JOIN rooms r ON r.id = m.room_id "
        "LEFT JOIN members pm ON r.kind = 1 AND pm.room_id = r.id AND pm.user_id <> m.user_id "
        "LEFT JOIN users p ON p.id = pm.user_id "
        "WHERE m.user_id = ? "
        "ORDER BY m.room_id",
        db_int(user_id));

    *rooms = arena_array(a, size, sizeof(**rooms));
    *count = 0;
    if (r != DB_OK) {
        return r;
    }
    while (db_next(db)) {
        if (*count == size) {
            *rooms = export_rooms_grow(a, *rooms, size);
            size *= 2;
        }
        (*rooms)[(*count)++] = (struct export_room){
            .id = db_get_int(db, 0),
            .last_seq = db_get_int(db, 1),
            .created_at = db_get_int(db, 2),
            .kind = (int)db_get_int(db, 3),
            .role = (int)db_get_int(db, 4),
            .title = db_get_text(db, 5, a),
        };
    }
    return db_done(db);
}

enum db_result
exports_add_chunk(struct db *db, int64_t id, int64_t run, int number, const char *bytes, size_t len)
{
    return db_run(db,
                  "INSERT INTO export_chunks (export_id, run, number, bytes) "
                  "VALUES (?, ?, ?, ?)",
                  db_int(id), db_int(run), db_int(number), db_bytes(bytes, len));
}

enum db_result
exports_expiry(struct db *db, int hours, int64_t *at)
{
    enum db_result r = db_run(db, "SELECT " DB_NOW " + 3600000 * ?", db_int(hours));

    if (r != DB_OK) {
        return r;
    }
    *at = db_next(db) ? db_get_int(db, 0) : 0;
    return db_done(db);
}

enum db_result
exports_finish(struct db *db, const struct export *e)
{
    enum db_result r = db_run(db,
                              "UPDATE exports "
                              "SET expires_at = LEAST(expires_at, " DB_NOW ") "
                              "WHERE user_id = ?",
                              db_int(e->user_id));

    if (r != DB_OK) {
        return r;
    }
    return db_run(db,
                  "INSERT INTO exports (id, user_id, run, bytes, made_at, expires_at) "
                  "VALUES (?, ?, ?, ?, " DB_NOW ", ?)",
                  db_int(e->id), db_int(e->user_id), db_int(e->run), db_int(e->bytes),
                  db_int(e->expires_at));
}

enum db_result
exports_find(struct db *db, int64_t id, int64_t user_id, struct export *found)
{
    enum db_result r = db_one(db,
                              "SELECT run, bytes, made_at, expires_at "
                              "FROM exports "
                              "WHERE id = ? AND user_id = ? AND expires_at > " DB_NOW,
                              db_int(id), db_int(user_id));

    if (r != DB_OK) {
        return r;
    }
    *found = (struct export){
        .id = id,
        .user_id = user_id,
        .run = db_get_int(db, 0),
        .bytes = db_get_int(db, 1),
        .made_at = db_get_int(db, 2),
        .expires_at = db_get_int(db, 3),
    };
    return db_done(db);
}

enum db_result
exports_read(struct db *db, const struct export *e, int64_t session_id, int64_t at, int64_t max,
             struct buf *out)
{
    enum db_result r = db_one(db,
                              "SELECT SUBSTRING(bytes, ?, ?) "
                              "FROM export_chunks "
                              "WHERE export_id = ? AND run = ? AND number = ? "
                              "AND EXISTS (SELECT 1 FROM sessions WHERE id = ?)",
                              db_int(at % EXPORT_CHUNK_BYTES + 1), db_int(max), db_int(e->id),
                              db_int(e->run), db_int(at / EXPORT_CHUNK_BYTES), db_int(session_id));
    const char *bytes;
    size_t len;

    if (r != DB_OK) {
        return r;
    }
    bytes = db_peek(db, 0, &len);
    buf_add(out, bytes, len);
    return db_done(db);
}

/*
 * Finds a run whose chunks are no longer needed. One statement sees one moment: a run that is
 * neither a file nor in progress at that moment will never be a file, since a claim token is used
 * once, and a file is finished together with its task.
 */
static enum db_result
export_find_dead_run(struct db *db, int64_t *id, int64_t *run)
{
    enum db_result r = db_one(
        db,
        "SELECT c.export_id, c.run "
        "FROM (SELECT DISTINCT export_id, run FROM export_chunks) c "
        "LEFT JOIN exports e ON e.id = c.export_id AND e.run = c.run "
        "LEFT JOIN tasks t ON t.id = c.export_id AND t.claim = c.run AND t.state = ? "
        "WHERE e.id IS NULL AND t.id IS NULL "
        "LIMIT 1",
        db_int(TASK_RUNNING));

    if (r != DB_OK) {
        return r;
    }
    *id = db_get_int(db, 0);
    *run = db_get_int(db, 1);
    return db_done(db);
}

/* Fewer rows at a time than of other tables, since chunks are large. */
enum { CHUNKS_AT_ONCE = 50 };

static enum db_result
exports_purge_expired(struct db *db, size_t limit, uint64_t *deleted)
{
    enum db_result r = db_run(db,
                              "DELETE FROM exports "
                              "WHERE expires_at <= " DB_NOW " "
                              "LIMIT ?",
                              db_int((int64_t)limit));

    *deleted = r == DB_OK ? db_affected(db) : 0;
    return r;
}

static enum db_result
exports_purge_chunks(struct db *db, size_t limit, uint64_t *deleted)
{
    int64_t id, run;
    enum db_result r = export_find_dead_run(db, &id, &run);

    *deleted = 0;
    if (r == DB_NONE) {
        return DB_OK;
    }
    if (r != DB_OK) {
        return r;
    }
    r = db_run(db,
               "DELETE FROM export_chunks "
               "WHERE export_id = ? AND run = ? "
               "LIMIT ?",
               db_int(id), db_int(run),
               db_int(limit < CHUNKS_AT_ONCE ? (int64_t)limit : CHUNKS_AT_ONCE));
    *deleted = r == DB_OK ? db_affected(db) : 0;
    return r;
}

enum db_result
exports_purge(struct db *db, size_t limit, uint64_t *deleted)
{
    uint64_t chunks;
    enum db_result r = exports_purge_expired(db, limit, deleted);

    if (r != DB_OK) {
        return r;
    }
    r = exports_purge_chunks(db, limit, &chunks);
    *deleted += chunks;
    return r;
}
