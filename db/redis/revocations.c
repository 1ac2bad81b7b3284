/*
 * A message on the channel "fc:REDIS_DB:revoked" is the user's id. Redis passes it to the
 * subscribers before it replies to whoever publishes it, so a request that begins after the change
 * was answered finds it in the socket. It has no seal: a forged one only costs a query.
 *
 * Users share the slots: what was read before another user's revocation is read again, once.
 */
#include "db/redis/revocations.h"

#include <pthread.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/number.h"

enum {
    CHANNEL_SIZE = 32,
    SLOTS = 4096,
    MESSAGES_AT_ONCE = 256, /* a call that finds more does not wait for the end */
};

static struct {
    pthread_mutex_t lock;
    struct redis *subscription; /* NULL until the first call */
    bool is_subscribed, is_connecting;
    int64_t begun_us;          /* when the subscription was confirmed */
    int64_t revoked_us[SLOTS]; /* when an announcement for one of its users was received */
} revocations = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void
revocations_channel(const struct redis *redis, char channel[static CHANNEL_SIZE])
{
    (void)snprintf(channel, CHANNEL_SIZE, "fc:%d:revoked", redis_database(redis));
}

static void
revocation_note(int64_t user_id)
{
    (void)pthread_mutex_lock(&revocations.lock);
    revocations.revoked_us[user_id % SLOTS] = clock_mono_us();
    (void)pthread_mutex_unlock(&revocations.lock);
}

static bool
revocation_publish(struct redis *redis, int64_t user_id)
{
    char channel[CHANNEL_SIZE], number[21];
    redisReply *reply;

    revocations_channel(redis, channel);
    redis_try_now(redis);
    reply = redis_run(redis, redis_text("PUBLISH"), redis_text(channel),
                      redis_number(user_id, number));
    freeReplyObject(reply);
    return reply != NULL;
}

void
revocation_announce(struct redis *redis, int64_t user_id)
{
    revocation_note(user_id); /* for this process, whatever happens to Redis */
    if (!revocation_publish(redis, user_id)) {
        (void)revocation_publish(redis, user_id); /* the connection may have been closed long ago */
    }
}

/* With the lock, which is released while it connects: other threads then read the database. */
static void
revocations_subscribe(const struct redis *redis)
{
    char channel[CHANNEL_SIZE];
    bool subscribed;

    if (revocations.is_connecting) {
        return;
    }
    revocations.is_connecting = true;
    (void)pthread_mutex_unlock(&revocations.lock);
    if (revocations.subscription == NULL) {
        revocations.subscription = redis_open_beside(redis);
    }
    revocations_channel(redis, channel);
    subscribed = redis_subscribe(revocations.subscription, channel);
    (void)pthread_mutex_lock(&revocations.lock);
    revocations.is_connecting = false;
    revocations.is_subscribed = subscribed;
    revocations.begun_us = clock_mono_us();
}

/* With the lock. */
static void
revocation_receive(const redisReply *message)
{
    const redisReply *text = message->elements == 3 ? message->element[2] : NULL;
    const char *at;
    int64_t user_id;

    if (text == NULL || text->type != REDIS_REPLY_STRING) {
        return;
    }
    at = text->str;
    if (number_read(&at, &user_id) && *at == '\0' && user_id > 0) {
        revocations.revoked_us[user_id % SLOTS] = clock_mono_us();
    }
}

/* With the lock: reads all that has arrived. Returns false if more may have been announced. */
static bool
revocations_receive(void)
{
    for (int i = 0; i < MESSAGES_AT_ONCE; i++) {
        redisReply *message;
        enum redis_received received = redis_receive(revocations.subscription, 0, &message);

        if (received == REDIS_SILENCE) {
            return true;
        }
        if (received == REDIS_LOST) {
            revocations.is_subscribed = false;
            return false;
        }
        revocation_receive(message);
        freeReplyObject(message);
    }
    return false;
}

void
revocations_watch(const struct redis *redis)
{
    (void)pthread_mutex_lock(&revocations.lock);
    if (!revocations.is_subscribed) {
        revocations_subscribe(redis);
    }
    (void)pthread_mutex_unlock(&revocations.lock);
}

bool
revocations_none_since(int64_t user_id, int64_t since_us)
{
    bool none = false;

    (void)pthread_mutex_lock(&revocations.lock);
    if (revocations.is_subscribed && revocations_receive()) {
        none = since_us >= revocations.begun_us &&
               since_us > revocations.revoked_us[user_id % SLOTS];
    }
    (void)pthread_mutex_unlock(&revocations.lock);
    return none;
}
