/*
 *     fc:g:<user>   "<changes> <seal>"
 *
 * The seal covers the key, a space, and the number. Whatever is not of this form, or has another
 * type, is as if it were not there: others may write to Redis.
 */
#include "db/redis/generations.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "db/redis/seal.h"

enum {
    ANNOUNCED_SECONDS = 120, /* by then every process has compared with the database */
    KEY_SIZE = 32,
    SEALED_SIZE = 96,
};

/* Returns the user's calls in this minute (0: not counted), and the announcement. */
static const char read_script[] = "local n = 0 "
                                  "if KEYS[2] then n = redis.pcall('INCR', KEYS[2]) "
                                  "if n == 1 then redis.call('EXPIRE', KEYS[2], 61) end end "
                                  "return {n, redis.pcall('GET', KEYS[1])}";

static struct redis_arg
generation_key(char key[static KEY_SIZE], int64_t user_id)
{
    (void)snprintf(key, KEY_SIZE, "fc:g:%" PRId64, user_id);
    return redis_text(key);
}

void
generation_announce(struct redis *redis, int64_t user_id, int64_t changes)
{
    char key[KEY_SIZE], sealed[SEALED_SIZE], expiry[21];
    struct redis_arg name = generation_key(key, user_id);
    size_t from = name.len + 1;
    size_t len = (size_t)snprintf(sealed, sizeof(sealed), "%s %" PRId64 " ", key, changes);

    if (seal_make(sealed, len, sealed + len)) {
        freeReplyObject(redis_run(redis, redis_text("SET"), name,
                                  redis_bytes(sealed + from, len + SEAL_LEN - from),
                                  redis_text("EX"), redis_number(ANNOUNCED_SECONDS, expiry)));
    }
}

/* The number of a value that generation_announce has written under the key; 0 for any other. */
static int64_t
generation_of_value(const redisReply *value, const char *key)
{
    char sealed[SEALED_SIZE];
    const char *at = value->str;
    int64_t changes;
    size_t len;

    if (value->type != REDIS_REPLY_STRING || !number_read(&at, &changes) || changes < 0 ||
        *at++ != ' ' || value->len != (size_t)(at - value->str) + SEAL_LEN) {
        return 0;
    }
    len = (size_t)snprintf(sealed, sizeof(sealed), "%s %.*s", key, (int)(at - value->str),
                           value->str);
    return len < sizeof(sealed) && seal_matches(sealed, len, at) ? changes : 0;
}

bool
generation_read(struct redis *redis, int64_t user_id, struct limit_use *use, int64_t *announced)
{
    char key[KEY_SIZE], limit[LIMIT_KEY_SIZE], subject[21];
    size_t keys = use->per_minute > 0 ? 2 : 1;
    redisReply *reply;
    bool good;

    *announced = 0;
    use->now_ms = clock_now_ms();
    limits_key(limit, use->name, 'u', redis_number(user_id, subject).at, use->now_ms);
    reply = redis_script(redis, read_script, keys,
                         (struct redis_arg[]){generation_key(key, user_id), redis_text(limit)},
                         keys);
    good = reply != NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2;
    if (good) {
        const redisReply *count = reply->element[0];

        use->count = count->type == REDIS_REPLY_INTEGER ? count->integer : 0;
        *announced = generation_of_value(reply->element[1], key);
    }
    freeReplyObject(reply);
    return good;
}
