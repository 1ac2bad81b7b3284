/*
 *     fc:s:<hash of the token>   "<session> <user> <expires> <changes> <read_at> <seal>"
 *     fc:m:<room>:<user>         "<changes> <read_at> <seal>"
 *     fc:g:<user>                "<changes> <seal>", the newest that was announced
 *
 * The seal covers the key, a space, and the numbers. Whatever is not of this form, or has another
 * type, is as if it were not there: others may write to Redis. A late write may replace a newer
 * copy, since an older one is void by its own numbers.
 */
#include "db/redis/session_cache.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "db/redis/seal.h"

enum {
    SESSION_KEY_BYTES = 5 + TOKEN_HASH_BYTES, /* "fc:s:" and the hash */
    KEY_SIZE = 64,
    VALUE_SIZE = 160,
    SEALED_SIZE = KEY_SIZE + 1 + VALUE_SIZE,
    NUMBERS_MAX = 5,
};

/* Returns the copy of the session, the user's calls in this minute, and the other two values. */
static const char find_script[] =
    "local s = redis.pcall('GET', KEYS[1]) "
    "local user = type(s) == 'string' and #s < 160 and string.match(s, '^%d+ (%d+) ') "
    "if not user then return false end "
    "local n, m = 0, false "
    "if ARGV[2] ~= '0' then "
    "local key = 'fc:l:' .. ARGV[1] .. ':u' .. user .. ':' .. ARGV[2] "
    "n = redis.pcall('INCR', key) "
    "if n == 1 then redis.call('EXPIRE', key, 61) end end "
    "if ARGV[3] ~= '0' then m = redis.pcall('GET', 'fc:m:' .. ARGV[3] .. ':' .. user) end "
    "return {s, n, m, redis.pcall('GET', 'fc:g:' .. user)}";

static struct redis_arg
session_key(char key[static SESSION_KEY_BYTES], const void *hash)
{
    memcpy(key, "fc:s:", 5);
    memcpy(key + 5, hash, TOKEN_HASH_BYTES);
    return redis_bytes(key, SESSION_KEY_BYTES);
}

static struct redis_arg
membership_key(char key[static KEY_SIZE], int64_t room_id, int64_t user_id)
{
    (void)snprintf(key, KEY_SIZE, "fc:m:%" PRId64 ":%" PRId64, room_id, user_id);
    return redis_text(key);
}

static struct redis_arg
generation_key(char key[static KEY_SIZE], int64_t user_id)
{
    (void)snprintf(key, KEY_SIZE, "fc:g:%" PRId64, user_id);
    return redis_text(key);
}

/* Begins what a seal covers. Returns its length. */
static size_t
sealed_begin(char sealed[static SEALED_SIZE], struct redis_arg key)
{
    memcpy(sealed, key.at, key.len);
    sealed[key.len] = ' ';
    return key.len + 1;
}

/* Writes numbers and their seal under the key for `seconds`. */
static void
numbers_put(struct redis *redis, struct redis_arg key, const int64_t *numbers, size_t count,
            int seconds)
{
    char sealed[SEALED_SIZE], expiry[21];
    size_t from = sealed_begin(sealed, key), len = from;

    for (size_t i = 0; i < count; i++) {
        len += (size_t)snprintf(sealed + len, SEALED_SIZE - len, "%" PRId64 " ", numbers[i]);
    }
    if (seal_make(sealed, len, sealed + len)) {
        freeReplyObject(redis_run(redis, redis_text("SET"), key,
                                  redis_bytes(sealed + from, len + SEAL_LEN - from),
                                  redis_text("EX"), redis_number(seconds, expiry)));
    }
}

/* Reads exactly `count` numbers that numbers_put has written under the key. */
static bool
numbers_read(const redisReply *value, struct redis_arg key, int64_t *numbers, size_t count)
{
    char sealed[SEALED_SIZE];
    const char *at = value->str;
    size_t from, len;

    if (value->type != REDIS_REPLY_STRING || value->len <= SEAL_LEN || value->len >= VALUE_SIZE) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!number_read(&at, &numbers[i]) || numbers[i] < 0 || *at++ != ' ') {
            return false;
        }
    }
    len = (size_t)(at - value->str);
    if (value->len != len + SEAL_LEN) {
        return false;
    }
    from = sealed_begin(sealed, key);
    memcpy(sealed + from, value->str, len);
    return seal_matches(sealed, from + len, at);
}

void
session_cache_put(struct redis *redis, const uint8_t hash[static TOKEN_HASH_BYTES],
                  const struct session *s)
{
    const int64_t numbers[NUMBERS_MAX] = {s->id, s->user_id, s->expires_at, s->generation.changes,
                                          s->generation.read_at};
    char key[SESSION_KEY_BYTES];

    numbers_put(redis, session_key(key, hash), numbers, NUMBERS_MAX, COPY_SECONDS);
}

void
membership_cache_put(struct redis *redis, int64_t room_id, int64_t user_id,
                     const struct generation *generation)
{
    const int64_t numbers[] = {generation->changes, generation->read_at};
    char key[KEY_SIZE];

    numbers_put(redis, membership_key(key, room_id, user_id), numbers, 2, COPY_SECONDS);
}

void
generation_announce(struct redis *redis, int64_t user_id, int64_t changes)
{
    char key[KEY_SIZE];

    numbers_put(redis, generation_key(key, user_id), &changes, 1, 2 * COPY_SECONDS);
}

static bool
session_copy_read(const redisReply *value, const void *hash, struct session *s)
{
    char key[SESSION_KEY_BYTES];
    int64_t numbers[NUMBERS_MAX];

    if (!numbers_read(value, session_key(key, hash), numbers, NUMBERS_MAX)) {
        return false;
    }
    *s = (struct session){
        .id = numbers[0],
        .user_id = numbers[1],
        .expires_at = numbers[2],
        .generation = {.changes = numbers[3], .read_at = numbers[4]},
    };
    return true;
}

static void
membership_copy_read(const redisReply *value, int64_t room_id, int64_t user_id,
                     struct generation *read)
{
    char key[KEY_SIZE];
    int64_t numbers[2];

    if (numbers_read(value, membership_key(key, room_id, user_id), numbers, 2)) {
        *read = (struct generation){.changes = numbers[0], .read_at = numbers[1]};
    }
}

/* The user's `changes` that were announced last; 0 if there were none. */
static int64_t
announced_read(const redisReply *value, int64_t user_id)
{
    char key[KEY_SIZE];
    int64_t changes = 0;

    return numbers_read(value, generation_key(key, user_id), &changes, 1) ? changes : 0;
}

/* Reads the reply of the script. */
static bool
session_cache_read(const redisReply *reply, const void *hash, struct limit_use *use,
                   int64_t room_id, struct cached_session *found)
{
    const redisReply *count;
    int64_t announced, user_id;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 4 ||
        !session_copy_read(reply->element[0], hash, &found->session)) {
        return false;
    }
    user_id = found->session.user_id;
    count = reply->element[1];
    use->count = count->type == REDIS_REPLY_INTEGER ? count->integer : 0;
    membership_copy_read(reply->element[2], room_id, user_id, &found->membership);
    announced = announced_read(reply->element[3], user_id);
    if (found->membership.changes < announced) {
        found->membership = (struct generation){0};
    }
    return found->session.generation.changes >= announced;
}

bool
session_cache_find(struct redis *redis, const uint8_t hash[static TOKEN_HASH_BYTES],
                   struct limit_use *use, int64_t room_id, struct cached_session *found)
{
    char key[SESSION_KEY_BYTES], window[21], room[21];
    int64_t minute = use->per_minute > 0 ? clock_now_ms() / 60000 : 0;
    redisReply *reply = redis_script(
        redis, find_script, 1,
        (struct redis_arg[]){session_key(key, hash), redis_text(use->name),
                             redis_number(minute, window), redis_number(room_id, room)},
        4);
    bool good;

    *found = (struct cached_session){0};
    good = reply != NULL && session_cache_read(reply, hash, use, room_id, found);
    freeReplyObject(reply);
    return good;
}
