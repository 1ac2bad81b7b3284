/*
 * Revocations, announced through Redis to all processes: a user's sessions have ended, or the user
 * was removed from a room. Before the reply to the change, every process discards its older
 * knowledge of the user. A lost announcement only costs time: each process also compares what it
 * knows with the database (db/known.h).
 */
#ifndef DB_REDIS_REVOCATIONS_H
#define DB_REDIS_REVOCATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "db/redis/redis.h"

/*
 * After the commit: once it returns, this process knows it, and every process whose Redis is well
 * can receive it.
 */
void revocation_announce(struct redis *redis, int64_t user_id) __attribute__((nonnull));

/*
 * Before the database is asked for what shall be known: subscribes, if this process is not, on a
 * connection that its threads share.
 */
void revocations_watch(const struct redis *redis) __attribute__((nonnull));

/*
 * Whether what was read from the database at `since_us` (clock_mono_us before it was asked) still
 * holds for the user, as far as announcements tell; false if this process was not subscribed all
 * the time. Takes no round trip.
 */
bool revocations_none_since(int64_t user_id, int64_t since_us) __attribute__((warn_unused_result));

#endif
