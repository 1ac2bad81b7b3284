/*
 * A connection to MySQL or MariaDB, owned by one thread: prepared statements kept by their text's address,
 * values bound by type, rows fetched by type, transactions that are retried.
 *
 * It connects when first used, with time-outs, and again after the connection was lost: a statement outside a
 * transaction is then sent once more where it only reads; a transaction is begun anew. While the server is away, each
 * call of the process fails at once with DB_DOWN for one second after a failed attempt, so that waiting does not pile up.
 */
#ifndef DB_MYSQL_DB_H
#define DB_MYSQL_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/settings.h"

/* What became of a query. What a model function adds of its own meaning stands in its header. */
enum db_result {
    DB_OK,
    DB_NONE,      /* no such row */
    DB_EXISTS,    /* a unique key refuses it; or it was made before */
    DB_FORBIDDEN, /* the row is there, the caller may not */
    DB_CONFLICT,  /* the row's state does not allow it */
    DB_DOWN,      /* the server is away, or whether it did the work is not known; try again later */
    DB_ERROR,     /* the server refused the statement, which changed nothing; it has been logged */
};

struct db;

enum { DB_WHY_SIZE = 600 };

/* Once, before threads. */
void db_library_init(void);

/* Makes no connection yet; call it in the thread that uses it. Lives until db_close; `settings` must live longer. Never NULL. */
struct db *db_open(const struct settings *settings)
    __attribute__((nonnull, returns_nonnull, warn_unused_result));
void db_close(struct db *db);

/* Statements of this connection may take as long as they need: for migrations. Before it connects. */
void db_allow_long(struct db *db) __attribute__((nonnull));

/* Connect now if not connected. */
enum db_result db_connect(struct db *db) __attribute__((nonnull));

/* The words of the last error, of the server or the client library; "" if there was none. */
const char *db_why(const struct db *db) __attribute__((nonnull, returns_nonnull));

/*
 * For people: "MariaDB 11.8.9", or NULL if the server cannot be used; "MariaDB Connector/C 3.4.10".
 */
const char *db_server(struct db *db, struct arena *a) __attribute__((nonnull));
const char *db_client(struct arena *a) __attribute__((nonnull, returns_nonnull));

/* Close the server connection if it was not used for that long; the next query opens it again. */
void db_close_idle(struct db *db, int64_t idle_ms) __attribute__((nonnull));

/*
 * The time (clock_mono_us) at which the current request is over, 0 for none: a statement that would begin later
 * fails with DB_DOWN; a transaction that was begun is still committed or rolled back. db_over_deadline tells it from a
 * server that is away. A request begins with this call: rows that the one before left unread are dropped (and logged).
 */
void db_set_deadline(struct db *db, int64_t mono_us) __attribute__((nonnull));
bool db_over_deadline(const struct db *db) __attribute__((nonnull));

/*
 * Has something been committed since db_set_deadline? Then an error that follows is not one after
 * which nothing was changed.
 */
bool db_has_committed(const struct db *db) __attribute__((nonnull));

/* A bound value. Made by the macros below. */
struct db_value {
    enum { DB_VALUE_NULL, DB_VALUE_INT, DB_VALUE_TEXT, DB_VALUE_BYTES } type;
    int64_t number;
    const void *at;
    size_t len;
};
struct db_value db_int(int64_t n);
struct db_value db_text(const char *s); /* NULL is SQL's NULL; must be valid UTF-8 */
struct db_value db_bytes(const void *at, size_t len) __attribute__((nonnull));

#define DB_VALUES(...) ((const struct db_value[]){__VA_ARGS__})
#define DB_COUNT(...) (sizeof(DB_VALUES(__VA_ARGS__)) / sizeof(struct db_value))

/*
 * Run one statement. `sql` is a string literal or lives as long as the process: the prepared statement is cached
 * under its address. One `?` a value.
 *
 *     db_run(db, "UPDATE users SET nickname = ? WHERE id = ?", db_text(name), db_int(id))
 *
 * DB_OK; DB_EXISTS for a duplicate key (1062); DB_DOWN; DB_ERROR.
 * Rows are then read with db_next until it returns false, and must be read or dropped (db_done) before the next db_run,
 * which is refused otherwise: DB_ERROR, and the rows can still be read.
 */
#define db_run(db, sql, ...)                                                                       \
    db_run_values((db), (sql), DB_VALUES(__VA_ARGS__), DB_COUNT(__VA_ARGS__))
#define db_run_plain(db, sql) db_run_values((db), (sql), NULL, 0)
enum db_result db_run_values(struct db *db, const char *sql, const struct db_value *values,
                             size_t count) __attribute__((nonnull(1, 2), warn_unused_result));

/* The next row; false at the end or on an error, which db_done then returns. */
bool db_next(struct db *db) __attribute__((nonnull, warn_unused_result));

/* Columns of the current row, from 0. Texts are copied into the arena, whole, whatever their length. */
bool db_is_null(struct db *db, unsigned column) __attribute__((nonnull));
int64_t db_get_int(struct db *db, unsigned column) __attribute__((nonnull)); /* NULL reads as 0 */
const char *db_get_text(struct db *db, unsigned column, struct arena *a)
    __attribute__((nonnull)); /* NULL for NULL */
/* The bytes in place, valid until the next db_next or db_done; NULL for NULL. */
const char *db_peek(struct db *db, unsigned column, size_t *len) __attribute__((nonnull));

/* End the current statement; DB_OK, or what went wrong while rows were read. */
enum db_result db_done(struct db *db) __attribute__((nonnull));

/* db_run, then the one row expected: DB_OK with the row current (call db_done when it is read), DB_NONE without (done). */
#define db_one(db, sql, ...)                                                                       \
    db_one_values((db), (sql), DB_VALUES(__VA_ARGS__), DB_COUNT(__VA_ARGS__))
enum db_result db_one_values(struct db *db, const char *sql, const struct db_value *values,
                             size_t count) __attribute__((nonnull(1, 2), warn_unused_result));

/* Of the last statement that changed something: rows matched (CLIENT_FOUND_ROWS), and the id or LAST_INSERT_ID(expr) it made. */
uint64_t db_affected(const struct db *db) __attribute__((nonnull));
int64_t db_insert_id(const struct db *db) __attribute__((nonnull));

/*
 * Run `body` inside a transaction: commit when it returns DB_OK, else roll back and return what it
 * returned. On a deadlock (1213), a lock wait (1205), a certification failure at COMMIT, or a
 * connection lost before COMMIT it is run again, up to five times in all with a short random pause:
 * it must depend on nothing that its last run left behind. A connection lost in COMMIT leaves the
 * outcome unknown: with DB_REPEATABLE the body is run again (say so only where a second run finds
 * what the first one made), else DB_DOWN. DB_ERROR means that nothing was committed.
 */
enum db_commit { DB_ONCE, DB_REPEATABLE };
typedef enum db_result db_body(struct db *db, void *context);
enum db_result db_transaction(struct db *db, enum db_commit commit, db_body *body, void *context)
    __attribute__((nonnull(1, 3), warn_unused_result));

/*
 * A whole transaction in one round trip: a compound statement (BEGIN NOT ATOMIC … END, with `?` as
 * in others), which only MariaDB prepares. It reads `ROLLBACK; START TRANSACTION; …; COMMIT; SELECT
 * …`, so that a run that failed in the middle is undone by the next, and answers one row: DB_OK
 * with the row current, as db_one; it is committed then, whatever db_done returns. What fails is
 * undone, and on a conflict or a lost connection run again as db_transaction does with
 * DB_REPEATABLE, which it must be fit for. DB_EXISTS; DB_DOWN for all else.
 */
#define db_compound(db, sql, ...)                                                                  \
    db_compound_values((db), (sql), DB_VALUES(__VA_ARGS__), DB_COUNT(__VA_ARGS__))
enum db_result db_compound_values(struct db *db, const char *sql, const struct db_value *values,
                                  size_t count) __attribute__((nonnull(1, 2), warn_unused_result));

/*
 * Do compounds work on this connection? It is tried when first asked, and logged. Connects if
 * needed; false if it cannot, or if the request's time is over.
 */
bool db_has_compounds(struct db *db) __attribute__((nonnull));

/* Counters for the request log; reset by db_stats_reset. */
struct db_stats {
    unsigned queries;
    int64_t us; /* waiting for the server, up to the first row */
};
struct db_stats db_stats(const struct db *db) __attribute__((nonnull));
void db_stats_reset(struct db *db) __attribute__((nonnull));

/* One statement as text, without preparing: what migrations are made of. On failure *why is the server's words, valid until the
 * next call. */
enum db_result db_execute(struct db *db, const char *sql, size_t len, const char **why)
    __attribute__((nonnull, warn_unused_result));

/*
 * Make DB_DATABASE if it does not exist, on a connection of its own. On failure `why` has the
 * reason.
 */
enum db_result db_create_database(const struct settings *settings, char why[static DB_WHY_SIZE])
    __attribute__((nonnull, warn_unused_result));

#endif
