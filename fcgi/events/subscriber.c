/* Connects, listens, and connects again; without Redis it only waits for the end. */
#include "fcgi/events/subscriber.h"

#include <pthread.h>
#include <stdlib.h>

#include "db/redis/announce.h"
#include "fcgi/events/reconciler.h"

enum { TURN_MS = 200 };

struct hints {
    const struct app *app;
    struct mailbox *done;
    struct mailbox idle; /* never filled: to wait on */
    pthread_t thread;
};

/* A message of a pattern is "pmessage", pattern, channel, text. */
static void
pass_on(struct hints *h, const redisReply *message)
{
    const redisReply *text;

    if (message->type != REDIS_REPLY_ARRAY || message->elements != 4) {
        return;
    }
    text = message->element[3];
    if (text->type == REDIS_REPLY_STRING) {
        mailbox_put(h->done, &news_new(NEWS_HINT, 0, 0, text->str, text->len)->letter);
    }
}

static void
listen_until_lost(struct hints *h, struct redis *redis)
{
    redisReply *message;

    mailbox_put(h->done, &news_new(NEWS_LOST, 0, 0, NULL, 0)->letter);
    while (!mailbox_is_closed(&h->idle)) {
        switch (redis_receive(redis, TURN_MS, &message)) {
        case REDIS_RECEIVED:
            pass_on(h, message);
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
run_hints(void *context)
{
    struct hints *h = context;
    struct redis *redis = redis_open(h->app->settings);
    char pattern[ANNOUNCE_PATTERN_SIZE];

    announce_pattern(redis, pattern);
    while (!mailbox_is_closed(&h->idle)) {
        redis_try_now(redis);
        if (redis_subscribe(redis, pattern)) {
            listen_until_lost(h, redis);
        }
        (void)mailbox_wait(&h->idle, TURN_MS);
    }
    redis_close(redis);
    return NULL;
}

struct hints *
hints_open(const struct app *app, struct mailbox *done)
{
    struct hints *h = calloc(1, sizeof(*h));

    if (h == NULL || !mailbox_open(&h->idle, false)) {
        free(h);
        return NULL;
    }
    h->app = app;
    h->done = done;
    if (pthread_create(&h->thread, NULL, run_hints, h) != 0) {
        mailbox_free(&h->idle);
        free(h);
        return NULL;
    }
    return h;
}

void
hints_close(struct hints *h)
{
    if (h != NULL) {
        mailbox_close(&h->idle);
        (void)pthread_join(h->thread, NULL);
        mailbox_free(&h->idle);
        free(h);
    }
}
