/*
 * Rate limits: a counter per class, subject and minute, in Redis so that all hosts count together,
 * or in this process while Redis is away. The calls of a user reach Redis a few at a time while
 * they are far from the limit: each process but one may let a sixteenth too many pass, at most 16.
 */
#ifndef DB_REDIS_LIMITS_H
#define DB_REDIS_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/redis/redis.h"

struct limit_use {
    const char *name; /* of the class: "send" */
    int per_minute;   /* 0: not limited */
    int64_t count;    /* calls in this minute including this one; 0: not counted yet */
    int64_t now_ms;   /* when it was counted */
};

/*
 * Count one call. IPv6 addresses are counted by their /64, and coarsely by their /48, which may
 * make ten times as many calls.
 */
void limits_count_user(struct redis *redis, struct limit_use *use, int64_t user_id)
    __attribute__((nonnull));
/* Counts `n` at once. */
void limits_count_many(struct redis *redis, struct limit_use *use, int64_t user_id, int n)
    __attribute__((nonnull));
void limits_count_address(struct redis *redis, struct limit_use *use, const char *address)
    __attribute__((nonnull));

/* Takes back what limits_count_address counted. */
void limits_refund_address(struct redis *redis, const struct limit_use *use, const char *address)
    __attribute__((nonnull));

/* 0 if the call may go on, else the seconds after which to try again. */
int limits_wait(const struct limit_use *use) __attribute__((nonnull));

#endif
