/* The times are Redis's own, so that hosts whose clocks differ agree. */
#include "db/redis/presence.h"

#include <stdlib.h>

#include "base/buf.h"

#define KEY "fc:online"
#define AS_TEXT(number) #number
#define IN_LUA(number) AS_TEXT(number)
#define SECONDS 30

_Static_assert(SECONDS == PRESENCE_SECONDS, "the script's number is the header's");

enum { BATCH = 500 };

static const char beat_script[] =
    "local now = tonumber(redis.call('TIME')[1]) local fresh = {} "
    "for id in string.gmatch(ARGV[1], '%d+') do "
    "local until_ = redis.call('ZSCORE', KEYS[1], id) "
    "if not until_ or tonumber(until_) <= now then fresh[#fresh + 1] = id end "
    "redis.call('ZADD', KEYS[1], now + " IN_LUA(SECONDS) ", id) end return fresh";

static const char sweep_script[] =
    "local now = redis.call('TIME')[1] "
    "local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1]) "
    "for _, id in ipairs(gone) do redis.call('ZREM', KEYS[1], id) end return gone";

static const char look_script[] =
    "local now = tonumber(redis.call('TIME')[1]) local there = {} "
    "for id in string.gmatch(ARGV[1], '%d+') do "
    "local until_ = redis.call('ZSCORE', KEYS[1], id) "
    "there[#there + 1] = until_ and tonumber(until_) > now and 1 or 0 end return there";

static const char forget_script[] =
    "return redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', redis.call('TIME')[1] - 3600)";

static redisReply *
ask(struct redis *redis, const char *script, const int64_t *users, size_t count)
{
    struct buf ids = {0};
    redisReply *answer;

    for (size_t i = 0; i < count; i++) {
        buf_int(&ids, users[i]);
        buf_char(&ids, ' ');
    }
    answer = redis_script(
        redis, script, 1,
        (struct redis_arg[]){redis_text(KEY), redis_bytes(ids.len > 0 ? ids.at : "", ids.len)}, 2);
    buf_free(&ids);
    if (answer != NULL && answer->type != REDIS_REPLY_ARRAY) {
        freeReplyObject(answer);
        answer = NULL;
    }
    return answer;
}

/* An array of ids as texts. */
static size_t
read_ids(const redisReply *answer, int64_t *ids, size_t most)
{
    size_t count = 0;

    for (size_t i = 0; i < answer->elements && count < most; i++) {
        if (answer->element[i]->type == REDIS_REPLY_STRING) {
            ids[count++] = strtoll(answer->element[i]->str, NULL, 10);
        }
    }
    return count;
}

bool
presence_beat(struct redis *redis, const int64_t *users, size_t count, int64_t *fresh,
              size_t *found)
{
    *found = 0;
    for (size_t i = 0; i < count; i += BATCH) {
        size_t some = count - i < BATCH ? count - i : BATCH;
        redisReply *answer = ask(redis, beat_script, users + i, some);

        if (answer == NULL) {
            return false;
        }
        *found += read_ids(answer, fresh + *found, some);
        freeReplyObject(answer);
    }
    return true;
}

size_t
presence_sweep(struct redis *redis, int64_t *gone, size_t most)
{
    char number[21];
    size_t count = 0;
    redisReply *answer = redis_script(
        redis, sweep_script, 1,
        (struct redis_arg[]){redis_text(KEY), redis_number((int64_t)most, number)}, 2);

    if (answer != NULL && answer->type == REDIS_REPLY_ARRAY) {
        count = read_ids(answer, gone, most);
    }
    freeReplyObject(answer);
    return count;
}

void
presence_look(struct redis *redis, const int64_t *users, size_t count, bool *online)
{
    for (size_t i = 0; i < count; i++) {
        online[i] = false;
    }
    for (size_t i = 0; i < count; i += BATCH) {
        size_t some = count - i < BATCH ? count - i : BATCH;
        redisReply *answer = ask(redis, look_script, users + i, some);

        for (size_t k = 0; answer != NULL && k < answer->elements && k < some; k++) {
            online[i + k] = answer->element[k]->integer == 1;
        }
        freeReplyObject(answer);
    }
}

size_t
presence_forget(struct redis *redis)
{
    redisReply *answer = redis_script(redis, forget_script, 1,
                                      (struct redis_arg[]){redis_text(KEY)}, 1);
    size_t count = answer != NULL && answer->type == REDIS_REPLY_INTEGER ? (size_t)answer->integer
                                                                         : 0;

    freeReplyObject(answer);
    return count;
}
