/*
 * A Galera node without quorum replies to SELECT 1, so a table is read. Only a write shows that a
 * disk is full or a lock is held. Three rows of half a page each need a new page wherever they are.
 */
#include "db/readiness.h"

#include "base/clock.h"
#include "base/random.h"

enum { CHECK_US = 900 * 1000 };

const char *const database_state_words[] = {DATABASE_STATES(VOCABULARY_WORD) NULL};

#define ROW "(0, ?, 0, 0, REPEAT('x', 7500), 0)"

/* Never returns DB_OK, so nothing is committed. There is no room 0. */
static enum db_result
readiness_write(struct db *db, void *context)
{
    int64_t seq = 1 + random_below(INT32_MAX);
    enum db_result r = db_run(
        db,
        "INSERT INTO room_log (room_id, seq, kind, sender_id, body, created_at) VALUES " ROW
        ", " ROW ", " ROW,
        db_int(seq), db_int(seq + 1), db_int(seq + 2));

    (void)context;
    return r == DB_OK ? DB_CONFLICT : r;
}

static enum database_state
readiness_of_obstacle(enum db_obstacle obstacle)
{
    static const enum database_state found[] = {
        [DB_OBSTACLE_OTHER] = DATABASE_NO_WRITES,
        [DB_OBSTACLE_READ_ONLY] = DATABASE_READ_ONLY,
        [DB_OBSTACLE_FULL] = DATABASE_FULL,
        [DB_OBSTACLE_LOCKED] = DATABASE_LOCKED,
    };

    return found[obstacle];
}

enum database_state
readiness_check(struct db *db)
{
    enum db_result r;

    db_set_deadline(db, clock_mono_us() + CHECK_US);
    r = db_one(db, "SELECT id FROM users WHERE id = ?", db_int(1));
    if (r == DB_OK) {
        r = db_done(db);
    }
    if (r != DB_OK && r != DB_NONE) {
        return DATABASE_DOWN; /* also before `fastchat migrate` */
    }
    if (db_writes_wait()) {
        return DATABASE_LOCKED;
    }
    r = db_transaction(db, DB_REPEATABLE, readiness_write, NULL);
    return r == DB_CONFLICT ? DATABASE_OK : readiness_of_obstacle(db_obstacle(db));
}
