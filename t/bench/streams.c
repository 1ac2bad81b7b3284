/*
 * Holds thousands of streams and records when each message arrives. Senders put the time into the
 * message ("t" and CLOCK_MONOTONIC in µs), so that senders and listeners may be different
 * processes of one host.
 *     streams tokens COUNT
 *         prints COUNT lines "TOKEN HASH", for the sessions table
 *     streams hold|storm PLACE PATH COUNT SECONDS < TOKENS
 *         holds COUNT streams, of which `hold` opens 200 at a time and `storm` all at once; prints
 *         "ready MS" when all have got their complete `hello`, and after SECONDS
 *         "result ARRIVED P50 P99 MAX STREAMS" (in µs)
 *     streams send PORT RATE SECONDS [PATH…] < TOKENS
 *         sends messages to the paths in turn; prints "sent COUNT"
 * PLACE is a port of 127.0.0.1 (HTTP) or the path of a FastCGI socket.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/random.h"

enum {
    TOKENS_MAX = 20000,
    ARRIVALS_MAX = 4000000,
    CARRY = 48,           /* bytes of a stream that are kept, since a mark may be split */
    UNDER_WAY_MAX = 200,  /* streams that are being opened at once */
    PORT_STREAMS = 20000, /* streams of one source address */
};

struct stream {
    int fd;
    int carried;
    char carry[CARRY];
    char greeted, heard;
};

static char (*tokens)[TOKEN_TEXT_SIZE];
static int token_count;
static struct stream *streams;
static unsigned *arrivals;
static int arrival_count, greeted_count, failed_count;

static long long
now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
fail(const char *what)
{
    (void)fprintf(stderr, "streams: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void
read_tokens(void)
{
    tokens = calloc(TOKENS_MAX, sizeof(*tokens));
    while (tokens != NULL && token_count < TOKENS_MAX &&
           scanf("%43s%*[^\n]", tokens[token_count]) == 1) {
        token_count++;
    }
    if (token_count == 0) {
        fail("no tokens");
    }
}

static int
print_tokens(int count)
{
    if (!random_init()) {
        return 1;
    }
    for (int i = 0; i < count; i++) {
        char token[TOKEN_TEXT_SIZE];
        uint8_t hash[TOKEN_HASH_BYTES];

        random_token(token);
        if (!token_hash(token, hash)) {
            return 1;
        }
        (void)printf("%s ", token);
        for (int k = 0; k < TOKEN_HASH_BYTES; k++) {
            (void)printf("%02x", hash[k]);
        }
        (void)puts("");
    }
    return 0;
}

static int
connect_to(const char *place, int number)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct sockaddr_in in = {.sin_family = AF_INET};
    int fd;

    if (place[0] == '/') {
        fd = socket(AF_UNIX, SOCK_STREAM, 0);
        (void)snprintf(un.sun_path, sizeof(un.sun_path), "%s", place);
        if (fd < 0 || connect(fd, (struct sockaddr *)&un, sizeof(un)) != 0) {
            fail(place);
        }
        return fd;
    }
    fd = socket(AF_INET, SOCK_STREAM, 0);
    /* an address of this run's own: ports of an earlier run may still be in use */
    in.sin_addr.s_addr = htonl(0x7F010000 + (unsigned)(getpid() % 65000) * 2 +
                               (unsigned)(number / PORT_STREAMS) + 2);
    if (fd < 0 || bind(fd, (struct sockaddr *)&in, sizeof(in)) != 0) {
        fail("bind");
    }
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    in.sin_port = htons((uint16_t)atoi(place));
    if (connect(fd, (struct sockaddr *)&in, sizeof(in)) != 0) {
        fail(place);
    }
    return fd;
}

static int
put_record(char *at, int type, const char *content, int len)
{
    const char header[8] = {1, (char)type, 0, 1, (char)(len >> 8), (char)len, 0, 0};

    memcpy(at, header, 8);
    memcpy(at + 8, content, (size_t)len);
    return 8 + len;
}

static int
put_pair(char *at, const char *name, const char *value)
{
    int len = 0;

    at[len++] = (char)strlen(name);
    at[len++] = (char)strlen(value);
    return len + sprintf(at + len, "%s%s", name, value);
}

/* A request for a stream, in FastCGI or HTTP. */
static int
write_request(char *at, const char *place, const char *path, const char *token)
{
    char params[512], bearer[64];
    int len = 0, n = 0;

    (void)snprintf(bearer, sizeof(bearer), "Bearer %s", token);
    if (place[0] != '/') {
        return sprintf(
            at,
            "GET %s HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nAuthorization: %s\r\n\r\n",
            path, bearer);
    }
    n += put_pair(params + n, "REQUEST_METHOD", "GET");
    n += put_pair(params + n, "REQUEST_URI", path);
    n += put_pair(params + n, "REMOTE_ADDR", "127.0.0.1");
    n += put_pair(params + n, "HTTP_AUTHORIZATION", bearer);
    len += put_record(at + len, 1, "\0\1\0\0\0\0\0\0", 8);
    len += put_record(at + len, 4, params, n);
    len += put_record(at + len, 4, "", 0);
    len += put_record(at + len, 5, "", 0);
    return len;
}

static void
note_arrivals(struct stream *s, char *text, int len, long long now)
{
    char *at = text;

    text[len] = '\0';
    while ((at = memmem(at, (size_t)(text + len - at), "\"t", 2)) != NULL) {
        char *end;
        long long sent = strtoll(at + 2, &end, 10);

        if (end == text + len) { /* split: the rest comes with the next bytes */
            break;
        }
        if (*end == '"' && end > at + 9 && arrival_count < ARRIVALS_MAX) {
            arrivals[arrival_count++] = (unsigned)(now - sent);
            s->heard = 1;
        }
        at = end > at + 2 ? end : at + 2;
    }
    s->carried = 0;
    if (at != NULL && text + len - at < CARRY) {
        s->carried = (int)(text + len - at);
        memcpy(s->carry, at, (size_t)s->carried);
    }
}

static void
take(struct stream *s)
{
    static char text[CARRY + 65536 + 1];
    int len = s->carried;
    ssize_t got;

    memcpy(text, s->carry, (size_t)s->carried);
    got = read(s->fd, text + len, 65536);
    if (got <= 0) {
        failed_count++;
        (void)close(s->fd);
        return;
    }
    len += (int)got;
    text[len] = '\0';
    if (!s->greeted && (memmem(text, (size_t)len, "\"more\":false", 12) != NULL ||
                        memmem(text, (size_t)len, ": hi", 4) != NULL)) {
        s->greeted = 1;
        greeted_count++;
    } else if (!s->greeted && memmem(text, (size_t)len, " 429", 4) != NULL) {
        errno = EBUSY;
        fail("refused");
    }
    note_arrivals(s, text, len, now_us());
}

static int
by_size(const void *a, const void *b)
{
    const unsigned *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

static void
wait_some(int epoll, int ms)
{
    struct epoll_event events[256];
    int count = epoll_wait(epoll, events, 256, ms);

    for (int i = 0; i < count; i++) {
        take(&streams[events[i].data.u32]);
    }
}

static int
hold(const char *place, const char *path, int count, double seconds, int under_way)
{
    int epoll = epoll_create1(0), heard = 0;
    long long began = now_us(), until;
    char request[2048];

    streams = calloc((size_t)count, sizeof(*streams));
    arrivals = calloc(ARRIVALS_MAX, sizeof(*arrivals));
    for (int i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
        int len = write_request(request, place, path, tokens[i % token_count]);

        streams[i].fd = connect_to(place, i);
        if (write(streams[i].fd, request, (size_t)len) != len ||
            epoll_ctl(epoll, EPOLL_CTL_ADD, streams[i].fd, &event) != 0) {
            fail("request");
        }
        while (i + 1 - greeted_count > under_way && failed_count == 0) {
            wait_some(epoll, 1000);
        }
    }
    while (greeted_count < count && failed_count == 0 && now_us() - began < 60000000) {
        wait_some(epoll, 1000);
    }
    (void)printf("ready %lld %d %d\n", (now_us() - began) / 1000, greeted_count, failed_count);
    (void)fflush(stdout);
    until = now_us() + (long long)(seconds * 1e6);
    while (now_us() < until) {
        wait_some(epoll, (int)((until - now_us()) / 1000) + 1);
    }
    for (int i = 0; i < count; i++) {
        heard += streams[i].heard;
    }
    qsort(arrivals, (size_t)arrival_count, sizeof(*arrivals), by_size);
    (void)printf("result %d %u %u %u %d\n", arrival_count,
                 arrival_count > 0 ? arrivals[arrival_count / 2] : 0,
                 arrival_count > 0 ? arrivals[arrival_count * 99LL / 100] : 0,
                 arrival_count > 0 ? arrivals[arrival_count - 1] : 0, heard);
    return failed_count == 0 ? 0 : 1;
}

/* Reads a whole reply with a Content-Length, or without a body. */
static void
read_reply(int fd)
{
    char text[65536];
    int len = 0;

    for (;;) {
        ssize_t got = read(fd, text + len, sizeof(text) - 1 - (size_t)len);
        char *end, *length;

        if (got <= 0) {
            fail("an answer");
        }
        len += (int)got;
        text[len] = '\0';
        end = strstr(text, "\r\n\r\n");
        length = strcasestr(text, "\r\nContent-Length:");
        if (end != NULL && (length == NULL || text + len >= end + 4 + atoi(length + 17))) {
            break;
        }
    }
    if (strncmp(text, "HTTP/1.1 20", 11) != 0) {
        (void)fprintf(stderr, "streams: %.200s\n", text);
        exit(1);
    }
}

static int
send_all(const char *port, double rate, double seconds, char **paths, int path_count)
{
    int fd = connect_to(port, 0), total = (int)(rate * seconds + 0.5);
    long long began = now_us();

    for (int i = 0; i < total; i++) {
        char body[200], text[600];
        long long at = began + (long long)(i * 1e6 / rate), left = at - now_us();
        int body_len, len;

        if (left > 0) {
            (void)usleep((useconds_t)left);
        }
        body_len = snprintf(body, sizeof(body), "{\"client_id\":\"b%lld-%d\",\"body\":\"t%lld\"}",
                            began, i, now_us());
        len = snprintf(text, sizeof(text),
                       "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: "
                       "application/json\r\nContent-Length: %d\r\n\r\n%s",
                       paths[i % path_count], tokens[i % token_count], body_len, body);
        if (write(fd, text, (size_t)len) != len) {
            fail("a message");
        }
        read_reply(fd);
    }
    (void)printf("sent %d\n", total);
    return 0;
}

int
main(int argc, char **argv)
{
    struct rlimit limit;

    (void)prctl(PR_SET_PDEATHSIG, 9);
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (argc == 3 && strcmp(argv[1], "tokens") == 0) {
        return print_tokens(atoi(argv[2]));
    }
    read_tokens();
    if (argc == 6 && strcmp(argv[1], "hold") == 0) {
        return hold(argv[2], argv[3], atoi(argv[4]), atof(argv[5]), UNDER_WAY_MAX);
    }
    if (argc == 6 && strcmp(argv[1], "storm") == 0) {
        return hold(argv[2], argv[3], atoi(argv[4]), atof(argv[5]), INT_MAX);
    }
    if (argc >= 6 && strcmp(argv[1], "send") == 0) {
        return send_all(argv[2], atof(argv[3]), atof(argv[4]), argv + 5, argc - 5);
    }
    (void)fprintf(stderr, "streams: see the head of streams.c\n");
    return 2;
}
