/*
 * The lock under which one `fastchat migrate` at a time works on a database: the row of the table schema_lock, which names
 * its holder and an end that the holder moves on. For db/mysql/migrate.c.
 */
#ifndef DB_MYSQL_SCHEMA_LOCK_H
#define DB_MYSQL_SCHEMA_LOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include "db/mysql/db.h"

/* Start with all zero. */
struct schema_lock {
    const struct settings *settings;
    char holder[128];
    atomic_bool done; /* tells the renewing thread to end */
    pthread_t renewer;
};

/* Wait until it is ours, saying on `out` for whom. False where the database fails; nothing is held then. */
bool schema_lock_take(struct schema_lock *l, const struct settings *settings, struct db *db,
                      FILE *out) __attribute__((nonnull, warn_unused_result));

/* Is it still ours? DB_CONFLICT where somebody else took it, since it could not be renewed in time. */
enum db_result schema_lock_check(const struct schema_lock *l, struct db *db)
    __attribute__((nonnull, warn_unused_result));

void schema_lock_release(struct schema_lock *l, struct db *db) __attribute__((nonnull));

#endif
