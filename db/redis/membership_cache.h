/*
 * Which users are in which rooms, as Redis remembers it for a minute. MySQL is the truth: a missing
 * copy only costs a query, and leaving a room replaces the copy by a tombstone before the reply.
 */
#ifndef DB_REDIS_MEMBERSHIP_CACHE_H
#define DB_REDIS_MEMBERSHIP_CACHE_H

#include <stdint.h>

#include "db/redis/redis.h"

/* Call this after the database has confirmed that the user is in the room. */
void membership_cache_put(struct redis *redis, int64_t room_id, int64_t user_id)
    __attribute__((nonnull));

/* Call this after the user has left the room. */
void membership_cache_set_tombstone(struct redis *redis, int64_t room_id, int64_t user_id)
    __attribute__((nonnull));

/* Removes a tombstone; call this after the user has joined the room. */
void membership_cache_clear(struct redis *redis, int64_t room_id, int64_t user_id)
    __attribute__((nonnull));

#endif
