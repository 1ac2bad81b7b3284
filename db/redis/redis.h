/*
 * A connection to Redis, owned by one thread. Redis is speed, never truth: every function here may fail, and each
 * caller goes on without it. After a failure nothing is tried for 2 s, so that a dead Redis costs one time-out
 * each 2 s and not one a request. With REDIS_HOST empty every call fails at once.
 */
#ifndef DB_REDIS_REDIS_H
#define DB_REDIS_REDIS_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/settings.h"

struct redis;

/* Makes no connection yet. Never NULL; `settings` must live longer. */
struct redis *redis_open(const struct settings *settings)
    __attribute__((nonnull, returns_nonnull, warn_unused_result));
void redis_close(struct redis *r);

enum redis_state { REDIS_OFF, REDIS_DOWN, REDIS_UP };

/* Ask it (PING), unless it failed within the last 2 s. */
enum redis_state redis_ping(struct redis *r) __attribute__((nonnull));

/* For people: "Redis 7.0.15", "Valkey 8.1.1"; NULL if it is off or down. In the arena. */
const char *redis_server(struct redis *r, struct arena *a) __attribute__((nonnull));

/* One argument of a command: any bytes. */
struct redis_arg {
    const void *at;
    size_t len;
};
struct redis_arg redis_text(const char *s) __attribute__((nonnull));
struct redis_arg redis_bytes(const void *at, size_t len) __attribute__((nonnull));

/*
 * Run a command: redis_run(r, redis_text("GET"), redis_bytes(key, len)). NULL where Redis is off, down, or answered
 * with an error (logged, at most once each 2 s); else the reply, which the caller frees with freeReplyObject.
 */
#define redis_run(r, ...)                                                                          \
    redis_run_args((r), (const struct redis_arg[]){__VA_ARGS__},                                   \
                   sizeof((const struct redis_arg[]){__VA_ARGS__}) / sizeof(struct redis_arg))
redisReply *redis_run_args(struct redis *r, const struct redis_arg *args, size_t count)
    __attribute__((nonnull, warn_unused_result));

/*
 * Run a Lua script by its digest (EVALSHA), sending its text where the server has forgotten it.
 * `script` is a string literal: its digest is cached under its address. As redis_run otherwise.
 */
redisReply *redis_script(struct redis *r, const char *script, size_t keys,
                         const struct redis_arg *args, size_t count)
    __attribute__((nonnull, warn_unused_result));

/*
 * Turn a connection of its own into one that hears what is published on the channels of a pattern (PSUBSCRIBE). False where
 * Redis is off or away. Only redis_hear may follow, until that says that the connection is lost.
 */
bool redis_subscribe(struct redis *r, const char *pattern) __attribute__((nonnull));

/* Wait up to `ms` for a message. */
enum redis_heard {
    REDIS_HEARD,   /* *message has it: an array whose last element is the text; freeReplyObject */
    REDIS_SILENCE, /* none came */
    REDIS_LOST,    /* the connection is gone, and what was published meanwhile with it */
};
enum redis_heard redis_hear(struct redis *r, int ms, redisReply **message) __attribute__((nonnull));

/* The descriptor of a subscription, for poll. */
int redis_descriptor(const struct redis *r) __attribute__((nonnull));

/* REDIS_DB: channels are not of a database, as keys are, so their names must tell. */
int redis_database(const struct redis *r) __attribute__((nonnull));

/* Text of a decimal number for an argument; `text` must hold 21 bytes. */
struct redis_arg redis_number(int64_t n, char text[static 21]);

/* Let the next command connect, however shortly ago that failed: for what must not be missed. */
void redis_try_now(struct redis *r) __attribute__((nonnull));

#endif
