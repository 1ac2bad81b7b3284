/* Transactions: begun, committed or undone, and run again where that may help. */
#include <string.h>

#include "base/log.h"
#include "db/connection.h"

/* Without a look at the time: a deadline must not keep what was begun from being ended. */
static enum db_result
command(struct db *db, const char *sql)
{
    unsigned error = run_text(db, sql, strlen(sql));

    return error == 0 ? DB_OK : judge(db, error, sql);
}

/* START TRANSACTION, on a new connection where the old one turned out to be gone. */
static enum db_result
begin(struct db *db)
{
    static const char sql[] = "START TRANSACTION";
    enum db_result r = DB_DOWN;

    for (int tries = 0; tries < 2 && r == DB_DOWN && !db->over_deadline; tries++) {
        r = begin_call(db, sql);
        if (r == DB_OK) {
            r = command(db, sql);
        }
    }
    return r;
}

/* Where even that fails, the server does it when the connection ends. */
static void
roll_back(struct db *db)
{
    if (db->mysql != NULL && command(db, "ROLLBACK") != DB_OK) {
        connection_drop(db);
    }
}

/*
 * Sets start_over where the outcome is known to be nothing, or may be found out by another run. A commit that failed may
 * have left the transaction open.
 */
static enum db_result
finish(struct db *db, enum db_commit commit)
{
    enum db_result r;

    if (db->mysql == NULL) {
        return DB_DOWN;
    }
    r = command(db, "COMMIT");
    if (r != DB_OK) {
        bool unknown = db->outcome_unknown, again = db->start_over;

        roll_back(db);
        db->start_over = again && (!unknown || commit == DB_REPEATABLE);
    }
    return r;
}

/* One run: DB_OK when it is committed. Sets start_over where another run may help. */
static enum db_result
run_transaction(struct db *db, enum db_commit commit, db_body *body, void *context)
{
    enum db_result r = begin(db);

    if (r != DB_OK) {
        return r;
    }
    db->in_transaction = true;
    db->start_over = false;
    r = body(db, context);
    if (db->current != NULL) {
        (void)db_done(db);
    }
    if (r == DB_OK && !db->start_over) {
        r = finish(db, commit);
    } else {
        bool again = db->start_over;

        roll_back(db);
        db->start_over = again;
    }
    db->in_transaction = false;
    return r;
}

enum db_result
db_transaction(struct db *db, enum db_commit commit, db_body *body, void *context)
{
    if (db->in_transaction) {
        log_error("a transaction inside a transaction");
        return DB_ERROR;
    }
    for (int tries = 1; tries <= DB_TRIES; tries++) {
        enum db_result r;

        db->start_over = false;
        r = run_transaction(db, commit, body, context);
        if (!db->start_over) {
            return r;
        }
        if (db->over_deadline) {
            return DB_DOWN;
        }
        pause_before_retry(tries);
    }
    log_warning("a transaction met conflicts %d times, the last one: %s", DB_TRIES, db->why);
    return DB_DOWN; /* too busy: the caller may come again */
}

bool
db_has_compounds(struct db *db)
{
    return db_connect(db) == DB_OK && strstr(mysql_get_server_info(db->mysql), "MariaDB") != NULL;
}

enum db_result
db_compound_values(struct db *db, const char *sql, const struct db_value *values, size_t count)
{
    enum db_result r;

    if (db->in_transaction) {
        log_error("a compound inside a transaction: %s", sql);
        return DB_ERROR;
    }
    r = db_one_values(db, sql, values, count);
    if (r != DB_OK && r != DB_NONE) {
        roll_back(db);
    }
    return r;
}
