/*
 * Brings the database's tables to the version of this program: the numbered SQL files of
 * db/migrations/, embedded in the program, each run once, in order, with a checksum of what was
 * run.
 */
#ifndef DB_MYSQL_MIGRATE_H
#define DB_MYSQL_MIGRATE_H

#include <stdio.h>

#include "base/settings.h"

struct migration {
    int number; /* 1, 2, 3 … without gaps */
    const char *name;
    const char *sql;
};

extern const struct migration
    migrations[]; /* ends with number 0; made from db/migrations/ by the build */

enum { MIGRATE_ALL = -1 };

/*
 * Runs the missing migrations up to number `to`; one that failed continues at the failed statement.
 * Creates DB_DATABASE if it does not exist and the account may. Takes a lock across hosts and
 * Galera nodes (db/mysql/schema_lock.h), so only one of several processes runs them, and the others
 * wait. Refuses, with a line on `errors` that names the remedy, if a migration was changed after it
 * ran or is unknown to this program. Returns the exit status, 0 or 1.
 */
int migrate_run(const struct settings *settings, int to, FILE *out, FILE *errors)
    __attribute__((nonnull));

/* Like migrate_run, with `list` instead of the embedded migrations. */
int migrate_run_list(const struct settings *settings, const struct migration *list, int to,
                     FILE *out, FILE *errors) __attribute__((nonnull));

/*
 * Prints one line per migration: number, name, when it finished, or that it is pending, unfinished
 * or changed. Returns 0 if nothing is pending or wrong, otherwise 1.
 */
int migrate_status(const struct settings *settings, FILE *out, FILE *errors)
    __attribute__((nonnull));

#endif
