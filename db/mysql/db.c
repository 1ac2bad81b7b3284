/* Running statements and reading their rows. */
#include "db/mysql/db.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/wait_hook.h"
#include "db/mysql/connection.h"
#include "db/mysql/locked_tables.h"
#include "db/mysql/writers.h"

enum {
    PAUSE_MS = 20,            /* before the first retry at most; grows by as much each time */
    OPTIONAL_US = 900 * 1000, /* for a write that may be left undone */
};

void
db_set_deadline(struct db *db, int64_t mono_us)
{
    db->deadline_us = mono_us;
    db->over_deadline = false;
    db->committed = false;
    if (db->current != NULL && !db->in_transaction) {
        log_error("rows were left unread: %s", db->current->sql);
        (void)db_done(db);
    }
}

bool
db_over_deadline(const struct db *db)
{
    return db->over_deadline;
}

bool
db_has_committed(const struct db *db)
{
    return db->committed;
}

struct db_value
db_int(int64_t n)
{
    return (struct db_value){.type = DB_VALUE_INT, .number = n};
}

struct db_value
db_text(const char *s)
{
    if (s == NULL) {
        return (struct db_value){.type = DB_VALUE_NULL};
    }
    return (struct db_value){.type = DB_VALUE_TEXT, .at = s, .len = strlen(s)};
}

struct db_value
db_bytes(const void *at, size_t len)
{
    return (struct db_value){.type = DB_VALUE_BYTES, .at = at, .len = len};
}

/* Logs without the values: they may be secrets. */
static void
db_log_statement(const struct db *db, const char *sql, size_t len, const char *what, uint64_t rows)
{
    if (db->settings->db_echo) {
        log_info("sql %lld.%02d ms, %llu row%s%s: %.*s", (long long)(db->call_us / 1000),
                 (int)(db->call_us % 1000 / 10), (unsigned long long)rows, rows == 1 ? "" : "s",
                 what, (int)len, sql);
    }
}

/* Unread rows, or an unread error, must not meet the next statement. */
static bool
db_end_rows(struct db *db, const char *sql)
{
    if (db->current == NULL) {
        return true;
    }
    if (!db->at_end) {
        log_error("the rows of another statement are still to be read: %s: %s", sql,
                  db->current->sql);
        return false;
    }
    (void)db_done(db);
    return true;
}

bool
connection_is_closed(const struct db *db)
{
    struct pollfd at = {.fd = mysql_descriptor(db->mysql), .events = POLLRDHUP};

    return at.fd < 0 || poll(&at, 1, 0) > 0;
}

bool
db_is_open(const struct db *db)
{
    return db->mysql != NULL && !connection_is_closed(db);
}

/* The seconds that a statement may take which begins at db->used_us. */
static int
db_seconds_left(const struct db *db)
{
    int64_t us = db->deadline_us - db->used_us, seconds = (us + 500000) / 1000000;

    if (db->deadline_us == 0 || seconds > STATEMENT_SECONDS) {
        return STATEMENT_SECONDS;
    }
    return seconds > 0 ? (int)seconds : 1;
}

unsigned
db_limit_statement(struct db *db)
{
    int seconds = db_seconds_left(db);
    char sql[SESSION_LIMITS_SIZE];
    unsigned error;

    if (seconds == db->limit_seconds || db->without_time_outs) {
        return 0;
    }
    session_limits_sql(db->dialect, seconds, sql);
    error = db_run_text(db, sql, strlen(sql));
    if (error == 0) {
        db->limit_seconds = seconds;
    }
    return error;
}

/* Checks that the next statement may begin now. */
static enum db_result
db_check_call(struct db *db, const char *sql)
{
    if (!db_end_rows(db, sql)) {
        return DB_ERROR;
    }
    db->used_us = clock_mono_us();
    if (db->deadline_us != 0 && db->used_us > db->deadline_us) {
        db->over_deadline = true;
        return DB_DOWN;
    }
    /* A statement of a void transaction would run outside of it. */
    return db->in_transaction && (db->mysql == NULL || db->start_over || db->failed) ? DB_DOWN
                                                                                     : DB_OK;
}

enum db_result
db_begin_call(struct db *db, const char *sql)
{
    enum db_result r = db_check_call(db, sql);
    unsigned error;

    wait_hook_run();
    if (r == DB_OK && !db->in_transaction) {
        if (db->mysql != NULL && connection_is_closed(db)) {
            connection_drop(db);
        }
        r = db_connect(db);
    }
    if (r != DB_OK) {
        return r;
    }
    error = db_limit_statement(db);
    if (error != 0) {
        return db_error_result(db, error, sql);
    }
    watch_begin(&db->watch, db->deadline_us);
    return DB_OK;
}

static void
db_end_call(struct db *db)
{
    db->call_us = clock_mono_us() - db->used_us;
    db->stats.queries++;
    db->stats.us += db->call_us;
}

/*
 * The error of a statement. After an error while unbuffered rows are fetched, Connector/C sets only
 * the connection's number: the statement's own stays 0, as if the rows had ended.
 */
static unsigned
db_statement_error(struct db *db, const struct statement *s)
{
    unsigned number = mysql_stmt_errno(s->stmt);

    if (number != 0) {
        return db_note_error(db, number, mysql_stmt_error(s->stmt));
    }
    number = mysql_errno(db->mysql);
    return number == 0 ? 0 : db_note_error(db, number, mysql_error(db->mysql));
}

/* Prepares if necessary, and runs; 0 or the error, with its text in db->why. */
static unsigned
db_run_once(struct db *db, const char *sql, const struct db_value *values, size_t count)
{
    unsigned error;
    struct statement *s = statement_prepare(db, sql, &error);

    if (s == NULL) {
        return error;
    }
    error = statement_run(s, values, count);
    if (error != 0) {
        (void)db_note_error(db, error, mysql_stmt_error(s->stmt));
        if (error_kind(error) == ERROR_REPREPARE) {
            statement_close(db, s);
        }
    } else if (s->columns > 0) {
        db->current = s;
        db->at_end = false;
        db->rows = 0;
    } else {
        db->affected = mysql_stmt_affected_rows(s->stmt);
        db->insert_id = (int64_t)mysql_stmt_insert_id(s->stmt);
        db->committed = db->committed || (!db->in_transaction && db->affected > 0);
    }
    return error;
}

/* Whether running it twice does no harm: a SELECT, or a compound. */
static bool
statement_is_repeatable(const char *sql)
{
    return strncmp(sql, "SELECT", 6) == 0 || strncmp(sql, "BEGIN NOT ATOMIC", 16) == 0;
}

/* Whether a failed statement may be sent again. `lost`: an earlier try lost the connection. */
static bool
db_may_repeat(const struct db *db, unsigned error, const char *sql, bool lost)
{
    switch (error_kind(error)) {
    case ERROR_CONFLICT: /* outside a transaction it was rolled back; a read would wait again */
        return !db->in_transaction &&
               !(error == ER_LOCK_WAIT_TIMEOUT && strncmp(sql, "SELECT", 6) == 0);
    case ERROR_GONE:
        return !db->in_transaction && !lost;
    case ERROR_LOST:
        return !db->in_transaction && !lost && statement_is_repeatable(sql);
    case ERROR_REPREPARE:
        return true;
    default:
        return false;
    }
}

void
db_pause_before_retry(int tries)
{
    struct timespec time = {.tv_nsec = (long)random_below((uint32_t)(PAUSE_MS * tries)) * 1000000L};

    (void)nanosleep(&time, NULL);
}

bool
db_has_tries_left(struct db *db, int tries, int64_t began_us)
{
    int64_t now = clock_mono_us();

    db->over_deadline = db->over_deadline || (db->deadline_us != 0 && now > db->deadline_us);
    return !db->over_deadline && tries < DB_TRIES && now - began_us < DB_TRIES_MS * INT64_C(1000);
}

/* db_run_values of a statement that may be sent. */
static enum db_result
db_run_tries(struct db *db, const char *sql, const struct db_value *values, size_t count)
{
    int64_t began = 0;
    bool lost = false;

    for (int tries = 1;; tries++) {
        enum db_result r = db_begin_call(db, sql);
        enum error_kind kind;
        unsigned error;

        if (r != DB_OK) {
            return r;
        }
        began = tries == 1 ? db->used_us : began;
        error = db_run_once(db, sql, values, count);
        db_end_call(db);
        if (db->current == NULL) {
            watch_end(&db->watch);
        }
        if (error == 0) {
            if (db->current == NULL) {
                db_log_statement(db, sql, strlen(sql), " affected", db->affected);
            }
            return DB_OK;
        }
        db_log_statement(db, sql, strlen(sql), " (it failed)", 0);
        kind = error_kind(error);
        if (kind != ERROR_REPREPARE || tries == DB_TRIES) {
            r = db_error_result(db, error, sql);
        }
        if (!db_may_repeat(db, error, sql, lost) || tries == DB_TRIES ||
            (kind == ERROR_CONFLICT && !db_has_tries_left(db, tries, began))) {
            if (kind == ERROR_CONFLICT && !db->in_transaction) {
                log_warning("met %d conflicts, the last one: %s: %s", tries, db->why, sql);
            }
            return r;
        }
        lost = lost || kind == ERROR_LOST || kind == ERROR_GONE;
        if (kind == ERROR_CONFLICT) {
            db_pause_before_retry(tries);
        }
    }
}

/* Whether it changes rows: everything else that a model sends by itself is a SELECT. */
static bool
statement_writes(const char *sql)
{
    return strncmp(sql, "INSERT", 6) == 0 || strncmp(sql, "UPDATE", 6) == 0 ||
           strncmp(sql, "DELETE", 6) == 0 || strncmp(sql, "REPLACE", 7) == 0;
}

enum db_result
db_run_values(struct db *db, const char *sql, const struct db_value *values, size_t count)
{
    bool taken = false, waits;
    enum db_result r = DB_DOWN;

    db->obstacle = DB_OBSTACLE_OTHER;
    if (statement_writes(sql) && !writers_enter(db, &taken)) {
        return r;
    }
    if (locked_tables_admit(db, sql, &waits)) {
        r = db_run_tries(db, sql, values, count);
        locked_tables_note(db, sql, waits, r);
    } else {
        db->failed = db->in_transaction;
    }
    writers_leave(db, taken, r);
    return r;
}

void
db_run_optional_values(struct db *db, const char *sql, const struct db_value *values, size_t count)
{
    int64_t deadline = db->deadline_us, brief = clock_mono_us() + OPTIONAL_US;
    bool over = db->over_deadline;

    if (db_writes_wait()) {
        return;
    }
    if (deadline == 0 || brief < deadline) {
        db->deadline_us = brief;
    }
    (void)!db_run_values(db, sql, values, count);
    db->deadline_us = deadline;
    db->over_deadline = over;
}

bool
db_next(struct db *db)
{
    struct statement *s = db->current;
    int got;

    if (s == NULL || db->at_end) {
        return false;
    }
    got = statement_fetch(s);
    if (got > 0) {
        db->rows++;
        return true;
    }
    db->at_end = true;
    if (got < 0) {
        db->read_error = db_statement_error(db, s);
        if (db->read_error == 0) {
            db->read_error = db_note_error(db, CR_UNKNOWN_ERROR, "the rows ended without a reason");
        }
    }
    return false;
}

/* The buffer of a column of the current row. Aborts if there is no such column: a bug. */
static const struct value_buffer *
db_column_buffer(const struct db *db, unsigned column)
{
    if (db->current == NULL || column >= db->current->columns) {
        log_error("there is no column %u: %s", column,
                  db->current == NULL ? "no row" : db->current->sql);
        abort();
    }
    return &db->current->out_buffers[column];
}

bool
db_is_null(struct db *db, unsigned column)
{
    return db_column_buffer(db, column)->null != 0;
}

const char *
db_peek(struct db *db, unsigned column, size_t *len)
{
    const struct value_buffer *buffer = db_column_buffer(db, column);

    if (buffer->bytes == NULL) {
        log_error("column %u is a number: %s", column, db->current->sql);
        abort();
    }
    *len = buffer->null ? 0 : buffer->len;
    return buffer->null ? NULL : buffer->bytes;
}

int64_t
db_get_int(struct db *db, unsigned column)
{
    const struct value_buffer *buffer = db_column_buffer(db, column);
    char digits[32] = "";

    if (buffer->null) {
        return 0;
    }
    if (buffer->bytes == NULL) {
        return buffer->number;
    }
    memcpy(digits, buffer->bytes, buffer->len < sizeof(digits) ? buffer->len : sizeof(digits) - 1);
    return strtoll(digits, NULL, 10); /* DECIMAL, the type of SUM and COALESCE */
}

const char *
db_get_text(struct db *db, unsigned column, struct arena *a)
{
    size_t len;
    const char *bytes = db_peek(db, column, &len);

    return bytes == NULL ? NULL : arena_strndup(a, bytes, len);
}

enum db_result
db_done(struct db *db)
{
    struct statement *s = db->current;
    unsigned error = db->read_error;

    if (s == NULL) {
        return DB_OK;
    }
    db->current = NULL;
    db->read_error = 0;
    if (error == 0) {
        statement_end_rows(s);
        error = db_statement_error(db, s);
    }
    watch_end(&db->watch);
    db_log_statement(db, s->sql, strlen(s->sql), error == 0 ? "" : " (then it failed)", db->rows);
    return error == 0 ? DB_OK : db_error_result(db, error, s->sql);
}

enum db_result
db_one_values(struct db *db, const char *sql, const struct db_value *values, size_t count)
{
    enum db_result r = db_run_values(db, sql, values, count);

    if (r != DB_OK || db_next(db)) {
        return r;
    }
    r = db_done(db);
    return r == DB_OK ? DB_NONE : r;
}

uint64_t
db_affected(const struct db *db)
{
    return db->affected;
}

int64_t
db_insert_id(const struct db *db)
{
    return db->insert_id;
}

/* The number of the connection's error; never 0, even if the library set none. */
static unsigned
db_connection_error(const struct db *db)
{
    unsigned number = mysql_errno(db->mysql);

    return number != 0 ? number : CR_UNKNOWN_ERROR;
}

unsigned
db_run_text(struct db *db, const char *sql, size_t len)
{
    unsigned error;

    wait_hook_run();
    db->used_us = clock_mono_us();
    if (connection_is_closed(db)) { /* a COMMIT that was not sent did not happen */
        return db_note_error(db, CR_SERVER_GONE_ERROR, "the server has closed the connection");
    }
    watch_begin(&db->watch, db->deadline_us);
    error = mysql_real_query(db->mysql, sql, (unsigned long)len) == 0 ? 0 : db_connection_error(db);
    if (error == 0 && mysql_field_count(db->mysql) > 0) {
        mysql_free_result(mysql_use_result(db->mysql)); /* reads and drops the rows */
        error = mysql_errno(db->mysql);
    }
    watch_end(&db->watch);
    db_end_call(db);
    if (error != 0) {
        (void)db_note_error(db, error, mysql_error(db->mysql));
    }
    db_log_statement(db, sql, len, error == 0 ? "" : " (it failed)", 0);
    return error;
}

enum db_result
db_execute(struct db *db, const char *sql, size_t len, const char **why)
{
    enum db_result r = db_begin_call(db, sql);
    unsigned error;

    if (r != DB_OK) {
        *why = r == DB_DOWN ? "the database cannot be reached"
                            : "the rows of another statement are unread";
        return r;
    }
    error = db_run_text(db, sql, len);
    *why = db->why;
    return error == 0 ? DB_OK : db_error_result(db, error, NULL);
}

struct db_stats
db_stats(const struct db *db)
{
    return db->stats;
}

void
db_stats_reset(struct db *db)
{
    db->stats = (struct db_stats){0};
}
