/*
 * Fixed windows of a minute. The calls of a user are counted in this process first, and a few at a
 * time are added to the counter in Redis: each at once when half of the limit is used, and always
 * if the limit is below 16. Other subjects are always counted in Redis; all are counted here while
 * it is away. The threads share the table under a lock that is held for one lookup.
 */
#include "db/redis/limits.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/network.h"

enum {
    WINDOW_MS = 60000,
    LOCAL_SLOTS = 4096,
    LOCAL_PROBES = 8,
    COARSE_FACTOR = 10,  /* how many times as much the network around an address may do */
    UNSETTLED_PART = 16, /* of the limit: calls that Redis need not know of yet, */
    UNSETTLED_MAX = 16,  /* and at most so many */
    LIMIT_KEY_SIZE = 96,
};

/*
 * Adds ARGV[1]. Returns the largest count of the keys; that of the second is divided by ARGV[2]. A
 * value that cannot be counted is replaced: others may write to Redis.
 */
static const char count_script[] =
    "local most = 0 for i, key in ipairs(KEYS) do "
    "local n = redis.pcall('INCRBY', key, ARGV[1]) "
    "if type(n) ~= 'number' then redis.call('DEL', key) "
    "n = redis.call('INCRBY', key, ARGV[1]) end "
    "if n == tonumber(ARGV[1]) then redis.call('EXPIRE', key, 61) end "
    "if i == 2 then n = math.ceil(n / ARGV[2]) end "
    "most = math.max(most, n) end return most";

/* Does not make a counter of a minute that is over. */
static const char refund_script[] =
    "for _, key in ipairs(KEYS) do "
    "if redis.call('EXISTS', key) == 1 then redis.pcall('DECR', key) end end return 0";

static struct local_count {
    uint64_t subject;
    int64_t window;
    int64_t count;     /* as far as this process knows */
    int64_t unsettled; /* of them Redis does not know */
} local_counts[LOCAL_SLOTS];
static pthread_mutex_t local_lock = PTHREAD_MUTEX_INITIALIZER;

/*
 * The Redis key of a subject's counter of this minute. `prefix` is 'u' for a user id, 'a' for an
 * address, 'w' for the wider network around it.
 */
static void
limits_key(char key[static LIMIT_KEY_SIZE], const char *class_name, char prefix,
           const char *subject, int64_t now_ms)
{
    (void)snprintf(key, LIMIT_KEY_SIZE, "fc:l:%s:%c%s:%lld", class_name, prefix, subject,
                   (long long)(now_ms / WINDOW_MS));
}

static uint64_t
limits_hash_text(const char *text)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */

    for (; *text != '\0'; text++) {
        h = (h ^ (unsigned char)*text) * 1099511628211u;
    }
    return h;
}

/*
 * With the lock: the counter of a key in the minute of `now_ms`. If a neighbourhood is full, its
 * oldest or least used subject is replaced.
 */
static struct local_count *
local_count_find(const char *key, int64_t now_ms)
{
    uint64_t subject = limits_hash_text(key);
    int64_t window = now_ms / WINDOW_MS;
    struct local_count *found = NULL;

    for (size_t i = 0; i < LOCAL_PROBES; i++) {
        struct local_count *at = &local_counts[(subject + i) % LOCAL_SLOTS];

        if (at->subject == subject && at->window == window) {
            return at;
        }
        if (found == NULL || at->window < found->window ||
            (at->window == found->window && at->count < found->count)) {
            found = at;
        }
    }
    *found = (struct local_count){.subject = subject, .window = window};
    return found;
}

/* Adds to a counter of this process, and returns the sum. */
static int64_t
limits_add_locally(const char *key, int64_t now_ms, int64_t change)
{
    int64_t count;

    (void)pthread_mutex_lock(&local_lock);
    count = local_count_find(key, now_ms)->count += change;
    (void)pthread_mutex_unlock(&local_lock);
    return count;
}

/* Counts one call in use->count. Returns how many calls are to be added in Redis now: often 0. */
static int64_t
limits_begin_call(const char *key, struct limit_use *use)
{
    struct local_count *local;
    int64_t due = 0;

    (void)pthread_mutex_lock(&local_lock);
    local = local_count_find(key, use->now_ms);
    use->count = ++local->count;
    local->unsettled++;
    if (local->count == 1 || local->count > use->per_minute / 2 ||
        local->unsettled > use->per_minute / UNSETTLED_PART || local->unsettled > UNSETTLED_MAX) {
        due = local->unsettled;
        local->unsettled = 0;
    }
    (void)pthread_mutex_unlock(&local_lock);
    return due;
}

/* Redis has counted `count` calls by now. */
static void
limits_settle(const char *key, struct limit_use *use, int64_t count)
{
    struct local_count *local;

    (void)pthread_mutex_lock(&local_lock);
    local = local_count_find(key, use->now_ms);
    local->count = count + local->unsettled;
    (void)pthread_mutex_unlock(&local_lock);
    use->count = count;
}

/* The counters of one call: of a user or an address, and of the network around the address. */
struct limit_keys {
    char at[2][LIMIT_KEY_SIZE];
    unsigned count; /* 1 or 2 */
};

/* Runs a script on the keys. Returns its number, or -1 if Redis is away. */
static int64_t
limits_run(struct redis *redis, const char *script, const struct limit_keys *keys, int64_t n)
{
    struct redis_arg args[4];
    char number[21], coarse[21];
    redisReply *reply;
    int64_t count = -1;

    for (unsigned i = 0; i < keys->count; i++) {
        args[i] = redis_text(keys->at[i]);
    }
    args[keys->count] = redis_number(n, number);
    args[keys->count + 1] = redis_number(COARSE_FACTOR, coarse);
    reply = redis_script(redis, script, keys->count, args, keys->count + 2);
    if (reply != NULL && reply->type == REDIS_REPLY_INTEGER) {
        count = reply->integer;
    }
    freeReplyObject(reply);
    return count;
}

static struct limit_keys
limits_user_key(struct limit_use *use, int64_t user_id)
{
    struct limit_keys keys = {.count = 1};
    char subject[21];

    use->now_ms = clock_now_ms();
    (void)snprintf(subject, sizeof(subject), "%lld", (long long)user_id);
    limits_key(keys.at[0], use->name, 'u', subject, use->now_ms);
    return keys;
}

void
limits_count_user(struct redis *redis, struct limit_use *use, int64_t user_id)
{
    struct limit_keys keys = limits_user_key(use, user_id);
    int64_t due = limits_begin_call(keys.at[0], use), count;

    if (due == 0) {
        return;
    }
    count = limits_run(redis, count_script, &keys, due);
    if (count >= 0) {
        limits_settle(keys.at[0], use, count);
    }
}

void
limits_count_many(struct redis *redis, struct limit_use *use, int64_t user_id, int n)
{
    struct limit_keys keys = limits_user_key(use, user_id);

    use->count = limits_run(redis, count_script, &keys, n);
    if (use->count < 0) {
        use->count = limits_add_locally(keys.at[0], use->now_ms, n);
    }
}

static struct limit_keys
limits_address_keys(const struct limit_use *use, const char *address)
{
    struct limit_keys keys = {.count = 1};
    char network[NETWORK_SIZE], wider[NETWORK_SIZE];

    network_of(address, 32, 64, network); /* a customer owns a /64 */
    limits_key(keys.at[0], use->name, 'a', network, use->now_ms);
    network_of(address, 32, 48, wider); /* a site owns a /48 (RFC 6177) */
    if (strchr(network, ':') != NULL) {
        limits_key(keys.at[1], use->name, 'w', wider, use->now_ms);
        keys.count = 2;
    }
    return keys;
}

void
limits_count_address(struct redis *redis, struct limit_use *use, const char *address)
{
    struct limit_keys keys;

    use->now_ms = clock_now_ms();
    keys = limits_address_keys(use, address);
    use->count = limits_run(redis, count_script, &keys, 1);
    if (use->count >= 0) {
        return;
    }
    use->count = limits_add_locally(keys.at[0], use->now_ms, 1);
    if (keys.count > 1) {
        int64_t network = limits_add_locally(keys.at[1], use->now_ms, 1) / COARSE_FACTOR;

        use->count = network > use->count ? network : use->count;
    }
}

void
limits_refund_address(struct redis *redis, const struct limit_use *use, const char *address)
{
    struct limit_keys keys = limits_address_keys(use, address);

    if (limits_run(redis, refund_script, &keys, 1) >= 0) {
        return;
    }
    for (unsigned i = 0; i < keys.count; i++) {
        (void)limits_add_locally(keys.at[i], use->now_ms, -1);
    }
}

int
limits_wait(const struct limit_use *use)
{
    if (use->per_minute == 0 || use->count <= use->per_minute) {
        return 0;
    }
    return (int)((WINDOW_MS - clock_now_ms() % WINDOW_MS + 999) / 1000);
}
