/*
 * "fc:m:<room>:<user>" is "1", or "0" for a tombstone. A copy is only made if the key does not
 * exist (NX): a query that was running while somebody left cannot restore it. sessions_find reads
 * the keys (its script knows their form).
 */
#include "db/redis/membership_cache.h"

#include <inttypes.h>
#include <stdio.h>

enum { KEY_SIZE = 64 };

static struct redis_arg
membership_key(char key[static KEY_SIZE], int64_t room_id, int64_t user_id)
{
    (void)snprintf(key, KEY_SIZE, "fc:m:%" PRId64 ":%" PRId64, room_id, user_id);
    return redis_text(key);
}

void
membership_cache_put(struct redis *redis, int64_t room_id, int64_t user_id)
{
    char key[KEY_SIZE];

    freeReplyObject(redis_run(redis, redis_text("SET"), membership_key(key, room_id, user_id),
                              redis_text("1"), redis_text("NX"), redis_text("EX"),
                              redis_text("60")));
}

void
membership_cache_set_tombstone(struct redis *redis, int64_t room_id, int64_t user_id)
{
    char key[KEY_SIZE];

    redis_try_now(redis);
    freeReplyObject(redis_run(redis, redis_text("SET"), membership_key(key, room_id, user_id),
                              redis_text("0"), redis_text("EX"), redis_text("120")));
}

void
membership_cache_clear(struct redis *redis, int64_t room_id, int64_t user_id)
{
    char key[KEY_SIZE];

    freeReplyObject(redis_run(redis, redis_text("DEL"), membership_key(key, room_id, user_id)));
}
