/* Shared by the files of this folder that send statements. No other file includes this. */
#ifndef DB_MYSQL_CONNECTION_H
#define DB_MYSQL_CONNECTION_H

#include "db/mysql/db.h"
#include "db/mysql/mysql_compat.h"
#include "db/mysql/session.h"
#include "db/mysql/watchdog.h"

enum {
    STATEMENT_SLOTS = 256, /* a power of two above the number of statements in db/ */
    COMPOUND_TRIES = 3,    /* lost connections after which compounds are not tried again */
    DB_TRIES = 5,          /* runs of a statement or transaction that meets conflicts */
    DB_TRIES_MS = ROW_LOCK_SECONDS * 1000, /* after which it is not run again: a lock is held */
};

/* A prepared statement with the buffers of its values and columns. */
struct statement {
    const char *sql; /* the key: its address */
    MYSQL_STMT *stmt;
    unsigned parameters, columns;
    MYSQL_BIND *in, *out;
    struct value_buffer *in_buffers, *out_buffers;
    bool bound; /* the library knows `in` */
    bool is_compound;
    bool oversized; /* a column's buffer is too large to be kept */
    bool moved;     /* a column's buffer was replaced since it was bound */
};

/* The memory that a MYSQL_BIND points to. */
struct value_buffer {
    int64_t number;
    unsigned long len;
    mysql_flag null, truncated;
    char *bytes; /* of a text column */
    size_t cap;
};

struct db {
    const struct settings *settings;
    MYSQL *mysql;           /* NULL: not connected */
    struct watch watch;     /* of its socket */
    bool without_time_outs; /* db_allow_long */
    enum session_dialect dialect;
    int limit_seconds; /* after which the server ends a statement of this session */
    struct statement *statements[STATEMENT_SLOTS];

    struct statement *current; /* its rows are being read */
    bool at_end;               /* all of them were read */
    unsigned read_error;       /* reading them failed with this */
    unsigned rows;             /* read so far */

    int64_t complained_us; /* of the last warning that the server is away */
    int64_t connected_us;  /* when the connection was made */
    int64_t used_us, deadline_us;
    int64_t call_us; /* spent on the current statement so far */
    bool over_deadline;

    enum { COMPOUNDS_UNKNOWN, COMPOUNDS_WORK, COMPOUNDS_FAIL } compounds;
    int compound_losses; /* consecutive connections lost while trying compounds */
    bool in_transaction;
    bool start_over;      /* this run of the transaction has to be rolled back */
    bool failed;          /* a statement of the transaction failed: it cannot be committed */
    bool has_place;       /* among the writers (writers.h) */
    bool committed;       /* something was committed since db_set_deadline */
    bool outcome_unknown; /* the connection was lost during the last statement */

    enum db_obstacle obstacle; /* of the last DB_DOWN */
    uint64_t affected;
    int64_t insert_id;
    struct db_stats stats;
    char why[DB_WHY_SIZE]; /* the last error: its number and text */
};

/* Errors by their remedy; errors.c lists them. */
enum error_kind {
    ERROR_WRONG,     /* the statement or a value of it is at fault: trying again is of no use */
    ERROR_DUPLICATE, /* a unique key refuses it */
    ERROR_CONFLICT,  /* the server rolled back: run it again */
    ERROR_LOST,      /* the connection is lost, the outcome unknown */
    ERROR_GONE,      /* the connection was closed before: nothing ran */
    ERROR_AWAY,      /* the server refuses work for now; another connection may reach another one */
    ERROR_READ_ONLY, /* the same for writes */
    ERROR_FULL,      /* there is no room: on a disk, in memory, in a log, of connections */
    ERROR_PASSING,   /* any other error that may pass: nothing was done */
    ERROR_REPREPARE, /* the statement must be prepared again */
};
enum error_kind error_kind(unsigned number) __attribute__((const));

/* Stores an error with its text in db->why; returns its number. */
unsigned db_note_error(struct db *db, unsigned number, const char *words) __attribute__((nonnull));

/*
 * Returns the result for an error whose text is in db->why. Logs it, closes a connection that can
 * no longer be used, and has a transaction rolled back. `sql` is for the log; NULL: the caller
 * logs.
 */
enum db_result db_error_result(struct db *db, unsigned error, const char *sql)
    __attribute__((nonnull(1)));

/*
 * Whether the server has closed an idle connection. Then opening another one loses nothing, even
 * for a write. A failed send does not show this: Oracle's library reports the same error whether or
 * not the statement was sent.
 */
bool connection_is_closed(const struct db *db) __attribute__((nonnull));

/* Closes the connection and discards its statements. */
void connection_drop(struct db *db) __attribute__((nonnull));

/* Checks that a statement may be sent now, and connects if necessary. DB_OK, DB_DOWN, DB_ERROR. */
enum db_result db_begin_call(struct db *db, const char *sql) __attribute__((nonnull));

/*
 * Has the server end the next statement, which begins at db->used_us, at the deadline, to half a
 * second. Sends something only in the last STATEMENT_SECONDS before a deadline. Returns 0 or
 * the error, as db_run_text.
 */
unsigned db_limit_statement(struct db *db) __attribute__((nonnull));

/*
 * Sends `len` bytes of SQL on the open connection, whatever the deadline. Returns 0 or the error,
 * with its text in db->why.
 */
unsigned db_run_text(struct db *db, const char *sql, size_t len) __attribute__((nonnull));

/*
 * Whether what was begun at `began_us` and met a conflict should be run again. False after the
 * deadline, which db_over_deadline then reports.
 */
bool db_has_tries_left(struct db *db, int tries, int64_t began_us) __attribute__((nonnull));

/* A short random pause before something is tried again. */
void db_pause_before_retry(int tries);

/* The prepared statement of a text; NULL with *error set and its text in db->why. */
struct statement *statement_prepare(struct db *db, const char *sql, unsigned *error)
    __attribute__((nonnull));
void statement_close(struct db *db, struct statement *s) __attribute__((nonnull));
void statement_close_all(struct db *db) __attribute__((nonnull));

/* Binds the values and runs the statement; 0 or the error number. */
unsigned statement_run(struct statement *s, const struct db_value *values, size_t count)
    __attribute__((nonnull(1)));

/* Fetches the next row into the statement's buffers: 1, 0 at the end, -1 after an error. */
int statement_fetch(struct statement *s) __attribute__((nonnull));

/* Reads and drops the remaining rows. */
void statement_end_rows(struct statement *s) __attribute__((nonnull));

#endif
