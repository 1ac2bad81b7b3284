/*
 * Removing a probe's user never removes rooms of others, who may have added that user to a room, or
 * have written to them, in the meantime.
 */
#include "db/probe.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "db/members.h"
#include "db/room_log.h"
#include "db/rooms.h"

enum {
    OLD_MS = 10 * 60 * 1000,
    OLD_AT_ONCE = 100,
    ROOMS_AT_ONCE = 100,
};

enum db_result
probe_add(struct db *db, struct arena *a, const char *password_hash, struct user *made)
{
    const char *name = arena_printf(a, "probe-%" PRIx64, (uint64_t)random_number());

    return users_add(db, a, name, name, password_hash, made);
}

/* The numbers that a statement of one value and one column returns, at most `most`. */
static enum db_result
read_numbers(struct db *db, const char *sql, int64_t value, int64_t *numbers, size_t most,
             size_t *count)
{
    const struct db_value values[] = {db_int(value)};
    enum db_result r = db_run_values(db, sql, values, 1);

    *count = 0;
    while (r == DB_OK && *count < most && db_next(db)) {
        numbers[(*count)++] = db_get_int(db, 0);
    }
    return r == DB_OK ? db_done(db) : r;
}

/* Runs statements of one value, a list that ends with NULL. */
static enum db_result
run_all(struct db *db, const char *const *statements, int64_t value)
{
    enum db_result r = DB_OK;

    for (; *statements != NULL && r == DB_OK; statements++) {
        r = db_run(db, *statements, db_int(value));
    }
    return r;
}

static const char *const room_removal[] = {
    "DELETE FROM room_log WHERE room_id = ?",
    "DELETE FROM departures WHERE room_id = ?",
    "DELETE FROM invitations WHERE room_id = ?",
    "DELETE FROM rooms WHERE id = ?",
    NULL,
};
static const char *const user_removal[] = {
    "DELETE FROM sessions WHERE user_id = ?",
    "DELETE FROM departures WHERE user_id = ?",
    "DELETE FROM invitations WHERE user_id = ?",
    "DELETE FROM daily_counts WHERE user_id = ?",
    "DELETE FROM users WHERE id = ?",
    NULL,
};

struct probe_removal {
    struct arena *arena;
    int64_t user_id;
};

/* The room's row lock keeps others from joining before it is deleted. */
static enum db_result
remove_from_room(struct db *db, int64_t room_id, int64_t user_id)
{
    int64_t others = 0;
    size_t count;
    enum db_result r = read_numbers(db, "SELECT id FROM rooms WHERE id = ? FOR UPDATE", room_id,
                                    &others, 1, &count);

    if (r == DB_OK) {
        r = db_run(db, "DELETE FROM members WHERE room_id = ? AND user_id = ?", db_int(room_id),
                   db_int(user_id));
    }
    if (r == DB_OK) {
        r = read_numbers(db, "SELECT COUNT(*) FROM members WHERE room_id = ?", room_id, &others, 1,
                         &count);
    }
    if (r != DB_OK) {
        return r;
    }
    if (others > 0) {
        return member_count_update(db, room_id);
    }
    return run_all(db, room_removal, room_id);
}

static enum db_result
remove_body(struct db *db, void *context)
{
    const struct probe_removal *removal = context;
    int64_t *rooms = arena_array(removal->arena, ROOMS_AT_ONCE, sizeof(*rooms));
    size_t count = ROOMS_AT_ONCE;
    enum db_result r = DB_OK;

    while (count == ROOMS_AT_ONCE && r == DB_OK) {
        r = read_numbers(db, "SELECT room_id FROM members WHERE user_id = ? LIMIT 100",
                         removal->user_id, rooms, ROOMS_AT_ONCE, &count);
        for (size_t i = 0; i < count && r == DB_OK; i++) {
            r = remove_from_room(db, rooms[i], removal->user_id);
        }
    }
    return r == DB_OK ? run_all(db, user_removal, removal->user_id) : r;
}

enum db_result
probe_remove(struct db *db, struct arena *a, int64_t user_id)
{
    return db_transaction(db, DB_REPEATABLE, remove_body, &(struct probe_removal){a, user_id});
}

enum db_result
probe_remove_old(struct db *db, struct arena *a)
{
    int64_t *users = arena_array(a, OLD_AT_ONCE, sizeof(*users));
    size_t count;
    enum db_result r = read_numbers(
        db, "SELECT id FROM users WHERE username_key LIKE 'probe-%' AND created_at < ? LIMIT 100",
        clock_now_ms() - OLD_MS, users, OLD_AT_ONCE, &count);

    for (size_t i = 0; i < count && r == DB_OK; i++) {
        r = probe_remove(db, a, users[i]);
    }
    return r;
}

struct probe_text {
    struct arena *arena;
    const char *body;
    bool read, same;
};

/* Never returns DB_OK, so nothing is committed. */
static enum db_result
message_body(struct db *db, void *context)
{
    struct probe_text *m = context;
    int64_t now = clock_now_ms();
    struct entry written = {.kind = ENTRY_MESSAGE, .client_id = "probe", .body = m->body}, read;
    size_t count;
    enum db_result r = db_run(db,
                              "INSERT INTO rooms (kind, name, is_open, last_at, created_at) "
                              "VALUES (?, 'probe', 0, ?, ?)",
                              db_int(ROOM_GROUP), db_int(now), db_int(now));

    if (r == DB_OK) {
        written.room_id = db_insert_id(db);
        r = room_log_append(db, &written);
    }
    if (r == DB_OK) {
        r = room_log_read(db, m->arena, written.room_id, NULL, &(struct log_range){.limit = 1},
                          &read, &count);
    }
    if (r != DB_OK) {
        return r;
    }
    m->read = true;
    m->same = count == 1 && read.seq == 1 && read.body != NULL && strcmp(read.body, m->body) == 0;
    return DB_CONFLICT;
}

enum db_result
probe_message(struct db *db, struct arena *a, const char *body, bool *same)
{
    struct probe_text m = {.arena = a, .body = body};
    enum db_result r = db_transaction(db, DB_REPEATABLE, message_body, &m);

    *same = m.same;
    return r == DB_CONFLICT && m.read ? DB_OK : r;
}
