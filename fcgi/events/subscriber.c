/* Subscribes, receives, and subscribes again after the connection is lost. */
#include "fcgi/events/subscriber.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/memory.h"
#include "db/redis/announce.h"
#include "fcgi/events/reconciler.h"

enum { TURN_MS = 200 /* between two attempts to connect, and two checks for the end */ };

struct subscriber {
    const struct app *app;
    struct watched_rooms *watched;
    struct queue *done;
    struct queue pause; /* stays empty: its wait is a sleep that subscriber_close can end */
    pthread_t thread;
};

/* The message of a pattern is an array: "pmessage", pattern, channel, text. */
static void
subscriber_forward(struct subscriber *s, const redisReply *message)
{
    const redisReply *published;
    const char *text;
    size_t len;
    int64_t room_id;

    if (message->type != REDIS_REPLY_ARRAY || message->elements != 4) {
        return;
    }
    published = message->element[3];
    if (published->type != REDIS_REPLY_STRING) {
        return;
    }
    text = published->str;
    len = published->len;
    room_id = hint_peek_room(text, len);
    if (room_id > 0 && !watched_rooms_may_have(s->watched, room_id)) {
        return;
    }
    if (hint_unseal(&text, &len)) {
        queue_put(s->done, &finding_new(FINDING_HINT, 0, 0, text, len)->message);
    }
}

static void
subscriber_receive_until_lost(struct subscriber *s, struct redis *redis)
{
    redisReply *message;

    queue_put(s->done, &finding_new(FINDING_LOST, 0, 0, NULL, 0)->message);
    while (!queue_is_closed(&s->pause)) {
        switch (redis_receive(redis, TURN_MS, &message)) {
        case REDIS_RECEIVED:
            subscriber_forward(s, message);
            freeReplyObject(message);
            break;
        case REDIS_SILENCE:
            break;
        case REDIS_LOST:
            return;
        }
    }
}

static void *
subscriber_thread(void *context)
{
    struct subscriber *s = context;
    struct redis *redis = redis_open(s->app->settings);
    char pattern[ANNOUNCE_PATTERN_SIZE];

    announce_pattern(redis, pattern);
    while (!queue_is_closed(&s->pause)) {
        redis_try_now(redis);
        if (redis_subscribe(redis, pattern)) {
            subscriber_receive_until_lost(s, redis);
        }
        (void)queue_wait(&s->pause, TURN_MS);
    }
    redis_close(redis);
    return NULL;
}

struct subscriber *
subscriber_open(const struct app *app, struct watched_rooms *watched, struct queue *done)
{
    struct subscriber *s = memory_new(struct subscriber);
    int error;

    s->app = app;
    s->watched = watched;
    s->done = done;
    queue_open(&s->pause);
    error = pthread_create(&s->thread, NULL, subscriber_thread, s);
    if (error != 0) {
        queue_free(&s->pause);
        free(s);
        errno = error;
        return NULL;
    }
    return s;
}

void
subscriber_close(struct subscriber *s)
{
    if (s != NULL) {
        queue_close(&s->pause);
        (void)pthread_join(s->thread, NULL);
        queue_free(&s->pause);
        free(s);
    }
}
