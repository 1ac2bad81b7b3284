/*
 * The connection itself: opening, losing and reopening it, and what each kind of error does to it.
 */
#include "db/mysql/connection.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "db/mysql/server_version.h"
#include "db/mysql/tls.h"

enum {
    CONNECT_SECONDS = 3,
    IO_SECONDS = STATEMENT_SECONDS + 1, /* the server ends a statement first, with an outcome */
    REFUSED_US = 1000 * 1000,           /* from a failed attempt to connect to the next one */
    COMPLAIN_US = 1000 * 1000,          /* between two warnings that the server is away */
};

void
db_library_init(void)
{
    if (mysql_library_init(0, NULL, NULL) != 0) {
        log_error("the MySQL client library cannot be used");
        abort();
    }
}

unsigned
db_note_error(struct db *db, unsigned number, const char *words)
{
    (void)snprintf(db->why, sizeof(db->why), "%u %s", number, words);
    return number;
}

struct db *
db_open(const struct settings *settings)
{
    struct db *db = memory_new(struct db);

    if (mysql_thread_init() != 0) {
        memory_exhausted(0);
    }
    db->settings = settings;
    return db;
}

void
connection_drop(struct db *db)
{
    db->current = NULL;
    db->read_error = 0;
    watch_detach(&db->watch);
    statement_close_all(db);
    db->compounds = COMPOUNDS_UNKNOWN;
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

void
db_allow_long(struct db *db)
{
    db->without_time_outs = true;
}

/* The seconds that connecting may take: less if the request's deadline is near. */
static unsigned
connection_seconds(const struct db *db)
{
    int64_t seconds = (db->deadline_us - clock_mono_us() + 500000) / 1000000;

    if (db->deadline_us == 0 || seconds > CONNECT_SECONDS) {
        return CONNECT_SECONDS;
    }
    return seconds > 0 ? (unsigned)seconds : 1;
}

static bool
connection_set_options(MYSQL *mysql, const struct db *db)
{
    unsigned connect = connection_seconds(db), off = 0;
    unsigned io = db->without_time_outs ? 0 : IO_SECONDS;

    return mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect) == 0 &&
           mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &io) == 0 &&
           mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &io) == 0 &&
           mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &off) == 0 &&
           mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4") == 0;
}

/* A proxy such as ProxySQL greets with a version of its own; the server itself is queried. */
static bool
server_is_supported_behind_proxy(MYSQL *mysql, char server[static SERVER_NAME_SIZE])
{
    MYSQL_RES *rows = mysql_query(mysql, "SELECT VERSION()") == 0 ? mysql_store_result(mysql)
                                                                  : NULL;
    MYSQL_ROW row = rows == NULL ? NULL : mysql_fetch_row(rows);
    bool supported = row != NULL && row[0] != NULL && server_version_supported(row[0], server);

    mysql_free_result(rows);
    return supported;
}

/* Whether the server can be used; writes its name, or the reason. */
static bool
connection_check_version(MYSQL *mysql, char server[static SERVER_NAME_SIZE],
                         char why[static DB_WHY_SIZE])
{
    if (server_version_supported(mysql_get_server_info(mysql), server) ||
        server_is_supported_behind_proxy(mysql, server)) {
        return true;
    }
    (void)snprintf(why, DB_WHY_SIZE,
                   "the server is %s: MySQL 8.0.1 or MariaDB 10.6 is needed, or newer", server);
    return false;
}

static bool
connection_log_in(MYSQL *mysql, const struct settings *s, const char *database,
                  char why[static DB_WHY_SIZE])
{
    const char *socket = s->db_socket[0] != '\0' ? s->db_socket : NULL;
    bool good = mysql_real_connect(mysql, socket != NULL ? "localhost" : s->db_host, s->db_user,
                                   s->db_password, database, (unsigned)s->db_port, socket,
                                   CLIENT_FOUND_ROWS) != NULL;
    const char *tls = tls_fault(mysql, s, good);

    if (tls != NULL) {
        (void)snprintf(why, DB_WHY_SIZE, "DB_TLS: %s: %s", s->db_host, tls);
        return false;
    }
    if (!good) {
        (void)snprintf(why, DB_WHY_SIZE, "%u %s%s", mysql_errno(mysql), mysql_error(mysql),
                       mysql_errno(mysql) == ER_BAD_DB_ERROR ? " (`fastchat migrate` makes it)"
                                                             : "");
    }
    return good;
}

/* Checks and sets up a connection that was just opened. */
static bool
connection_set_up(struct db *db, MYSQL *mysql)
{
    char server[SERVER_NAME_SIZE];
    bool good;

    watch_attach(&db->watch, mysql_descriptor(mysql));
    watch_begin(&db->watch, db->deadline_us);
    good = connection_check_version(mysql, server, db->why);
    if (good) {
        db->dialect = strncmp(server, "MariaDB", 7) == 0 ? DIALECT_MARIADB : DIALECT_MYSQL;
        good = session_set_up(mysql, &db->dialect, db->without_time_outs, db->why);
    }
    watch_end(&db->watch);
    return good;
}

/*
 * Opens and sets up a connection to `database` (NULL: none). Returns NULL after writing the reason
 * in db->why and logging it as a warning.
 */
static MYSQL *
connection_open(struct db *db, const char *database)
{
    MYSQL *mysql = mysql_init(NULL);

    if (mysql == NULL || !connection_set_options(mysql, db) ||
        !tls_set_options(mysql, db->settings)) {
        memory_exhausted(0);
    }
    if (connection_log_in(mysql, db->settings, database, db->why) && connection_set_up(db, mysql)) {
        return mysql;
    }
    log_warning("the database cannot be used: %s", db->why);
    watch_detach(&db->watch);
    mysql_close(mysql);
    return NULL;
}

/*
 * The times of the last failed and of the last successful attempt to connect, shared by all
 * threads: after one fails, the others fail at once for a while; after one succeeds, all connect.
 */
static _Atomic int64_t refused_us, reached_us;

enum db_result
db_connect(struct db *db)
{
    int64_t began = clock_mono_us(), refused = atomic_load(&refused_us);

    if (db->mysql != NULL) {
        return DB_OK;
    }
    if (refused > atomic_load(&reached_us) && began - refused < REFUSED_US) {
        return DB_DOWN;
    }
    db->mysql = connection_open(db, db->settings->db_database);
    db->connected_us = db->used_us = began;
    db->limit_seconds = STATEMENT_SECONDS;
    if (db->mysql != NULL) {
        atomic_store(&reached_us, clock_mono_us());
        return DB_OK;
    }
    if (atomic_load(&reached_us) <
        began) { /* otherwise another thread has connected in the meantime */
        atomic_store(&refused_us, clock_mono_us());
    }
    return DB_DOWN;
}

enum db_result
db_create_database(const struct settings *s, char why[static DB_WHY_SIZE])
{
    struct db db = {.settings = s};
    char sql[160];
    MYSQL *mysql = connection_open(&db, NULL);
    bool good;

    if (mysql == NULL) {
        (void)snprintf(why, DB_WHY_SIZE, "%s", db.why);
        return DB_DOWN;
    }
    good = mysql_select_db(mysql, s->db_database) == 0;
    if (!good && mysql_errno(mysql) == ER_BAD_DB_ERROR) {
        (void)snprintf(sql, sizeof(sql), "CREATE DATABASE IF NOT EXISTS `%s` CHARACTER SET utf8mb4",
                       s->db_database); /* a checked name of at most 64 bytes */
        good = mysql_query(mysql, sql) == 0;
    }
    if (!good) {
        (void)snprintf(why, DB_WHY_SIZE, "%s cannot be used or made: %u %s", s->db_database,
                       mysql_errno(mysql), mysql_error(mysql));
        log_warning("the database %s", why);
    }
    watch_detach(&db.watch);
    mysql_close(mysql);
    return good ? DB_OK : DB_ERROR;
}

const char *
db_why(const struct db *db)
{
    return db->why;
}

const char *
db_server(struct db *db, struct arena *a)
{
    char name[SERVER_NAME_SIZE];

    if (db_connect(db) != DB_OK) {
        return NULL;
    }
    (void)!server_version_supported(mysql_get_server_info(db->mysql), name);
    return arena_strdup(a, name);
}

const char *
db_cipher(struct db *db, struct arena *a)
{
    const char *cipher = db_connect(db) == DB_OK ? mysql_get_ssl_cipher(db->mysql) : NULL;

    return cipher == NULL ? NULL : arena_strdup(a, cipher);
}

const char *
db_client(struct arena *a)
{
    return arena_printf(a, CLIENT_LIBRARY " %s", mysql_get_client_info());
}

int64_t
db_connected_ms(const struct db *db)
{
    return db->mysql == NULL ? 0 : (clock_mono_us() - db->connected_us) / 1000;
}

void
db_close_idle(struct db *db, int64_t idle_ms)
{
    if (db->mysql != NULL && clock_mono_us() - db->used_us > idle_ms * 1000) {
        connection_drop(db);
    }
}

/* Logs a server that is away or refuses, but not once for every statement that fails. */
static void
connection_log_away(struct db *db, const char *what, const char *sql)
{
    int64_t now = clock_mono_us();

    if (db->complained_us == 0 || now - db->complained_us > COMPLAIN_US) {
        db->complained_us = now;
        log_warning("%s: %s%s%s", what, db->why, sql == NULL ? "" : ": ", sql == NULL ? "" : sql);
    }
}

/*
 * Closes a connection in an unknown state. The server may still be sending rows: closing must not
 * wait for them.
 */
static void
connection_abandon(struct db *db)
{
    int fd = db->mysql == NULL ? -1 : mysql_descriptor(db->mysql);

    if (fd >= 0) {
        (void)shutdown(fd, SHUT_RDWR);
    }
    connection_drop(db);
}

enum db_obstacle
db_obstacle(const struct db *db)
{
    return db->obstacle;
}

enum db_result
db_error_result(struct db *db, unsigned error, const char *sql)
{
    enum error_kind kind = error_kind(error);

    db->outcome_unknown = kind == ERROR_LOST;
    db->obstacle = DB_OBSTACLE_OTHER;
    db->failed = db->in_transaction && kind != ERROR_DUPLICATE;
    switch (kind) {
    case ERROR_DUPLICATE:
        return DB_EXISTS;
    case ERROR_CONFLICT:
        db->obstacle = DB_OBSTACLE_LOCKED;
        db->start_over = db->in_transaction;
        return DB_DOWN; /* retries did not help: the client may try again later */
    case ERROR_LOST:
    case ERROR_GONE:
        db->start_over = db->in_transaction;
        connection_log_away(db, "the connection to the database was lost", NULL);
        connection_abandon(db);
        return DB_DOWN;
    case ERROR_READ_ONLY:
        db->obstacle = DB_OBSTACLE_READ_ONLY;
        /* fall through */
    case ERROR_AWAY: /* a new connection may reach another server */
        connection_log_away(db, "the database refuses work", sql);
        connection_drop(db);
        return DB_DOWN;
    case ERROR_FULL:
        db->obstacle = DB_OBSTACLE_FULL;
        /* fall through */
    case ERROR_PASSING:
        connection_log_away(db, "the database could not run a statement", sql);
        return DB_DOWN;
    case ERROR_REPREPARE:
    case ERROR_WRONG:
        break;
    }
    if (sql != NULL) {
        log_error("%s: %s", db->why, sql);
    }
    return DB_ERROR;
}
