/*
 * All times are from Redis's clock, so that hosts whose clocks differ agree. Others may write to
 * Redis: a key of another type is replaced, and what is not an id is skipped.
 */
#include "db/redis/presence.h"

#include "base/buf.h"
#include "base/number.h"

#define KEY "fc:online"
#define AS_TEXT(number) #number
#define IN_LUA(number) AS_TEXT(number)
#define SECONDS 30

_Static_assert(SECONDS == PRESENCE_SECONDS, "the scripts and the header agree");

enum { BATCH = 500 /* users in one call of a script */ };

#define DROP_OTHER_TYPES                                                                           \
    "if redis.call('TYPE', KEYS[1]).ok ~= 'zset' then redis.call('DEL', KEYS[1]) end "

static const char refresh_script[] = DROP_OTHER_TYPES
    "local now = tonumber(redis.call('TIME')[1]) local arrived = {} "
    "for id in string.gmatch(ARGV[1], '%d+') do "
    "local until_ = redis.call('ZSCORE', KEYS[1], id) "
    "if not until_ or tonumber(until_) <= now then arrived[#arrived + 1] = id end "
    "redis.call('ZADD', KEYS[1], now + " IN_LUA(SECONDS) ", id) end return arrived";

static const char sweep_script[] = DROP_OTHER_TYPES
    "local now = redis.call('TIME')[1] "
    "local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1]) "
    "for _, id in ipairs(gone) do redis.call('ZREM', KEYS[1], id) end return gone";

static const char query_script[] = DROP_OTHER_TYPES
    "local now = tonumber(redis.call('TIME')[1]) local there = {} "
    "for id in string.gmatch(ARGV[1], '%d+') do "
    "local until_ = redis.call('ZSCORE', KEYS[1], id) "
    "there[#there + 1] = until_ and tonumber(until_) > now and 1 or 0 end return there";

static const char purge_script[] = DROP_OTHER_TYPES
    "return redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', redis.call('TIME')[1] - 3600)";

/* Runs a script on a batch of users. Returns its array, or NULL if Redis is away. */
static redisReply *
presence_run(struct redis *redis, const char *script, const int64_t *users, size_t count)
{
    struct buf ids = {0};
    redisReply *reply;

    for (size_t i = 0; i < count; i++) {
        buf_int(&ids, users[i]);
        buf_char(&ids, ' ');
    }
    reply = redis_script(
        redis, script, 1,
        (struct redis_arg[]){redis_text(KEY), redis_bytes(ids.len > 0 ? ids.at : "", ids.len)}, 2);
    buf_free(&ids);
    if (reply != NULL && reply->type != REDIS_REPLY_ARRAY) {
        freeReplyObject(reply);
        reply = NULL;
    }
    return reply;
}

/* Reads up to `max` ids from an array of texts. Returns how many. */
static size_t
presence_read_ids(const redisReply *reply, int64_t *ids, size_t max)
{
    size_t count = 0;

    for (size_t i = 0; i < reply->elements && count < max; i++) {
        const redisReply *id = reply->element[i];
        const char *text = id->str;

        if (id->type == REDIS_REPLY_STRING && number_read(&text, &ids[count]) && *text == '\0' &&
            ids[count] > 0) {
            count++;
        }
    }
    return count;
}

bool
presence_refresh(struct redis *redis, const int64_t *users, size_t count, int64_t *arrived,
                 size_t *arrived_count)
{
    *arrived_count = 0;
    for (size_t i = 0; i < count; i += BATCH) {
        size_t batch = count - i < BATCH ? count - i : BATCH;
        redisReply *reply = presence_run(redis, refresh_script, users + i, batch);

        if (reply == NULL) {
            return false;
        }
        *arrived_count += presence_read_ids(reply, arrived + *arrived_count, batch);
        freeReplyObject(reply);
    }
    return true;
}

size_t
presence_sweep(struct redis *redis, int64_t *gone, size_t max)
{
    char number[21];
    size_t count = 0;
    redisReply *reply = redis_script(
        redis, sweep_script, 1,
        (struct redis_arg[]){redis_text(KEY), redis_number((int64_t)max, number)}, 2);

    if (reply != NULL && reply->type == REDIS_REPLY_ARRAY) {
        count = presence_read_ids(reply, gone, max);
    }
    freeReplyObject(reply);
    return count;
}

void
presence_query(struct redis *redis, const int64_t *users, size_t count, bool *online)
{
    for (size_t i = 0; i < count; i++) {
        online[i] = false;
    }
    for (size_t i = 0; i < count; i += BATCH) {
        size_t batch = count - i < BATCH ? count - i : BATCH;
        redisReply *reply = presence_run(redis, query_script, users + i, batch);

        for (size_t k = 0; reply != NULL && k < reply->elements && k < batch; k++) {
            const redisReply *there = reply->element[k];

            online[i + k] = there->type == REDIS_REPLY_INTEGER && there->integer == 1;
        }
        freeReplyObject(reply);
    }
}

size_t
presence_purge(struct redis *redis)
{
    redisReply *reply = redis_script(redis, purge_script, 1, (struct redis_arg[]){redis_text(KEY)},
                                     1);
    size_t count = reply != NULL && reply->type == REDIS_REPLY_INTEGER ? (size_t)reply->integer : 0;

    freeReplyObject(reply);
    return count;
}
