/*
 * The lock under which one `fastchat migrate` at a time changes a database: the row of the table
 * schema_lock, with its holder and an expiry time that the holder renews. For db/mysql/migrate.c.
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
    atomic_bool done; /* set to end the renewing thread */
    pthread_t renewer;
};

/*
 * Waits until the lock is taken; prints on `out` who holds it. Returns false, without the lock, if
 * the database fails.
 */
bool schema_lock_take(struct schema_lock *l, const struct settings *settings, struct db *db,
                      FILE *out) __attribute__((nonnull, warn_unused_result));

/*
 * Whether the lock is still held. DB_CONFLICT: it was not renewed in time, and another process
 * took it.
 */
enum db_result schema_lock_check(const struct schema_lock *l, struct db *db)
    __attribute__((nonnull, warn_unused_result));

void schema_lock_release(struct schema_lock *l, struct db *db) __attribute__((nonnull));

#endif
