/* What the files of the database connection share: connection.c, statement.c, db.c, transaction.c. Nobody else includes this. */
#ifndef DB_MYSQL_CONNECTION_H
#define DB_MYSQL_CONNECTION_H

#include "db/mysql/db.h"
#include "db/mysql/mysql_compat.h"

enum {
    STATEMENT_SLOTS = 256, /* a power of two, above the number of statements in db/ */
    COMPOUND_TRIES = 3,    /* connections that may be lost before compounds are given up */
    DB_TRIES = 5,          /* runs of what meets a conflict, all in all */
};

/* A prepared statement with the places its values and columns are bound to. */
struct statement {
    const char *sql; /* its address is the key */
    MYSQL_STMT *stmt;
    unsigned parameters, columns;
    MYSQL_BIND *in, *out;
    struct place *in_places, *out_places;
    bool bound; /* `in` was given to the library */
    bool is_compound;
    bool oversized; /* a column's buffer is larger than one that is kept */
    bool moved;     /* a column's buffer is another than the library knows of */
};

/* What a MYSQL_BIND points to. */
struct place {
    int64_t number;
    unsigned long len;
    mysql_flag null, truncated;
    char *bytes; /* of a text column */
    size_t cap;
};

struct db {
    const struct settings *settings;
    MYSQL *mysql;           /* NULL: not connected */
    bool without_time_outs; /* db_allow_long */
    struct statement *statements[STATEMENT_SLOTS];

    struct statement *current; /* whose rows are being read */
    bool at_end;               /* they are read */
    unsigned read_error;       /* or reading them failed */
    unsigned rows;             /* so many of them */

    int64_t complained_us; /* when the log was told last that the server is away */
    int64_t used_us, deadline_us;
    int64_t call_us; /* what the current statement took so far */
    bool over_deadline;

    enum { COMPOUNDS_UNKNOWN, COMPOUNDS_WORK, COMPOUNDS_FAIL } compounds;
    int compound_losses; /* connections in a row that were lost as compounds were tried */
    bool in_transaction;
    bool start_over;      /* this run of the transaction is void */
    bool committed;       /* something was, since db_set_deadline */
    bool outcome_unknown; /* the last error was a connection lost while a statement was under way */

    uint64_t affected;
    int64_t insert_id;
    struct db_stats stats;
    char why[DB_WHY_SIZE]; /* the last error: its number and the server's words */
};

/* What an error number asks for. */
enum error_kind {
    ERROR_OTHER,
    ERROR_DUPLICATE,
    ERROR_CONFLICT,  /* undone by the server: run it again */
    ERROR_LOST,      /* the connection is of no use; whether the statement ran is unknown */
    ERROR_GONE,      /* the connection was gone before: nothing ran */
    ERROR_AWAY,      /* the server refuses work for now */
    ERROR_REPREPARE, /* the statement must be prepared anew */
};
enum error_kind error_kind(unsigned number) __attribute__((const));

/* Keep an error's words in db->why; returns its number. */
unsigned note_error(struct db *db, unsigned number, const char *words) __attribute__((nonnull));

/*
 * What follows from an error whose words are in db->why: logged, the connection dropped where it
 * is of no use any more, the transaction marked void. `sql` is for the log; NULL: the caller says what went wrong.
 */
enum db_result judge(struct db *db, unsigned error, const char *sql) __attribute__((nonnull(1)));

/*
 * Has the server closed the connection while nothing was under way? Then nothing is lost by opening
 * another, also for a write. A failed send does not show it: Oracle's library reports the same error
 * whether or not the statement was sent.
 */
bool connection_is_closed(const struct db *db) __attribute__((nonnull));

/* Close the connection and forget its statements. */
void connection_drop(struct db *db) __attribute__((nonnull));

/* May a statement be sent now? Connects where that is needed. DB_OK, DB_DOWN, DB_ERROR. */
enum db_result begin_call(struct db *db, const char *sql) __attribute__((nonnull));

/* Send `len` bytes of SQL on the connection that is there, whatever the time; 0 or the error, its words noted. */
unsigned run_text(struct db *db, const char *sql, size_t len) __attribute__((nonnull));

/* A short random pause before something is tried again. */
void pause_before_retry(int tries);

/* The statement of that text, prepared; NULL with *error set, its words noted. */
struct statement *statement_prepare(struct db *db, const char *sql, unsigned *error)
    __attribute__((nonnull));
void statement_close(struct db *db, struct statement *s) __attribute__((nonnull));
void statement_close_all(struct db *db) __attribute__((nonnull));

/* Bind and run it; 0, or the server's error number. */
unsigned statement_run(struct statement *s, const struct db_value *values, size_t count)
    __attribute__((nonnull(1)));

/* The next row into the statement's places: 1, 0 at the end, -1 on an error. */
int statement_fetch(struct statement *s) __attribute__((nonnull));

/* Read to the end of what it answers. */
void statement_end_rows(struct statement *s) __attribute__((nonnull));

#endif
