/*
 * Who is in a room, as Redis remembers it for a minute. MySQL is the truth: a copy that is missing only costs a look there, and
 * leaving a room writes a tombstone over the copy before it is answered.
 */
#ifndef DB_REDIS_MEMBERSHIP_CACHE_H
#define DB_REDIS_MEMBERSHIP_CACHE_H

#include <stdint.h>

#include "db/redis/redis.h"

/* The database has just said that the user is in the room. */
void membership_keep(struct redis *redis, int64_t room_id, int64_t user_id)
    __attribute__((nonnull));

/* The user has just left it. */
void membership_bury(struct redis *redis, int64_t room_id, int64_t user_id)
    __attribute__((nonnull));

/* The user has just come in: what was buried may be kept again. */
void membership_forget(struct redis *redis, int64_t room_id, int64_t user_id)
    __attribute__((nonnull));

#endif
