/*
 * The newest users.changes of a user, announced in Redis to all hosts, so that what a process knows
 * of an older state is void before the reply to the change. A missing announcement only costs time:
 * each process also compares what it knows with the database (db/known.h).
 */
#ifndef DB_REDIS_GENERATIONS_H
#define DB_REDIS_GENERATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "db/redis/limits.h"
#include "db/redis/redis.h"

/* Announces the user's `changes`. */
void generation_announce(struct redis *redis, int64_t user_id, int64_t changes)
    __attribute__((nonnull));

/*
 * Reads the `changes` that were announced last (0: none lately), and counts the call for the user
 * if use->per_minute is not 0, in one round trip. Returns false if Redis has not replied.
 */
bool generation_read(struct redis *redis, int64_t user_id, struct limit_use *use,
                     int64_t *announced) __attribute__((nonnull, warn_unused_result));

#endif
