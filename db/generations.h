/*
 * Which copies, in Redis and of names, are void. Every transaction that changes a user's rooms,
 * sessions or names makes users.changes grow (users_changed). Each process reads once a second who
 * has changed lately; a copy that was made before such a change is not used any more. So a change
 * takes effect on every host within 2 s, whatever Redis lost, kept or returned.
 */
#ifndef DB_GENERATIONS_H
#define DB_GENERATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "db/mysql/db.h"
#include "db/redis/session_cache.h"

/*
 * Whether a copy of that generation may be used. At most one call a second in the process makes a
 * query first. False for every copy if the database has not told who has changed for 2 s.
 */
bool generation_is_current(struct db *db, int64_t user_id, const struct generation *generation)
    __attribute__((nonnull, warn_unused_result));

/*
 * The users.changes of a user who has changed lately; 0 for another user, INT64_MAX if the database
 * has not told for 2 s. It may make a query first, like generation_is_current.
 */
int64_t generation_newest(struct db *db, int64_t user_id) __attribute__((nonnull));

#endif
