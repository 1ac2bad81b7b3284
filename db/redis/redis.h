/*
 * A connection to Redis, owned by one thread. Redis is speed, never truth: every function may fail,
 * and each caller continues without it. After a failure nothing is tried for 2 s, so that a dead
 * Redis costs one time-out every 2 s, not one per request. With REDIS_HOST empty every call fails
 * at once.
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

/* Never NULL; connects when first used. `settings` must live longer. */
struct redis *redis_open(const struct settings *settings)
    __attribute__((nonnull, returns_nonnull, warn_unused_result));
/* Another connection to the same server. */
struct redis *redis_open_beside(const struct redis *r)
    __attribute__((nonnull, returns_nonnull, warn_unused_result));
void redis_close(struct redis *r);

enum redis_state { REDIS_OFF, REDIS_DOWN, REDIS_UP };

/* Sends PING, unless a call failed within the last 2 s. */
enum redis_state redis_ping(struct redis *r) __attribute__((nonnull));

/* A name to show: "Redis 7.0.15", "Valkey 8.1.1"; NULL if it is off or down. In the arena. */
const char *redis_server(struct redis *r, struct arena *a) __attribute__((nonnull));

/* Why the last call failed: the step and its reason. */
const char *redis_why(const struct redis *r) __attribute__((nonnull));

/* The cipher of an encrypted connection, to show; false if it is not encrypted, or not open. */
enum { REDIS_CIPHER_SIZE = 80 };
bool redis_cipher(const struct redis *r, char text[static REDIS_CIPHER_SIZE])
    __attribute__((nonnull));

/* One argument of a command: any bytes. */
struct redis_arg {
    const void *at;
    size_t len;
};
struct redis_arg redis_text(const char *s) __attribute__((nonnull));
struct redis_arg redis_bytes(const void *at, size_t len) __attribute__((nonnull));

/*
 * Runs a command: redis_run(r, redis_text("GET"), redis_bytes(key, len)). Returns the reply, which
 * the caller frees with freeReplyObject, or NULL if Redis is off, down, or replied with an error
 * (logged at most once every 2 s).
 */
#define redis_run(r, ...)                                                                          \
    redis_run_args((r), (const struct redis_arg[]){__VA_ARGS__},                                   \
                   sizeof((const struct redis_arg[]){__VA_ARGS__}) / sizeof(struct redis_arg))
redisReply *redis_run_args(struct redis *r, const struct redis_arg *args, size_t count)
    __attribute__((nonnull, warn_unused_result));

/*
 * Sends a command and does not wait: a later call reads its reply, and drops it. For what may be
 * lost.
 */
#define redis_post(r, ...)                                                                         \
    redis_post_args((r), (const struct redis_arg[]){__VA_ARGS__},                                  \
                    sizeof((const struct redis_arg[]){__VA_ARGS__}) / sizeof(struct redis_arg))
void redis_post_args(struct redis *r, const struct redis_arg *args, size_t count)
    __attribute__((nonnull));

/*
 * Runs a Lua script by its digest (EVALSHA), sending its text if the server does not have it.
 * `script` is a string literal, since the digest is cached by its address. Otherwise like
 * redis_run.
 */
redisReply *redis_script(struct redis *r, const char *script, size_t keys,
                         const struct redis_arg *args, size_t count)
    __attribute__((nonnull, warn_unused_result));

/*
 * Subscribes to a channel, or to the channels of a pattern that ends in "*", on a connection of its
 * own. Returns false if Redis is off or away. Afterwards only redis_receive may be called, until it
 * returns REDIS_LOST.
 */
bool redis_subscribe(struct redis *r, const char *channels) __attribute__((nonnull));

/* Waits up to `ms` for a message. */
enum redis_received {
    REDIS_RECEIVED, /* *message is an array whose last element is the text; freeReplyObject */
    REDIS_SILENCE,  /* none came */
    REDIS_LOST,     /* the connection is lost, and messages since then with it */
};
enum redis_received redis_receive(struct redis *r, int ms, redisReply **message)
    __attribute__((nonnull));

/* The descriptor of a subscription, for poll. */
int redis_descriptor(const struct redis *r) __attribute__((nonnull));

/* REDIS_DB: unlike keys, channels do not belong to a database, so their names must contain it. */
int redis_database(const struct redis *r) __attribute__((nonnull));

/* The text of a decimal number, as an argument. */
struct redis_arg redis_number(int64_t n, char text[static 21]);

/* Lets the next call connect even shortly after a failure: for what must not be missed. */
void redis_try_now(struct redis *r) __attribute__((nonnull));

#endif
