/*
 * A connection to MySQL or MariaDB, owned by one thread: prepared statements cached by the address
 * of their text, values bound by type, rows fetched by type, transactions with retries.
 *
 * It connects when first used, with time-outs, and again after the connection was lost. A statement
 * outside a transaction is then sent again if it only reads; a transaction is run again from its
 * beginning. While the server is away, for one second after each failed attempt to connect every
 * call of the process fails at once with DB_DOWN, so that waiting requests do not pile up.
 */
#ifndef DB_MYSQL_DB_H
#define DB_MYSQL_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/settings.h"

/*
 * The result of a query. A model function documents in its header what it adds to these meanings.
 */
enum db_result {
    DB_OK,
    DB_NONE,      /* no such row */
    DB_EXISTS,    /* a unique key refuses it: it was made before */
    DB_FORBIDDEN, /* the caller may not; struct caller has the reason */
    DB_CONFLICT,  /* the row's state does not allow it */
    DB_DOWN,      /* not now, or the outcome is unknown: try again later; db_obstacle has more */
    DB_ERROR,     /* the statement or a value is wrong; logged, nothing was changed */
};

/* The reason of the last DB_DOWN of a connection. */
enum db_obstacle {
    DB_OBSTACLE_OTHER,     /* the server is away, or anything else that may pass */
    DB_OBSTACLE_READ_ONLY, /* the server takes no writes */
    DB_OBSTACLE_FULL,      /* there is no room: on a disk, in memory, in a log */
    DB_OBSTACLE_LOCKED,    /* others hold a lock, or as many writes wait as may */
};

struct db;

/*
 * SQL: the clock of the database in milliseconds, or microseconds, since 1970. Times that put
 * something in order are taken from it, so that hosts need not agree on theirs.
 */
#define DB_NOW_MS "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)"
#define DB_NOW_US "CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)"

enum { DB_WHY_SIZE = 600 };

/* Call once, before threads start. */
void db_library_init(void);

/*
 * Never NULL; connects when first used. Call it in the thread that uses it. `settings` must live
 * until db_close.
 */
struct db *db_open(const struct settings *settings)
    __attribute__((nonnull, returns_nonnull, warn_unused_result));
void db_close(struct db *db);

/* Removes the time-outs of this connection, for migrations. Call it before it connects. */
void db_allow_long(struct db *db) __attribute__((nonnull));

/* Connects now if necessary. */
enum db_result db_connect(struct db *db) __attribute__((nonnull));

enum db_obstacle db_obstacle(const struct db *db) __attribute__((nonnull));

/* The text of the last error, of the server or the client library; "" if there was none. */
const char *db_why(const struct db *db) __attribute__((nonnull, returns_nonnull));

/*
 * Names to show: of the server ("MariaDB 11.8.9"), or NULL if it cannot be used; of the client
 * library ("MariaDB Connector/C 3.4.10").
 */
const char *db_server(struct db *db, struct arena *a) __attribute__((nonnull));
const char *db_client(struct arena *a) __attribute__((nonnull, returns_nonnull));

/* The cipher of the connection, to show; NULL if it is not encrypted, or cannot be made. */
const char *db_cipher(struct db *db, struct arena *a) __attribute__((nonnull));

/* Whether there is a connection that the server has not closed. Sends nothing. */
bool db_is_open(const struct db *db) __attribute__((nonnull));

/* For how long there has been this connection; 0: there is none. */
int64_t db_connected_ms(const struct db *db) __attribute__((nonnull));

/* Closes the connection if it was idle for `idle_ms`; the next query opens it again. */
void db_close_idle(struct db *db, int64_t idle_ms) __attribute__((nonnull));

/*
 * Begins a request, which ends at `mono_us` (clock_mono_us; 0: no deadline). A statement that would
 * begin later fails with DB_DOWN, and db_over_deadline tells this from a server that is away; one
 * that has begun is ended by the server within a second. A transaction that has begun is still
 * committed or rolled back. Drops (and logs) rows that the previous request left unread.
 */
void db_set_deadline(struct db *db, int64_t mono_us) __attribute__((nonnull));
bool db_over_deadline(const struct db *db) __attribute__((nonnull));

/*
 * Whether something was committed since db_set_deadline: a later error then does not mean that
 * nothing was changed.
 */
bool db_has_committed(const struct db *db) __attribute__((nonnull));

/* A bound value, made by the macros below. */
struct db_value {
    enum { DB_VALUE_NULL, DB_VALUE_INT, DB_VALUE_TEXT, DB_VALUE_BYTES } type;
    int64_t number;
    const void *at;
    size_t len;
};
struct db_value db_int(int64_t n);
struct db_value db_text(const char *s); /* valid UTF-8; NULL for SQL's NULL */
struct db_value db_bytes(const void *at, size_t len) __attribute__((nonnull));

#define DB_VALUES(...) ((const struct db_value[]){__VA_ARGS__})
#define DB_COUNT(...) (sizeof(DB_VALUES(__VA_ARGS__)) / sizeof(struct db_value))

/*
 * Runs one statement. `sql` is a string literal or lives as long as the process, since the prepared
 * statement is cached by its address. One `?` per value.
 *
 *     db_run(db, "UPDATE users SET nickname = ? WHERE id = ?", db_text(name), db_int(id))
 *
 * DB_OK; DB_EXISTS for a duplicate key (1062); DB_DOWN; DB_ERROR. A write outside a transaction is
 * subject to db_limit_writers. Rows are then read with db_next until it returns false, or dropped
 * with db_done. Before that the next db_run is refused with DB_ERROR, and the rows can still be
 * read.
 */
#define db_run(db, sql, ...)                                                                       \
    db_run_values((db), (sql), DB_VALUES(__VA_ARGS__), DB_COUNT(__VA_ARGS__))
#define db_run_plain(db, sql) db_run_values((db), (sql), NULL, 0)
enum db_result db_run_values(struct db *db, const char *sql, const struct db_value *values,
                             size_t count) __attribute__((nonnull(1, 2), warn_unused_result));

/* The next row. Returns false at the end or after an error, which db_done then returns. */
bool db_next(struct db *db) __attribute__((nonnull, warn_unused_result));

/* Columns of the current row, from 0. Texts are copied into the arena, at full length. */
bool db_is_null(struct db *db, unsigned column) __attribute__((nonnull));
int64_t db_get_int(struct db *db, unsigned column) __attribute__((nonnull)); /* NULL reads as 0 */
const char *db_get_text(struct db *db, unsigned column, struct arena *a)
    __attribute__((nonnull)); /* NULL for NULL */
/* A column without copying, valid until the next db_next or db_done; NULL for NULL. */
const char *db_peek(struct db *db, unsigned column, size_t *len) __attribute__((nonnull));

/* Ends the current statement; DB_OK or the error that occurred while rows were read. */
enum db_result db_done(struct db *db) __attribute__((nonnull));

/* db_run for one row: DB_OK with the row current (call db_done after reading it), or DB_NONE. */
#define db_one(db, sql, ...)                                                                       \
    db_one_values((db), (sql), DB_VALUES(__VA_ARGS__), DB_COUNT(__VA_ARGS__))
enum db_result db_one_values(struct db *db, const char *sql, const struct db_value *values,
                             size_t count) __attribute__((nonnull(1, 2), warn_unused_result));

/*
 * Of the last changing statement: the rows that matched (CLIENT_FOUND_ROWS), and the new id or
 * LAST_INSERT_ID(expr).
 */
uint64_t db_affected(const struct db *db) __attribute__((nonnull));
int64_t db_insert_id(const struct db *db) __attribute__((nonnull));

/*
 * Runs `body` inside a transaction: commits if it returns DB_OK, otherwise rolls back and returns
 * its result. After a deadlock (1213), a lock wait time-out (1205), a certification failure at
 * COMMIT, or a connection lost before COMMIT it is run again, up to five times in all, after short
 * random pauses, for five seconds; so it must not depend on its previous run. After any other
 * failed statement but a duplicate key it cannot be committed, whatever the body returns. If the
 * connection is lost during COMMIT the outcome is unknown: with DB_REPEATABLE the body is run again
 * (only if a second run finds what the first one made), with DB_ONCE the result is DB_DOWN.
 * DB_ERROR means that nothing was committed.
 */
enum db_commit { DB_ONCE, DB_REPEATABLE };
typedef enum db_result db_body(struct db *db, void *context);
enum db_result db_transaction(struct db *db, enum db_commit commit, db_body *body, void *context)
    __attribute__((nonnull(1, 3), warn_unused_result));

/*
 * A whole transaction in one round trip: a compound statement (BEGIN NOT ATOMIC … END with `?` for
 * values), which only MariaDB prepares. It has the form `ROLLBACK; START TRANSACTION; …; COMMIT;
 * SELECT …`, so that the next run rolls back one that failed half-way, and returns one row: DB_OK
 * with the row current, like db_one; it is committed then, whatever db_done returns. A failed run
 * is rolled back. After a conflict or a lost connection it is run again, so it must be safe to
 * repeat (DB_REPEATABLE). Returns DB_EXISTS for a duplicate key, DB_DOWN for all other errors.
 */
#define db_compound(db, sql, ...)                                                                  \
    db_compound_values((db), (sql), DB_VALUES(__VA_ARGS__), DB_COUNT(__VA_ARGS__))
enum db_result db_compound_values(struct db *db, const char *sql, const struct db_value *values,
                                  size_t count) __attribute__((nonnull(1, 2), warn_unused_result));

/*
 * Whether compounds work on this connection. The first call tries it and logs the result. Connects
 * if necessary; false if it cannot connect or the deadline is over.
 */
bool db_has_compounds(struct db *db) __attribute__((nonnull));

/*
 * At most so many threads of this process write at once: others go on reading while writes wait for
 * a lock. Another write waits a moment for its turn, and fails with DB_DOWN at once while none of
 * those that run gets on. 0: no limit, as at the start.
 */
void db_limit_writers(size_t most);

/* Whether the writes of this process wait for a lock: another one would probably fail. */
bool db_writes_wait(void);

/* Whether as many write as may, and none has ended for a moment: it may be the same soon. */
bool db_writes_stand_still(void);

/*
 * Waits until writes stand still, and looks so seldom that it costs nothing to speak of. Returns
 * false after db_end_standstill_waits: the process ends.
 */
bool db_await_standstill(void);
void db_end_standstill_waits(void);

/*
 * Runs a write that a read brings along and that may be left undone: not while other writes wait,
 * and for about a second at most.
 */
#define db_run_optional(db, sql, ...)                                                              \
    db_run_optional_values((db), (sql), DB_VALUES(__VA_ARGS__), DB_COUNT(__VA_ARGS__))
void db_run_optional_values(struct db *db, const char *sql, const struct db_value *values,
                            size_t count) __attribute__((nonnull(1, 2)));

/* Counters for the request log, reset by db_stats_reset. */
struct db_stats {
    unsigned queries;
    int64_t us; /* spent waiting for the server, up to the first row */
};
struct db_stats db_stats(const struct db *db) __attribute__((nonnull));
void db_stats_reset(struct db *db) __attribute__((nonnull));

/*
 * Runs one statement as text, without preparing it, for migrations. After a failure *why is the
 * server's text, valid until the next call.
 */
enum db_result db_execute(struct db *db, const char *sql, size_t len, const char **why)
    __attribute__((nonnull, warn_unused_result));

/*
 * Creates DB_DATABASE if it does not exist, on a connection of its own. After a failure `why` holds
 * the reason.
 */
enum db_result db_create_database(const struct settings *settings, char why[static DB_WHY_SIZE])
    __attribute__((nonnull, warn_unused_result));

#endif
