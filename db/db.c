/* The connection: opening, losing and opening it again; running statements; transactions that are retried. */
#include "db/db.h"

#include <errmsg.h>
#include <mysqld_error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "db/connection.h"

enum {
    CONNECT_SECONDS = 3,
    IO_SECONDS = 10,
    REFUSED_US = 1000 * 1000, /* no second attempt to connect within that time */
    TRIES = 5,
    PAUSE_MS = 20, /* before a retry, at most that and so much more each time */
};

/* Names that one of the two client libraries lacks. */
enum {
    SERVER_LOST_EXTENDED = 2055,
    CONNECTION_KILLED = 1927,
    DISCONNECTED_IDLE = 4031,
    GALERA_NOT_READY = 1047,
    READ_ONLY = 1836,
};

static const char session_setup[] =
    "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', "
    "innodb_lock_wait_timeout = 5";
static const char isolation_setup[] = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

void
db_library_init(void)
{
    if (mysql_library_init(0, NULL, NULL) != 0) {
        log_error("the MySQL client library cannot be used");
        abort();
    }
}

enum error_kind
error_kind(unsigned number)
{
    switch (number) {
    case ER_DUP_ENTRY:
        return ERROR_DUPLICATE;
    case ER_LOCK_DEADLOCK:
    case ER_LOCK_WAIT_TIMEOUT:
        return ERROR_CONFLICT;
    case CR_SERVER_LOST:
    case SERVER_LOST_EXTENDED:
    case CONNECTION_KILLED:
    case ER_SERVER_SHUTDOWN:
    case CR_COMMANDS_OUT_OF_SYNC:
        return ERROR_LOST;
    case CR_SERVER_GONE_ERROR:
    case DISCONNECTED_IDLE:
        return ERROR_GONE;
    case ER_CON_COUNT_ERROR:
    case ER_TOO_MANY_USER_CONNECTIONS:
    case ER_OPTION_PREVENTS_STATEMENT: /* --read-only */
    case READ_ONLY:
    case GALERA_NOT_READY:
        return ERROR_AWAY;
    case ER_NEED_REPREPARE:
    case ER_UNKNOWN_STMT_HANDLER:
        return ERROR_REPREPARE;
    default:
        return ERROR_OTHER;
    }
}

struct db *
db_open(const struct settings *settings)
{
    struct db *db = calloc(1, sizeof(*db));

    if (db == NULL || mysql_thread_init() != 0) {
        log_error("out of memory");
        abort();
    }
    db->settings = settings;
    return db;
}

void
connection_drop(struct db *db)
{
    db->current = NULL;
    statement_close_all(db);
    if (db->mysql != NULL) {
        mysql_close(db->mysql);
        db->mysql = NULL;
    }
}

void
db_close(struct db *db)
{
    if (db != NULL) {
        connection_drop(db);
        free(db);
        mysql_thread_end();
    }
}

static bool
set_options(MYSQL *mysql)
{
    unsigned connect = CONNECT_SECONDS, io = IO_SECONDS, off = 0;

    return mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect) == 0 &&
           mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &io) == 0 &&
           mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &io) == 0 &&
           mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &off) == 0 &&
           mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4") == 0;
}

/* A new connection to `database` (NULL: none), set up; NULL, with mysql's words logged as a warning. */
static MYSQL *
connect_to(const struct settings *s, const char *database)
{
    MYSQL *mysql = mysql_init(NULL);
    const char *socket = s->db_socket[0] != '\0' ? s->db_socket : NULL;
    bool good;

    if (mysql == NULL) {
        log_error("out of memory");
        abort();
    }
    good = set_options(mysql) &&
           mysql_real_connect(mysql, socket != NULL ? "localhost" : s->db_host, s->db_user,
                              s->db_password, database, (unsigned)s->db_port, socket,
                              CLIENT_FOUND_ROWS) != NULL &&
           mysql_query(mysql, session_setup) == 0 && mysql_query(mysql, isolation_setup) == 0;
    if (!good) {
        log_warning("the database cannot be reached: %u %s", mysql_errno(mysql),
                    mysql_error(mysql));
        mysql_close(mysql);
        mysql = NULL;
    }
    return mysql;
}

enum db_result
db_connect(struct db *db)
{
    int64_t now = clock_mono_us();

    if (db->mysql != NULL) {
        return DB_OK;
    }
    if (db->refused_us != 0 && now - db->refused_us < REFUSED_US) {
        return DB_DOWN;
    }
    db->mysql = connect_to(db->settings, db->settings->db_database);
    db->used_us = now;
    db->refused_us = db->mysql == NULL ? clock_mono_us() : 0;
    return db->mysql == NULL ? DB_DOWN : DB_OK;
}

enum db_result
db_create_database(const struct settings *s)
{
    MYSQL *mysql = connect_to(s, NULL);
    char sql[160];
    bool good;

    if (mysql == NULL) {
        return DB_DOWN;
    }
    (void)snprintf(sql, sizeof(sql), "CREATE DATABASE IF NOT EXISTS `%s` CHARACTER SET utf8mb4",
                   s->db_database); /* a checked name of 64 at most */
    good = mysql_query(mysql, sql) == 0;
    if (!good) {
        log_warning("the database cannot be made: %u %s", mysql_errno(mysql), mysql_error(mysql));
    }
    mysql_close(mysql);
    return good ? DB_OK : DB_ERROR;
}

void
db_close_idle(struct db *db, int64_t idle_ms)
{
    if (db->mysql != NULL && clock_mono_us() - db->used_us > idle_ms * 1000) {
        connection_drop(db);
    }
}

void
db_set_deadline(struct db *db, int64_t mono_us)
{
    db->deadline_us = mono_us;
    db->over_deadline = false;
}

bool
db_over_deadline(const struct db *db)
{
    return db->over_deadline;
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

static void
echo(const struct db *db, const char *sql, int64_t us)
{
    if (db->settings->db_echo) {
        log_info("sql %lld.%03d ms: %s", (long long)(us / 1000), (int)(us % 1000), sql);
    }
}

/* Before each statement: is there time, and a connection that this transaction began on? */
static enum db_result
begin_call(struct db *db)
{
    db->used_us = clock_mono_us();
    if (db->deadline_us != 0 && db->used_us > db->deadline_us) {
        db->over_deadline = true;
        return DB_DOWN;
    }
    if (db->in_transaction) {
        return db->mysql != NULL ? DB_OK : DB_DOWN;
    }
    return db_connect(db);
}

static void
end_call(struct db *db, const char *sql)
{
    int64_t us = clock_mono_us() - db->used_us;

    db->stats.queries++;
    db->stats.us += us;
    echo(db, sql, us);
}

/* Prepare where needed, and run; 0 or the error. */
static unsigned
run_once(struct db *db, const char *sql, const struct db_value *values, size_t count)
{
    unsigned error;
    struct statement *s = statement_prepare(db, sql, &error);

    if (s == NULL) {
        return error;
    }
    error = statement_run(s, values, count);
    if (error == 0) {
        db->current = s->columns > 0 ? s : NULL;
        db->read_error = 0;
        db->affected = mysql_stmt_affected_rows(s->stmt);
        db->insert_id = (int64_t)mysql_stmt_insert_id(s->stmt);
    } else if (error_kind(error) == ERROR_REPREPARE) {
        statement_close(db, s);
    } else if (error_kind(error) == ERROR_OTHER) {
        log_error("%u %s: %s", error, mysql_stmt_error(s->stmt), sql);
    }
    return error;
}

static bool
only_reads(const char *sql)
{
    return strncmp(sql, "SELECT", 6) == 0;
}

/* What follows from an error: *again where the same statement may be sent once more. */
static enum db_result
judge(struct db *db, unsigned error, const char *sql, bool *again)
{
    enum error_kind kind = error_kind(error);

    *again = false;
    switch (kind) {
    case ERROR_DUPLICATE:
        return DB_EXISTS;
    case ERROR_CONFLICT:
        db->start_over = db->in_transaction;
        *again = !db->in_transaction; /* alone it was its own transaction, which was rolled back */
        return DB_ERROR;
    case ERROR_LOST:
    case ERROR_GONE:
        log_warning("the connection to the database was lost: %u", error);
        connection_drop(db);
        db->start_over = db->in_transaction;
        *again = !db->in_transaction && (kind == ERROR_GONE || only_reads(sql));
        return DB_DOWN;
    case ERROR_AWAY:
        log_warning("the database refuses work: %u", error);
        connection_drop(db);
        return DB_DOWN;
    case ERROR_REPREPARE:
        *again = true;
        return DB_ERROR;
    case ERROR_OTHER:
        break;
    }
    return DB_ERROR;
}

enum db_result
db_run_values(struct db *db, const char *sql, const struct db_value *values, size_t count)
{
    enum db_result r = DB_ERROR;
    bool again = true;

    if (db->current != NULL) {
        (void)db_done(db);
    }
    for (int tries = 0; tries < TRIES && again; tries++) {
        unsigned error;

        r = begin_call(db);
        if (r != DB_OK) {
            return r;
        }
        error = run_once(db, sql, values, count);
        end_call(db, sql);
        if (error == 0) {
            return DB_OK;
        }
        r = judge(db, error, sql, &again);
    }
    return r;
}

bool
db_next(struct db *db)
{
    struct statement *s = db->current;
    int64_t began = clock_mono_us();
    int got;

    if (s == NULL) {
        return false;
    }
    got = statement_fetch(s);
    db->stats.us += clock_mono_us() - began;
    if (got < 0) {
        db->read_error = mysql_stmt_errno(s->stmt);
    }
    return got > 0;
}

bool
db_is_null(struct db *db, unsigned column)
{
    return db->current->out_places[column].null != 0;
}

const char *
db_peek(struct db *db, unsigned column, size_t *len)
{
    struct place *place = &db->current->out_places[column];

    *len = place->null ? 0 : place->len;
    return place->null ? NULL : place->bytes;
}

int64_t
db_get_int(struct db *db, unsigned column)
{
    const struct statement *s = db->current;
    const struct place *place = &s->out_places[column];
    char digits[32] = "";

    if (place->null) {
        return 0;
    }
    if (s->out[column].buffer_type == MYSQL_TYPE_LONGLONG) {
        return place->number;
    }
    memcpy(digits, place->bytes, place->len < sizeof(digits) ? place->len : sizeof(digits) - 1);
    return strtoll(digits, NULL, 10); /* DECIMAL, as SUM and COALESCE make it */
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
    bool again;

    if (s == NULL) {
        return DB_OK;
    }
    db->current = NULL;
    db->read_error = 0;
    if (error == 0 && mysql_stmt_free_result(s->stmt) != 0) { /* reads away what was not fetched */
        error = mysql_stmt_errno(s->stmt);
    }
    return error == 0 ? DB_OK : judge(db, error, s->sql, &again);
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

enum db_result
db_execute(struct db *db, const char *sql, size_t len, const char **why)
{
    enum db_result r = begin_call(db);
    unsigned error;
    bool again;

    *why = "the database cannot be reached";
    if (r != DB_OK) {
        return r;
    }
    error = mysql_real_query(db->mysql, sql, (unsigned long)len) == 0 ? 0 : mysql_errno(db->mysql);
    end_call(db, sql);
    if (error == 0) {
        MYSQL_RES *rows = mysql_use_result(db->mysql);

        mysql_free_result(rows); /* reads them away */
        return DB_OK;
    }
    (void)snprintf(db->why, sizeof(db->why), "%u %s", error, mysql_error(db->mysql));
    *why = db->why;
    return judge(db, error, sql, &again);
}

/* START TRANSACTION, COMMIT, ROLLBACK. The words are used by nobody but the log. */
static enum db_result
command(struct db *db, const char *sql)
{
    const char *why;
    enum db_result r = db_execute(db, sql, strlen(sql), &why);

    if (r == DB_ERROR && !db->start_over) {
        log_error("%s: %s", sql, why);
    }
    return r;
}

void
db_retry(struct db *db)
{
    db->start_over = true;
}

static void
pause_before_retry(int tries)
{
    struct timespec time = {.tv_nsec = (long)random_below((uint32_t)(PAUSE_MS * tries)) * 1000000L};

    (void)nanosleep(&time, NULL);
}

/* START TRANSACTION, on a new connection where the old one turned out to be gone. */
static enum db_result
begin(struct db *db)
{
    enum db_result r = command(db, "START TRANSACTION");

    if (r == DB_DOWN && !db->over_deadline) {
        r = command(db, "START TRANSACTION");
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
        bool had = db->mysql != NULL;

        r = command(db, "COMMIT");
        if (r == DB_DOWN && had && commit == DB_ONCE) {
            db->start_over = false; /* whether it was committed, nobody knows */
        }
    } else if (db->mysql != NULL) {
        bool again = db->start_over;

        (void)command(db, "ROLLBACK");
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
    for (int tries = 1; tries <= TRIES; tries++) {
        enum db_result r;

        db->start_over = false;
        r = run_transaction(db, commit, body, context);
        if (!db->start_over || db->over_deadline) {
            return r;
        }
        pause_before_retry(tries);
    }
    return DB_DOWN; /* too busy: the caller may come again */
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
