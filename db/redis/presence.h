/*
 * Who is online, as Redis remembers it: a sorted set of user ids by the time at which each goes
 * offline unless a process that holds a stream of the user says again that the user is there.
 * Ephemeral: without Redis nobody is known to be online.
 */
#ifndef DB_REDIS_PRESENCE_H
#define DB_REDIS_PRESENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/redis/redis.h"

enum {
    PRESENCE_SECONDS = 30,      /* without a word a user is offline after that long */
    PRESENCE_BEAT_SECONDS = 10, /* how often the word should be given */
};

/*
 * These users are online. `fresh` gets those who were not before: `found` of them. False where
 * Redis is away.
 */
bool presence_beat(struct redis *redis, const int64_t *users, size_t count, int64_t *fresh,
                   size_t *found) __attribute__((nonnull));

/*
 * Take out who has gone offline; each is given to one caller only. At most `most` of them; returns
 * how many.
 */
size_t presence_sweep(struct redis *redis, int64_t *gone, size_t most) __attribute__((nonnull));

/*
 * Forget who went offline an hour ago or more while no process held streams that would have
 * noticed; how many.
 */
size_t presence_forget(struct redis *redis) __attribute__((nonnull));

/* online[i] for each of users[i]; all false where Redis is away. */
void presence_look(struct redis *redis, const int64_t *users, size_t count, bool *online)
    __attribute__((nonnull));

#endif
