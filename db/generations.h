/*
 * Which copies in Redis are void. Every transaction that changes a user's rooms or sessions makes
 * users.changes grow (users_changed). Each process reads once a second who has changed lately; a
 * copy that was made before such a change is not used any more. So a change takes effect on every
 * host within 2 s, whatever Redis lost, kept or returned.
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

#endif
