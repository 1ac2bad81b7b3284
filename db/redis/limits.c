/*
 * Fixed windows of a minute: one INCR per call. The fall-back table is used only while Redis is
 * away; the threads of the process share it under a lock that is held for one lookup.
 */
#include "db/redis/limits.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum {
    WINDOW_MS = 60000,
    LOCAL_SLOTS = 4096,
    LOCAL_PROBES = 8,
};

static const char count_script[] = "local n = redis.call('INCR', KEYS[1]) "
                                   "if n == 1 then redis.call('EXPIRE', KEYS[1], 61) end "
                                   "return n";

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
 * Counts in this process. If a neighbourhood is full, its oldest or least used subject is replaced.
 */
static int64_t
limits_count_locally(const char *key, int64_t now_ms)
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
    count = ++slot->count;
    pthread_mutex_unlock(&local_lock);
    return count;
}

static void
limits_count_subject(struct redis *redis, struct limit_use *use, char prefix, const char *subject)
{
    char key[LIMIT_KEY_SIZE];
    int64_t now = clock_now_ms();
    redisReply *reply;

    limits_key(key, use->name, prefix, subject, now);
    reply = redis_script(redis, count_script, 1, (struct redis_arg[]){redis_text(key)}, 1);
    if (reply != NULL && reply->type == REDIS_REPLY_INTEGER) {
        use->count = reply->integer;
    } else {
        use->count = limits_count_locally(key, now);
    }
    freeReplyObject(reply);
}

void
limits_count_user(struct redis *redis, struct limit_use *use, int64_t user_id)
{
    char subject[21];

    (void)snprintf(subject, sizeof(subject), "%lld", (long long)user_id);
    limits_count_subject(redis, use, 'u', subject);
}

void
limits_count_address(struct redis *redis, struct limit_use *use, const char *address)
{
    struct in6_addr in6;
    char network[INET6_ADDRSTRLEN];

    if (inet_pton(AF_INET6, address, &in6) == 1 && !IN6_IS_ADDR_V4MAPPED(&in6)) {
        memset(in6.s6_addr + 8, 0, 8); /* a customer owns a /64 */
        (void)inet_ntop(AF_INET6, &in6, network, sizeof(network));
        address = network;
    }
    limits_count_subject(redis, use, 'a', address);
}

int
limits_wait(const struct limit_use *use)
{
    if (use->per_minute == 0 || use->count <= use->per_minute) {
        return 0;
    }
    return (int)((WINDOW_MS - clock_now_ms() % WINDOW_MS + 999) / 1000);
}
