/*
 * Which users are online, in Redis: a sorted set of user ids by the time at which each goes offline
 * unless a process that holds one of the user's streams refreshes it. Ephemeral: without Redis
 * nobody is known to be online.
 */
#ifndef DB_REDIS_PRESENCE_H
#define DB_REDIS_PRESENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/redis/redis.h"

enum {
    PRESENCE_SECONDS = 30,         /* a user who is not refreshed goes offline after this time */
    PRESENCE_REFRESH_SECONDS = 10, /* how often to refresh */
};

/*
 * Marks users as online for PRESENCE_SECONDS. `arrived`, with room for `count`, receives those who
 * were not online before; *arrived_count is their number. Returns false if Redis is away.
 */
bool presence_refresh(struct redis *redis, const int64_t *users, size_t count, int64_t *arrived,
                      size_t *arrived_count) __attribute__((nonnull));

/*
 * Removes up to `max` users who have gone offline and returns how many. If several processes sweep,
 * only one of them gets each user.
 */
size_t presence_sweep(struct redis *redis, int64_t *gone, size_t max) __attribute__((nonnull));

/*
 * Removes users who went offline an hour ago or more, and returns how many. They are left
 * only if no process held streams and swept.
 */
size_t presence_purge(struct redis *redis) __attribute__((nonnull));

/* Sets online[i] for each of users[i]; all are false if Redis is away. */
void presence_query(struct redis *redis, const int64_t *users, size_t count, bool *online)
    __attribute__((nonnull));

#endif
