/* Transactions: begin, commit or roll back, and run again where that may help. */
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/mysql/connection.h"
#include "db/mysql/writers.h"

/*
 * May begin after the deadline, since a transaction that has begun must be ended; takes a second.
 */
static enum db_result
transaction_command(struct db *db, const char *sql)
{
    unsigned error;

    db->used_us = clock_mono_us();
    error = db_limit_statement(db);
    if (error == 0) {
        error = db_run_text(db, sql, strlen(sql));
    }
    return error == 0 ? DB_OK : db_error_result(db, error, sql);
}

/* START TRANSACTION, on a new connection if the old one has been closed. */
static enum db_result
transaction_begin(struct db *db)
{
    static const char sql[] = "START TRANSACTION";
    enum db_result r = DB_DOWN;

    for (int tries = 0; tries < 2 && r == DB_DOWN && !db->over_deadline; tries++) {
        r = db_begin_call(db, sql);
        if (r == DB_OK) {
            r = transaction_command(db, sql);
        }
    }
    return r;
}

/* If even this fails, the server rolls back when the connection ends. */
static void
transaction_roll_back(struct db *db)
{
    if (db->mysql != NULL && transaction_command(db, "ROLLBACK") != DB_OK) {
        connection_drop(db);
    }
}

/*
 * Sets start_over if it is certain that nothing was committed, or if the body may be run twice.
 * After a failed COMMIT the result is never DB_ERROR, since the commit may have happened; it may
 * also have left the transaction open.
 */
static enum db_result
transaction_finish(struct db *db, enum db_commit commit)
{
    enum db_result r;

    if (db->mysql == NULL) {
        return DB_DOWN;
    }
    r = transaction_command(db, "COMMIT");
    if (r != DB_OK) {
        bool unknown = db->outcome_unknown, again = db->start_over;

        transaction_roll_back(db);
        db->start_over = again && (!unknown || commit == DB_REPEATABLE);
        return r == DB_ERROR ? DB_DOWN : r;
    }
    db->committed = true;
    return DB_OK;
}

/* One run: DB_OK if it was committed. Sets start_over if another run may help. */
static enum db_result
run_transaction(struct db *db, enum db_commit commit, db_body *body, void *context)
{
    enum db_result r = transaction_begin(db);

    if (r != DB_OK) {
        return r;
    }
    db->in_transaction = true;
    db->start_over = db->failed = false;
    r = body(db, context);
    if (db->current != NULL) {
        (void)db_done(db);
    }
    if (r == DB_OK && db->failed) {
        r = DB_DOWN;
    }
    if (r == DB_OK) {
        r = transaction_finish(db, commit);
    } else {
        bool again = db->start_over;

        transaction_roll_back(db);
        db->start_over = again;
    }
    db->in_transaction = db->failed = false;
    return r;
}

/* db_transaction, with a place among the writers. */
static enum db_result
transaction_run_tries(struct db *db, enum db_commit commit, db_body *body, void *context)
{
    int64_t began = clock_mono_us();

    for (int tries = 1;; tries++) {
        enum db_result r;

        db->start_over = false;
        r = run_transaction(db, commit, body, context);
        if (!db->start_over) {
            return r;
        }
        if (!db_has_tries_left(db, tries, began)) {
            log_warning("a transaction met %d conflicts, the last one: %s", tries, db->why);
            return DB_DOWN; /* too busy: the client may try again */
        }
        db_pause_before_retry(tries);
    }
}

enum db_result
db_transaction(struct db *db, enum db_commit commit, db_body *body, void *context)
{
    enum db_result r;
    bool taken;

    if (db->in_transaction) {
        log_error("a transaction inside a transaction");
        return DB_ERROR;
    }
    if (!writers_enter(db, &taken)) {
        return DB_DOWN;
    }
    r = transaction_run_tries(db, commit, body, context);
    writers_leave(db, taken, r);
    return r;
}

/*
 * Whether this library and this server return a compound's row. Run twice: libraries have failed at
 * the end of the first run, and at the binding of the second.
 */
static bool
transaction_try_compounds(struct db *db)
{
    static const char sql[] = "BEGIN NOT ATOMIC DO LAST_INSERT_ID(?); SELECT LAST_INSERT_ID(); END";

    for (int64_t n = 1; n <= 2; n++) {
        int64_t got;

        if (db_one(db, sql, db_int(n)) != DB_OK) {
            return false;
        }
        got = db_get_int(db, 0);
        if (db_done(db) != DB_OK) {
            return false;
        }
        if (got != n) {
            (void)db_note_error(db, CR_UNKNOWN_ERROR,
                                "a compound's row is not read as it was sent");
            return false;
        }
    }
    return true;
}

/* Logs once per process and outcome whether compounds are used. */
static void
transaction_report_way(const struct db *db, bool compounds, const char *why)
{
    static atomic_bool reported[2];

    if (!atomic_exchange(&reported[compounds], true)) {
        log_info("messages are appended by %s (client library %s, server %s%s%s)",
                 compounds ? "one compound statement" : "plain transactions",
                 mysql_get_client_info(),
                 db->mysql == NULL ? "lost" : mysql_get_server_info(db->mysql),
                 why[0] == '\0' ? "" : ": ", why);
    }
}

static void
transaction_find_way(struct db *db)
{
    bool has = strstr(mysql_get_server_info(db->mysql), "MariaDB") != NULL;
    bool work = has && transaction_try_compounds(db);

    if (db->over_deadline) {
        return; /* nothing was sent */
    }
    if (db->mysql == NULL) {
        db->compound_losses++;
    } else {
        db->compound_losses = 0;
        db->compounds = work ? COMPOUNDS_WORK : COMPOUNDS_FAIL;
    }
    if (db->mysql != NULL || db->compound_losses == COMPOUND_TRIES) {
        transaction_report_way(db, work, has && !work ? db->why : "");
    }
}

/*
 * A try may lose the connection: because the library cannot read a compound's row, or because the
 * server went away at that moment. After COMPOUND_TRIES losses in a row the library is to blame,
 * and compounds are not tried again.
 */
bool
db_has_compounds(struct db *db)
{
    if (db_connect(db) != DB_OK || db->compound_losses == COMPOUND_TRIES) {
        return false;
    }
    if (db->compounds == COMPOUNDS_UNKNOWN) {
        transaction_find_way(db);
    }
    return db->compounds == COMPOUNDS_WORK;
}

enum db_result
db_compound_values(struct db *db, const char *sql, const struct db_value *values, size_t count)
{
    enum db_result r;
    bool taken;

    if (db->in_transaction) {
        log_error("a compound inside a transaction: %s", sql);
        return DB_ERROR;
    }
    if (!writers_enter(db, &taken)) {
        return DB_DOWN;
    }
    r = db_one_values(db, sql, values, count);
    writers_leave(db, taken, r);
    if (r == DB_OK) {
        db->committed = true;
        return DB_OK;
    }
    transaction_roll_back(db);
    /* An unexpected error may have come after the COMMIT inside. */
    return r == DB_ERROR || r == DB_NONE ? DB_DOWN : r;
}
