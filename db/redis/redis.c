/*
 * One blocking connection with time-outs. Any error makes a hiredis context unusable, and a late
 * reply would be taken for the next one: after an error the connection is dropped, and a new one is
 * tried RETRY_US later.
 */
#include "db/redis/redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "db/redis/transport.h"

enum {
    CONNECT_US = 200 * 1000,
    COMMAND_US = 500 * 1000, /* the whole exchange; also the agreement on TLS */
    RETRY_US = 2 * 1000 * 1000,
    ARGUMENTS_MAX = 16,
    POSTED_MAX = 32,
    READ_SIZE = 16 * 1024,
    WHY_SIZE = 640,   /* a command or step, and a reason of the transport */
    SCRIPTS_MAX = 12, /* more than there are scripts in db/ */
    DIGEST_SIZE = 41, /* SHA-1 in hexadecimal, and its NUL */
};

struct redis {
    const struct settings *settings;
    redisContext *context; /* NULL: not connected */
    struct transport transport;
    size_t posted;     /* commands whose replies have not been read */
    int64_t failed_us; /* 0: the last attempt succeeded */
    int64_t complained_us;
    char why[WHY_SIZE]; /* the last failure */
    struct script {
        const char *text; /* its address is the key */
        char digest[DIGEST_SIZE];
    } scripts[SCRIPTS_MAX];
    size_t script_count;
};

struct redis *
redis_open(const struct settings *settings)
{
    struct redis *r = memory_new(struct redis);

    r->settings = settings;
    return r;
}

struct redis *
redis_open_beside(const struct redis *r)
{
    return redis_open(r->settings);
}

static void
redis_drop(struct redis *r)
{
    if (r->context != NULL) {
        transport_end(&r->transport);
        redisFree(r->context);
        r->context = NULL;
    }
    r->script_count = 0;
    r->posted = 0;
}

static void
redis_fail(struct redis *r, const char *what, const char *why)
{
    int64_t now = clock_mono_us();

    (void)snprintf(r->why, sizeof(r->why), "%s: %s", what, why);
    if (now - r->complained_us > RETRY_US) {
        r->complained_us = now;
        log_warning("Redis: %s", r->why);
    }
    redis_drop(r);
    r->failed_us = now;
}

/*
 * Reads until the parser has a whole reply. Returns NULL with *why if that failed, or with *why
 * NULL if there is none yet when the time is over.
 */
static redisReply *
redis_read_reply(struct redis *r, int64_t until_us, const char **why)
{
    redisReader *parser = r->context->reader;
    char bytes[READ_SIZE];
    void *reply = NULL;
    bool late = false;

    *why = NULL;
    while (redisReaderGetReply(parser, &reply) == REDIS_OK) {
        ssize_t len;

        if (reply != NULL || late) {
            return reply;
        }
        len = transport_read(&r->transport, bytes, sizeof(bytes), until_us);
        if (len <= 0) {
            *why = len < 0 ? r->transport.why : NULL;
            return NULL;
        }
        if (redisReaderFeed(parser, bytes, (size_t)len) != REDIS_OK) {
            break;
        }
        late = clock_mono_us() > until_us; /* a peer may send without end */
    }
    *why = parser->errstr;
    return NULL;
}

/* Logs at most once every 2 s. */
static void
redis_complain(struct redis *r, const redisReply *error)
{
    int64_t now = clock_mono_us();

    (void)snprintf(r->why, sizeof(r->why), "%s", error->str);
    if (now - r->complained_us > RETRY_US) {
        r->complained_us = now;
        log_warning("Redis answers: %s", error->str);
    }
}

/* Reads the replies to what was posted. Returns false with *why if one does not come. */
static bool
redis_settle(struct redis *r, int64_t until_us, const char **why)
{
    for (; r->posted > 0; r->posted--) {
        redisReply *reply = redis_read_reply(r, until_us, why);

        if (reply == NULL) {
            *why = *why != NULL ? *why : TRANSPORT_LATE;
            return false;
        }
        if (reply->type == REDIS_REPLY_ERROR) {
            redis_complain(r, reply);
        }
        freeReplyObject(reply);
    }
    return true;
}

static bool
redis_write(struct redis *r, const char **at, const size_t *len, size_t count, int64_t until_us,
            const char **why)
{
    char *command = NULL;
    int size = redisFormatCommandArgv(&command, (int)count, at, len);
    bool written;

    *why = "out of memory";
    if (size <= 0) {
        return false;
    }
    written = transport_write(&r->transport, command, (size_t)size, until_us);
    redisFreeCommand(command);
    *why = written ? NULL : r->transport.why;
    return written;
}

/* Sends a command and reads its reply; NULL after a failure, which ends the connection. */
static redisReply *
redis_exchange(struct redis *r, const char **at, const size_t *len, size_t count)
{
    int64_t until_us = clock_mono_us() + COMMAND_US;
    redisReply *reply = NULL;
    const char *why;

    if (redis_write(r, at, len, count, until_us, &why) && redis_settle(r, until_us, &why)) {
        reply = redis_read_reply(r, until_us, &why);
        why = why != NULL ? why : TRANSPORT_LATE;
    }
    if (reply == NULL) {
        redis_fail(r, at[0], why);
    }
    return reply;
}

void
redis_close(struct redis *r)
{
    const char *why;

    if (r == NULL) {
        return;
    }
    if (r->context != NULL) {
        /* Replies that were not read could make the kernel drop what Redis has not read. */
        (void)redis_settle(r, clock_mono_us() + COMMAND_US, &why);
    }
    redis_drop(r);
    free(r);
}

/* A command that sets up the connection. Returns whether it succeeded. */
static bool
redis_set_up(struct redis *r, const char *command, const char *value)
{
    redisReply *reply = redis_exchange(r, (const char *[]){command, value},
                                       (size_t[]){strlen(command), strlen(value)}, 2);
    bool good = reply != NULL && reply->type != REDIS_REPLY_ERROR;

    if (reply != NULL && !good) {
        redis_fail(r, command, reply->str);
    }
    freeReplyObject(reply);
    return good;
}

/* Sets up a new connection: redisReconnect would lose most of it. */
static bool
redis_connect(struct redis *r)
{
    const struct settings *s = r->settings;
    const struct timeval connect = {.tv_usec = CONNECT_US};
    char number[12];

    r->context = s->redis_host[0] == '/'
                     ? redisConnectUnixWithTimeout(s->redis_host, connect)
                     : redisConnectWithTimeout(s->redis_host, s->redis_port, connect);
    if (r->context == NULL || r->context->err != 0) {
        redis_fail(r, "cannot connect", r->context == NULL ? "out of memory" : r->context->errstr);
        return false;
    }
    if (!transport_start(&r->transport, r->context->fd, s, clock_mono_us() + COMMAND_US)) {
        redis_fail(r, "cannot connect", r->transport.why);
        return false;
    }
    (void)snprintf(number, sizeof(number), "%d", s->redis_db);
    if ((s->redis_password[0] != '\0' && !redis_set_up(r, "AUTH", s->redis_password)) ||
        (s->redis_db != 0 && !redis_set_up(r, "SELECT", number))) {
        return false;
    }
    r->failed_us = 0;
    return true;
}

static bool
redis_is_ready(struct redis *r)
{
    if (r->context != NULL) {
        return true;
    }
    if (r->settings->redis_host[0] == '\0' ||
        (r->failed_us != 0 && clock_mono_us() - r->failed_us < RETRY_US)) {
        return false;
    }
    return redis_connect(r);
}

struct redis_arg
redis_text(const char *s)
{
    return (struct redis_arg){s, strlen(s)};
}

struct redis_arg
redis_bytes(const void *at, size_t len)
{
    return (struct redis_arg){at, len};
}

struct redis_arg
redis_number(int64_t n, char text[static 21])
{
    (void)snprintf(text, 21, "%lld", (long long)n);
    return redis_text(text);
}

/* Turns the arguments into hiredis's form. */
static void
redis_split(const struct redis_arg *args, size_t count, const char **at, size_t *len)
{
    if (count > ARGUMENTS_MAX) {
        log_error("a Redis command of %zu arguments", count);
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        at[i] = args[i].at;
        len[i] = args[i].len;
    }
}

/* The reply, which may be an error reply; NULL if the connection failed. */
static redisReply *
redis_call(struct redis *r, const struct redis_arg *args, size_t count)
{
    const char *at[ARGUMENTS_MAX];
    size_t len[ARGUMENTS_MAX];

    redis_split(args, count, at, len);
    return redis_is_ready(r) ? redis_exchange(r, at, len, count) : NULL;
}

void
redis_post_args(struct redis *r, const struct redis_arg *args, size_t count)
{
    int64_t until_us = clock_mono_us() + COMMAND_US;
    const char *at[ARGUMENTS_MAX], *why;
    size_t len[ARGUMENTS_MAX];

    redis_split(args, count, at, len);
    if (!redis_is_ready(r)) {
        return;
    }
    if ((r->posted < POSTED_MAX || redis_settle(r, until_us, &why)) &&
        redis_write(r, at, len, count, until_us, &why)) {
        r->posted++;
    } else {
        redis_fail(r, at[0], why);
    }
}

/* Turns an error reply into NULL after logging it (rate-limited). */
static redisReply *
redis_drop_error(struct redis *r, redisReply *reply)
{
    if (reply == NULL || reply->type != REDIS_REPLY_ERROR) {
        return reply;
    }
    redis_complain(r, reply);
    freeReplyObject(reply);
    return NULL;
}

redisReply *
redis_run_args(struct redis *r, const struct redis_arg *args, size_t count)
{
    return redis_drop_error(r, redis_call(r, args, count));
}

/* The value of a line "key:value" of INFO; NULL if there is none. */
static const char *
redis_info_value(const char *info, const char *key, int *len)
{
    const char *at = strstr(info, key);

    if (at == NULL) {
        return NULL;
    }
    at += strlen(key);
    *len = (int)strcspn(at, "\r\n");
    return at;
}

const char *
redis_server(struct redis *r, struct arena *a)
{
    redisReply *info = redis_run(r, redis_text("INFO"), redis_text("server"));
    const char *name = "Redis", *version = NULL, *found = NULL;
    int len = 0;

    if (info != NULL && info->str != NULL) {
        version = redis_info_value(info->str, "valkey_version:", &len);
        name = version != NULL ? "Valkey" : "Redis";
        version = version != NULL ? version : redis_info_value(info->str, "redis_version:", &len);
    }
    if (version != NULL) {
        found = arena_printf(a, "%s %.*s", name, len, version);
    }
    freeReplyObject(info);
    return found;
}

const char *
redis_why(const struct redis *r)
{
    return r->why;
}

bool
redis_cipher(const struct redis *r, char text[static REDIS_CIPHER_SIZE])
{
    return r->context != NULL && transport_cipher(&r->transport, text, REDIS_CIPHER_SIZE);
}

/* The digest of a script, which the server is made to know; NULL if that fails. */
static const char *
redis_load_script(struct redis *r, const char *text)
{
    struct script *script = NULL;
    redisReply *reply;

    for (size_t i = 0; i < r->script_count; i++) {
        if (r->scripts[i].text == text) {
            return r->scripts[i].digest;
        }
    }
    if (r->script_count == SCRIPTS_MAX) {
        log_error("more than %d scripts", SCRIPTS_MAX);
        abort();
    }
    reply = redis_run(r, redis_text("SCRIPT"), redis_text("LOAD"), redis_text(text));
    if (reply != NULL && reply->type == REDIS_REPLY_STRING && reply->len == DIGEST_SIZE - 1) {
        script = &r->scripts[r->script_count++];
        script->text = text;
        memcpy(script->digest, reply->str, DIGEST_SIZE);
    }
    freeReplyObject(reply);
    return script == NULL ? NULL : script->digest;
}

redisReply *
redis_script(struct redis *r, const char *script, size_t keys, const struct redis_arg *args,
             size_t count)
{
    struct redis_arg all[ARGUMENTS_MAX];
    redisReply *reply = NULL;
    char number[21];

    if (count + 3 > ARGUMENTS_MAX) {
        log_error("a Redis script of %zu arguments", count);
        abort();
    }
    for (int tries = 0; tries < 2; tries++) {
        const char *digest = redis_load_script(r, script);

        if (digest == NULL) {
            return NULL;
        }
        all[0] = redis_text("EVALSHA");
        all[1] = redis_text(digest);
        all[2] = redis_number((int64_t)keys, number);
        memcpy(all + 3, args, count * sizeof(*args));
        reply = redis_call(r, all, count + 3);
        if (reply == NULL || reply->type != REDIS_REPLY_ERROR ||
            strncmp(reply->str, "NOSCRIPT", 8) != 0) {
            break;
        }
        r->script_count = 0; /* the server was restarted, or its scripts flushed */
        if (tries == 0) {
            freeReplyObject(reply);
            reply = NULL;
        }
    }
    return redis_drop_error(r, reply);
}

enum redis_state
redis_ping(struct redis *r)
{
    redisReply *reply;
    bool up;

    if (r->settings->redis_host[0] == '\0') {
        return REDIS_OFF;
    }
    reply = redis_run(r, redis_text("PING"));
    up = reply != NULL;
    freeReplyObject(reply);
    return up ? REDIS_UP : REDIS_DOWN;
}

void
redis_try_now(struct redis *r)
{
    r->failed_us = 0;
}

int
redis_database(const struct redis *r)
{
    return r->settings->redis_db;
}

bool
redis_subscribe(struct redis *r, const char *channels)
{
    bool is_pattern = strchr(channels, '*') != NULL; /* a pattern is compared with every channel */

    if (!redis_is_ready(r)) {
        return false;
    }
    if (r->settings->redis_host[0] != '/') {
        (void)redisEnableKeepAlive(r->context);
    }
    freeReplyObject(
        redis_run(r, redis_text(is_pattern ? "PSUBSCRIBE" : "SUBSCRIBE"), redis_text(channels)));
    return r->context != NULL;
}

enum redis_received
redis_receive(struct redis *r, int ms, redisReply **message)
{
    const char *why;

    *message = redis_read_reply(r, clock_mono_us() + ms * INT64_C(1000), &why);
    if (*message != NULL) {
        return REDIS_RECEIVED;
    }
    if (why == NULL) {
        return REDIS_SILENCE;
    }
    redis_fail(r, "the subscription", why);
    return REDIS_LOST;
}

int
redis_descriptor(const struct redis *r)
{
    return r->context->fd;
}
