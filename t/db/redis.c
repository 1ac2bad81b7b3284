/* Redis: commands, scripts, and the cost of its absence. */
#include "db/redis/redis.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base/clock.h"
#include "t/db/servers.h"

enum { RETRY_MS = 2000 };

static const char add_script[] = "return redis.call('INCRBY', KEYS[1], ARGV[1])";
static const char bad_script[] = "return redis.call('NOSUCHCOMMAND')";

static void
sleep_ms(int ms)
{
    (void)nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

static bool
set(struct redis *r, const char *key, const char *value)
{
    redisReply *answer = redis_run(r, redis_text("SET"), redis_text(key), redis_text(value));
    bool good = answer != NULL && answer->type == REDIS_REPLY_STATUS;

    freeReplyObject(answer);
    return good;
}

/* -1 without a reply. */
static int64_t
add(struct redis *r, const char *key, int64_t n)
{
    char number[21];
    struct redis_arg args[] = {redis_text(key), redis_number(n, number)};
    redisReply *answer = redis_script(r, add_script, 1, args, 2);
    int64_t sum = answer == NULL || answer->type != REDIS_REPLY_INTEGER ? -1 : answer->integer;

    freeReplyObject(answer);
    return sum;
}

static void
check_commands(struct redis *r)
{
    static const char bytes[] = "a\0\r\n$-1\r\n\xFF%s";
    redisReply *answer;

    is_int(redis_ping(r), REDIS_UP, "PING reaches the server");
    ok(set(r, "key", "value"), "a command succeeds");
    answer = redis_run(r, redis_text("SET"), redis_bytes(bytes, sizeof(bytes)),
                       redis_bytes(bytes, sizeof(bytes)));
    ok(answer != NULL, "a command takes arguments of any bytes");
    freeReplyObject(answer);
    answer = redis_run(r, redis_text("GET"), redis_bytes(bytes, sizeof(bytes)));
    ok(answer != NULL && answer->len == sizeof(bytes) &&
           memcmp(answer->str, bytes, sizeof(bytes)) == 0,
       "bytes are read as they were written");
    freeReplyObject(answer);
    answer = redis_run(r, redis_text("GET"), redis_text("nothing"));
    ok(answer != NULL && answer->type == REDIS_REPLY_NIL, "a missing value is a reply");
    freeReplyObject(answer);
    ok(redis_run(r, redis_text("INCR"), redis_text("key")) == NULL, "an error reply becomes NULL");
    ok(set(r, "key", "value"), "an error reply leaves the connection usable");
}

static void
check_scripts(struct redis *r)
{
    redisReply *answer;

    is_int(add(r, "sum", 5), 5, "a script runs");
    is_int(add(r, "sum", -7), -2, "a script runs again by its digest");
    answer = redis_run(r, redis_text("SCRIPT"), redis_text("FLUSH"));
    ok(answer != NULL, "set-up: the scripts of the server are flushed");
    freeReplyObject(answer);
    is_int(add(r, "sum", 1), -1, "a script that the server lost is sent again");
    ok(redis_script(r, bad_script, 0, (struct redis_arg[]){redis_text("")}, 1) == NULL,
       "a script that fails returns NULL");
    is_int(add(r, "sum", 2), 1, "a script that fails leaves other scripts usable");
}

/* The replies to what was posted are not taken for those of later commands. */
static void
check_posts(struct redis *r)
{
    redisReply *answer;
    bool in_order = true;

    for (int i = 0; i < 100; i++) {
        redis_post(r, redis_text("INCR"), redis_text("posted"));
    }
    is_int(add(r, "posted", 1), 101, "commands that were posted run in order before the next");
    for (int i = 0; i < 50; i++) {
        redis_post(r, redis_text("INCR"), redis_text("posted"));
        in_order = add(r, "counted", 1) == i + 1 && in_order;
    }
    ok(in_order, "a reply is that of its own command after a post");
    redis_post(r, redis_text("LPUSH"), redis_text("posted"), redis_text("no list"));
    ok(set(r, "key", "value"), "a posted command that fails leaves the connection usable");
    answer = redis_run(r, redis_text("GET"), redis_text("posted"));
    ok(answer != NULL && answer->str != NULL && strcmp(answer->str, "151") == 0,
       "every posted command has run once");
    freeReplyObject(answer);
}

/* Makes `calls` calls. Returns how many met the time-out of half a second. */
static int
timed_out_of(struct redis *r, int calls)
{
    int n = 0;

    for (int i = 0; i < calls; i++) {
        int64_t began = clock_mono_us();

        (void)set(r, "key", "value");
        n += clock_mono_us() - began >= 450000;
    }
    return n;
}

static void
check_restart(struct redis *r)
{
    int64_t failed;
    bool used;

    order("redis kill");
    ok(!set(r, "key", "value"), "a command to a dead server returns NULL");
    failed = clock_mono_us();
    is_int(redis_ping(r), REDIS_DOWN, "a dead server is known to be down");
    is_int(timed_out_of(r, 1000), 0, "no call to a dead server waits");
    order("redis start");
    used = set(r, "key", "value");
    ok(!used || clock_mono_us() - failed > RETRY_MS * 1000,
       "a restarted server is not tried before 2 s");
    sleep_ms(RETRY_MS + 50);
    is_int(add(r, "sum", 3), 3, "a restarted server is used after 2 s, and gets the scripts again");
    order("redis stop");
    order("redis start");
    (void)set(r, "key", "value");
    sleep_ms(RETRY_MS + 50);
    is_int(add(r, "sum", 3), 3, "a server that restarts between two calls is used after 2 s");
}

static void
check_hung(struct redis *r)
{
    order("redis hold");
    is_int(timed_out_of(r, 1000), 1, "a server that hangs costs one time-out of half a second");
    sleep_ms(RETRY_MS + 50);
    is_int(timed_out_of(r, 1000), 1, "a server that still hangs costs one more time-out 2 s later");
    order("redis cont");
    sleep_ms(RETRY_MS + 50);
    ok(set(r, "key", "value"), "commands succeed when the server continues");
}

/* A socket on which connections are never accepted. */
static void
check_deaf(const struct settings *settings)
{
    struct settings s = *settings;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct redis *r;

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s.deaf", settings->redis_host);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 0) != 0) {
        ok(false, "set-up: a listening socket");
        return;
    }
    s.redis_host = address.sun_path;
    r = redis_open(&s);
    ok(timed_out_of(r, 100) <= 1, "a server that accepts no connection costs the time-outs once");
    redis_close(r);
    (void)close(fd);
}

static void
check_settings(const struct settings *settings)
{
    struct settings s = *settings;
    struct redis *r;
    redisReply *answer;

    s.redis_host = "";
    r = redis_open(&s);
    is_int(redis_ping(r), REDIS_OFF, "Redis is off without REDIS_HOST");
    ok(!set(r, "key", "value"), "commands return NULL without REDIS_HOST");
    redis_close(r);

    s.redis_host = settings->redis_host;
    s.redis_db = 3;
    r = redis_open(&s);
    ok(set(r, "place", "third"), "a key is set in another REDIS_DB");
    redis_close(r);
    s.redis_db = 0;
    r = redis_open(&s);
    answer = redis_run(r, redis_text("GET"), redis_text("place"));
    ok(answer != NULL && answer->type == REDIS_REPLY_NIL,
       "keys of one REDIS_DB are not in another");
    freeReplyObject(answer);

    answer = redis_run(r, redis_text("CONFIG"), redis_text("SET"), redis_text("requirepass"),
                       redis_text("secret word"));
    freeReplyObject(answer);
    s.redis_password = "wrong";
    redis_close(r);
    r = redis_open(&s);
    is_int(redis_ping(r), REDIS_DOWN, "a wrong password is refused");
    redis_close(r);
    s.redis_password = "secret word";
    r = redis_open(&s);
    is_int(redis_ping(r), REDIS_UP, "the right password is accepted");
    answer = redis_run(r, redis_text("CONFIG"), redis_text("SET"), redis_text("requirepass"),
                       redis_text(""));
    freeReplyObject(answer);
    redis_close(r);
}

int
main(void)
{
    const struct settings settings = test_settings("db_redis");
    struct redis *r = redis_open(&settings);

    check_commands(r);
    check_scripts(r);
    check_posts(r);
    check_settings(&settings);
    check_restart(r);
    check_hung(r);
    check_deaf(&settings);
    redis_close(r);
    return done_testing();
}
