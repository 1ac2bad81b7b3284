/*
 * Brings the database's tables to what this binary needs: numbered SQL files of db/migrations/, embedded in the binary,
 * each run once, in order, with a checksum kept of what was run.
 */
#ifndef DB_MYSQL_MIGRATE_H
#define DB_MYSQL_MIGRATE_H

#include <stdio.h>

#include "base/settings.h"

struct migration {
    int number; /* 1, 2, 3 … without holes */
    const char *name;
    const char *sql;
};

extern const struct migration
    migrations[]; /* ends with number 0; made from db/migrations/ by the build */

enum { MIGRATE_ALL = -1 };

/*
 * Run what is missing up to number `to`; go on with one that failed, at the statement that did. Makes the database
 * DB_DATABASE where it does not exist and the account may. Takes a lock that holds across hosts and Galera nodes
 * (db/mysql/schema_lock.h), so that of several that start at once one works and the others wait. Refuses, with a line on `errors`
 * that says what to do, a past migration whose text changed or that this program does not have. Returns an exit status: 0, or 1.
 */
int migrate_run(const struct settings *settings, int to, FILE *out, FILE *errors)
    __attribute__((nonnull));

/* The same with other lists than the embedded one. */
int migrate_run_list(const struct settings *settings, const struct migration *list, int to,
                     FILE *out, FILE *errors) __attribute__((nonnull));

/*
 * One line a migration: number, name, when it was done, or that it is pending, unfinished or changed.
 * 0 where nothing is pending or wrong, 1 otherwise.
 */
int migrate_status(const struct settings *settings, FILE *out, FILE *errors)
    __attribute__((nonnull));

#endif
