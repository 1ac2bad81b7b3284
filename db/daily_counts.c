/* One row per user and day; its lock makes several transactions of a user count together. */
#include "db/daily_counts.h"

#include "base/clock.h"

enum { DAY_SECONDS = 24 * 60 * 60 };

static enum db_result
daily_counts_deny(struct caller *caller, enum denial reason, int64_t now_ms)
{
    caller->wait_seconds = DAY_SECONDS - (int)(now_ms / 1000 % DAY_SECONDS);
    return caller_deny(caller, reason);
}

enum db_result
daily_counts_add(struct caller *caller, int rooms, int strangers)
{
    const struct settings *s = caller->settings;
    int64_t now = clock_now_ms(), day = now / 1000 / DAY_SECONDS, room_count, stranger_count;
    enum db_result r;

    if ((rooms == 0 || s->rooms_per_day == 0) && (strangers == 0 || s->strangers_per_day == 0)) {
        return DB_OK;
    }
    r = db_run(caller->db,
               "INSERT INTO daily_counts (user_id, day, rooms, strangers) VALUES (?, ?, ?, ?) "
               "ON DUPLICATE KEY UPDATE rooms = rooms + ?, strangers = strangers + ?",
               db_int(caller->user_id), db_int(day), db_int(rooms), db_int(strangers),
               db_int(rooms), db_int(strangers));
    if (r != DB_OK) {
        return r;
    }
    r = db_one(caller->db,
               "SELECT rooms, strangers FROM daily_counts WHERE user_id = ? AND day = ?",
               db_int(caller->user_id), db_int(day));
    if (r != DB_OK) {
        return r;
    }
    room_count = db_get_int(caller->db, 0);
    stranger_count = db_get_int(caller->db, 1);
    r = db_done(caller->db);
    if (r != DB_OK) {
        return r;
    }
    if (rooms > 0 && s->rooms_per_day > 0 && room_count > s->rooms_per_day) {
        return daily_counts_deny(caller, DENIED_TOO_MANY_ROOMS, now);
    }
    if (strangers > 0 && s->strangers_per_day > 0 && stranger_count > s->strangers_per_day) {
        return daily_counts_deny(caller, DENIED_TOO_MANY_STRANGERS, now);
    }
    return DB_OK;
}

enum db_result
daily_counts_purge(struct db *db, size_t limit, uint64_t *deleted)
{
    enum db_result r = db_run(db, "DELETE FROM daily_counts WHERE day < ? LIMIT ?",
                              db_int(clock_now_ms() / 1000 / DAY_SECONDS), db_int((int64_t)limit));

    *deleted = db_affected(db);
    return r;
}
