/* Redis through TLS: replies and messages of any size, and the cost of a peer that is too slow. */
#include <openssl/err.h>
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "db/redis/redis.h"
#include "t/db/servers.h"

enum {
    LARGE = 1000 * 1000, /* many records of TLS, which hold 16 KiB at most */
    MESSAGES = 300,
    MESSAGE_BYTES = 3000,
};

static bool
set(struct redis *r, const char *key, const void *value, size_t len)
{
    redisReply *reply = redis_run(r, redis_text("SET"), redis_text(key), redis_bytes(value, len));
    bool good = reply != NULL;

    freeReplyObject(reply);
    return good;
}

static void
check_sizes(struct redis *r)
{
    char *large = memory_array(LARGE, 1);
    redisReply *reply;

    for (size_t i = 0; i < LARGE; i++) {
        large[i] = (char)(i * 7 + i / 251);
    }
    ok(set(r, "large", large, LARGE), "a value of a megabyte is written");
    reply = redis_run(r, redis_text("GET"), redis_text("large"));
    ok(reply != NULL && reply->len == LARGE && memcmp(reply->str, large, LARGE) == 0,
       "a value of a megabyte is read as it was written");
    freeReplyObject(reply);
    ok(set(r, "small", "x", 1), "a short command follows");
    free(large);
}

static bool
publish(struct redis *r, int number)
{
    char text[MESSAGE_BYTES];
    redisReply *reply;
    bool good;

    memset(text, 'x', sizeof(text));
    (void)snprintf(text, sizeof(text), "%d", number);
    reply = redis_run(r, redis_text("PUBLISH"), redis_text("room"),
                      redis_bytes(text, sizeof(text)));
    good = reply != NULL && reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
    freeReplyObject(reply);
    return good;
}

/* The number of the next message; -1 if none comes within `ms`, -2 if the subscription is lost. */
static int
receive(struct redis *subscription, int ms)
{
    redisReply *message = NULL;
    int number = -3;

    switch (redis_receive(subscription, ms, &message)) {
    case REDIS_RECEIVED:
        if (message->elements == 4 && message->element[3]->len == MESSAGE_BYTES) {
            number = atoi(message->element[3]->str);
        }
        freeReplyObject(message);
        return number;
    case REDIS_SILENCE:
        return -1;
    case REDIS_LOST:
        break;
    }
    return -2;
}

static bool
is_readable(struct redis *subscription, int ms)
{
    struct pollfd at = {.fd = redis_descriptor(subscription), .events = POLLIN};

    return poll(&at, 1, ms) == 1;
}

static void
check_subscription(const struct settings *settings, struct redis *r)
{
    struct redis *subscription = redis_open(settings);
    redisReply *reply;
    bool sent = true;
    int next = 0;

    ok(redis_subscribe(subscription, "ro*"), "a subscription is made");
    is_int(receive(subscription, 0), -1, "a subscription without messages is silent");
    for (int i = 0; i < MESSAGES; i++) {
        sent = publish(r, i) && sent;
    }
    ok(sent, "messages reach the subscription");
    while (next < MESSAGES && receive(subscription, 1000) == next) {
        next++;
    }
    is_int(next, MESSAGES, "messages that came together are received one by one, in order");
    is_int(receive(subscription, 0), -1, "a subscription is silent after the last message");
    ok(!is_readable(subscription, 0), "a silent subscription has a silent descriptor");
    ok(publish(r, 7) && is_readable(subscription, 5000),
       "a message wakes who polls the descriptor");
    is_int(receive(subscription, 5000), 7, "such a message is received");
    reply = redis_run(r, redis_text("CLIENT"), redis_text("KILL"), redis_text("TYPE"),
                      redis_text("pubsub"));
    freeReplyObject(reply);
    is_int(receive(subscription, 5000), -2, "a closed connection loses the subscription");
    ok(ERR_peek_error() == 0, "a lost connection leaves no error to other users of OpenSSL");
    redis_close(subscription);
}

/* The time of one command, in ms. */
static int64_t
time_of_ping(const struct settings *settings)
{
    struct redis *r = redis_open(settings);
    int64_t began = clock_mono_us();

    is_int(redis_ping(r), REDIS_DOWN, "a peer that is too slow is down");
    redis_close(r);
    return (clock_mono_us() - began) / 1000;
}

static void
check_slow_peers(const struct settings *settings)
{
    struct settings s = *settings;
    int64_t ms;

    s.redis_port = atoi(from_environment("SLOW_TLS_PORT"));
    ms = time_of_ping(&s);
    ok(ms >= 450 && ms < 5000, "a peer that never ends a record of TLS costs one time-out");
    ok(ERR_peek_error() == 0, "a failed handshake leaves no error to other users of OpenSSL");
    s.redis_port = atoi(from_environment("SLOW_PORT"));
    s.redis_tls = TLS_OFF;
    ms = time_of_ping(&s);
    ok(ms >= 450 && ms < 5000, "a peer that never ends a reply costs one time-out");
    s.redis_port = atoi(from_environment("ENDLESS_PORT"));
    ms = time_of_ping(&s);
    ok(ms >= 450 && ms < 5000, "a peer that sends without a pause costs one time-out");
}

int
main(void)
{
    const struct settings settings = {
        .redis_host = "localhost",
        .redis_port = atoi(from_environment("REDIS_PORT")),
        .redis_password = "",
        .redis_tls = TLS_VERIFY,
        .redis_tls_ca = from_environment("REDIS_TLS_CA"),
    };
    char cipher[REDIS_CIPHER_SIZE];
    struct redis *r = redis_open(&settings);

    log_open("test", false, LOG_LEVEL_ERROR);
    is_int(redis_ping(r), REDIS_UP, "PING reaches the server");
    ok(redis_cipher(r, cipher) && strncmp(cipher, "TLSv1.", 6) == 0, "the cipher is known");
    check_sizes(r);
    check_subscription(&settings, r);
    check_slow_peers(&settings);
    redis_close(r);
    return done_testing();
}
