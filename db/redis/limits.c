/*
 * Fixed windows of a minute: one INCR per call. The fall-back table is used only while Redis is
 * away; the threads of the process share it under a lock that is held for one lookup.
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
    COARSE_FACTOR = 10, /* how many times as much the network around an address may do */
};

/*
 * The largest count of the keys; that of the second is divided by ARGV[1]. A value that cannot be
 * counted is replaced: others may write to Redis.
 */
static const char count_script[] =
    "local most = 0 for i, key in ipairs(KEYS) do "
    "local n = redis.pcall('INCR', key) "
    "if type(n) ~= 'number' then redis.call('DEL', key) n = redis.call('INCR', key) end "
    "if n == 1 then redis.call('EXPIRE', key, 61) end "
    "if i == 2 then n = math.ceil(n / ARGV[1]) end "
    "most = math.max(most, n) end return most";

static const char count_many_script[] = "local n = redis.call('INCRBY', KEYS[1], ARGV[1]) "
                                        "redis.call('EXPIRE', KEYS[1], 61) return n";

/* Does not make a counter of a minute that is over. */
static const char refund_script[] =
    "for _, key in ipairs(KEYS) do "
    "if redis.call('EXISTS', key) == 1 then redis.pcall('DECR', key) end end return 0";

static struct local_count {
    uint64_t subject;
    int64_t window;
    int64_t count;
} local_counts[LOCAL_SLOTS];
static pthread_mutex_t local_lock = PTHREAD_MUTEX_INITIALIZER;

void
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
 * Adds to a counter of this process, and returns the sum. If a neighbourhood is full, its oldest or
 * least used subject is replaced.
 */
static int64_t
limits_add_locally(const char *key, int64_t now_ms, int change)
{
    uint64_t subject = limits_hash_text(key);
    int64_t window = now_ms / WINDOW_MS, count;
    struct local_count *slot = NULL;

    pthread_mutex_lock(&local_lock);
    for (size_t i = 0; i < LOCAL_PROBES; i++) {
        struct local_count *at = &local_counts[(subject + i) % LOCAL_SLOTS];

        if (at->subject == subject && at->window == window) {
            slot = at;
            break;
        }
        if (slot == NULL || at->window < slot->window ||
            (at->window == slot->window && at->count < slot->count)) {
            slot = at;
        }
    }
    if (slot->subject != subject || slot->window != window) {
        *slot = (struct local_count){subject, window, 0};
    }
    count = slot->count += change;
    pthread_mutex_unlock(&local_lock);
    return count;
}

/* The counters of one call: of a user or an address, and of the network around the address. */
struct limit_keys {
    char at[2][LIMIT_KEY_SIZE];
    unsigned count; /* 1 or 2 */
};

/* Runs a script on the keys. Returns its number, or -1 if Redis is away. */
static int64_t
limits_run(struct redis *redis, const char *script, const struct limit_keys *keys)
{
    struct redis_arg args[3];
    char coarse[21];
    redisReply *reply;
    int64_t n = -1;

    for (unsigned i = 0; i < keys->count; i++) {
        args[i] = redis_text(keys->at[i]);
    }
    args[keys->count] = redis_number(COARSE_FACTOR, coarse);
    reply = redis_script(redis, script, keys->count, args, keys->count + 1);
    if (reply != NULL && reply->type == REDIS_REPLY_INTEGER) {
        n = reply->integer;
    }
    freeReplyObject(reply);
    return n;
}

static void
limits_count_keys(struct redis *redis, struct limit_use *use, const struct limit_keys *keys)
{
    use->count = limits_run(redis, count_script, keys);
    if (use->count >= 0) {
        return;
    }
    use->count = limits_add_locally(keys->at[0], use->now_ms, 1);
    if (keys->count > 1) {
        int64_t network = limits_add_locally(keys->at[1], use->now_ms, 1) / COARSE_FACTOR;

        use->count = network > use->count ? network : use->count;
    }
}

void
limits_count_user(struct redis *redis, struct limit_use *use, int64_t user_id)
{
    struct limit_keys keys = {.count = 1};
    char subject[21];

    use->now_ms = clock_now_ms();
    (void)snprintf(subject, sizeof(subject), "%lld", (long long)user_id);
    limits_key(keys.at[0], use->name, 'u', subject, use->now_ms);
    limits_count_keys(redis, use, &keys);
}

void
limits_count_many(struct redis *redis, struct limit_use *use, int64_t user_id, int n)
{
    char key[LIMIT_KEY_SIZE], subject[21], number[21];
    redisReply *reply;

    use->now_ms = clock_now_ms();
    (void)snprintf(subject, sizeof(subject), "%lld", (long long)user_id);
    limits_key(key, use->name, 'u', subject, use->now_ms);
    reply = redis_script(redis, count_many_script, 1,
                         (struct redis_arg[]){redis_text(key), redis_number(n, number)}, 2);
    if (reply != NULL && reply->type == REDIS_REPLY_INTEGER) {
        use->count = reply->integer;
    } else {
        use->count = limits_add_locally(key, use->now_ms, n);
    }
    freeReplyObject(reply);
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
    limits_count_keys(redis, use, &keys);
}

void
limits_refund_address(struct redis *redis, const struct limit_use *use, const char *address)
{
    struct limit_keys keys = limits_address_keys(use, address);

    if (limits_run(redis, refund_script, &keys) >= 0) {
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
