/* What the files of the database connection share; nobody else includes this. */
#ifndef DB_CONNECTION_H
#define DB_CONNECTION_H

#include "db/db.h"
#include "db/mysql_compat.h"

enum { STATEMENT_SLOTS = 256 }; /* a power of two, above the number of statements in db/ */

/* A prepared statement with the places its values and columns are bound to. */
struct statement {
    const char *sql; /* its address is the key */
    MYSQL_STMT *stmt;
    unsigned parameters, columns;
    MYSQL_BIND *in, *out;
    struct place *in_places, *out_places;
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
    MYSQL *mysql; /* NULL: not connected */
    struct statement *statements[STATEMENT_SLOTS];
    struct statement *current; /* whose rows are being read */
    unsigned read_error;       /* of the rows of `current` */
    int64_t refused_us;        /* when connecting failed last; 0: it did not */
    int64_t used_us, deadline_us;
    bool over_deadline;
    bool in_transaction, start_over;
    uint64_t affected;
    int64_t insert_id;
    struct db_stats stats;
    char why[600]; /* the server's words for the last error of db_execute */
};

/* What an error number asks for. */
enum error_kind {
    ERROR_OTHER,
    ERROR_DUPLICATE,
    ERROR_CONFLICT,  /* rolled back by the server: run it again */
    ERROR_LOST,      /* the connection is gone; whether the statement ran is unknown */
    ERROR_GONE,      /* the connection was gone before: nothing ran */
    ERROR_AWAY,      /* the server refuses work for now */
    ERROR_REPREPARE, /* the statement must be prepared anew */
};
enum error_kind error_kind(unsigned number);

/* Close the connection and forget its statements. */
void connection_drop(struct db *db);

/* The statement of that text, prepared; NULL with *error set. */
struct statement *statement_prepare(struct db *db, const char *sql, unsigned *error);
void statement_close(struct db *db, struct statement *s);
void statement_close_all(struct db *db);

/* Bind and run it; 0, or the server's error number. */
unsigned statement_run(struct statement *s, const struct db_value *values, size_t count);

/* The next row into the statement's places: 1, 0 at the end, -1 on an error. */
int statement_fetch(struct statement *s);

#endif
