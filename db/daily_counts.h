/*
 * How many rooms a user made, and how many strangers a user added or invited, on a day of UTC.
 * Counted in MySQL, in the transaction that does it: losing Redis resets nothing.
 */
#ifndef DB_DAILY_COUNTS_H
#define DB_DAILY_COUNTS_H

#include "db/caller.h"

/*
 * Inside a transaction: counts for the caller, if the settings limit any of it. DB_FORBIDDEN with
 * DENIED_TOO_MANY_ROOMS or DENIED_TOO_MANY_STRANGERS if that is more than a day allows. Call it
 * after locking rows of users, as all do, so that two transactions do not lock one another.
 */
enum db_result daily_counts_add(struct caller *caller, int rooms, int strangers)
    __attribute__((nonnull, warn_unused_result));

/* Deletes up to `limit` counts of days that are over. */
enum db_result daily_counts_purge(struct db *db, size_t limit, uint64_t *deleted)
    __attribute__((nonnull, warn_unused_result));

#endif
