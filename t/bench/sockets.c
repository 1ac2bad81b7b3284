/*
 * Holds thousands of WebSocket connections of socket.io and records when each message arrives, as
 * streams.c does for streams.
 *     sockets PORT COUNT SECONDS UNDER_WAY < TOKENS
 *         opens COUNT connections, UNDER_WAY at a time, each with a token; prints
 *         "ready MS CONNECTED FAILED", and after SECONDS "result ARRIVED P50 P99 MAX CONNECTIONS"
 *         (in µs)
 * A message holds the time when it was sent: "t and CLOCK_MONOTONIC in µs".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    TOKEN_SIZE = 64,
    ARRIVALS_MAX = 4000000,
    CARRY = 2048, /* bytes of a frame that has not arrived whole; ours are short */
};

enum state { UPGRADING, CONNECTING, CONNECTED };

struct socket {
    int fd, len;
    enum state state;
    char heard;
    char token[TOKEN_SIZE];
    char carry[CARRY];
};

static struct socket *sockets;
static unsigned *arrivals;
static int arrival_count, connected_count, failed_count;

static long long
now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static _Noreturn void
fail(const char *what)
{
    (void)fprintf(stderr, "sockets: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* Sends a text frame. The mask, which clients must use, is 0. */
static void
put_frame(const struct socket *s, const char *text)
{
    size_t len = strlen(text);
    char frame[6 + 125] = {(char)0x81, (char)(0x80 | len)};

    memcpy(frame + 6, text, len);
    if (write(s->fd, frame, 6 + len) != (ssize_t)(6 + len)) {
        failed_count++;
    }
}

/* A packet of Engine.IO: 0 opens, 2 is a ping, 40 connects the namespace, 42 is an event. */
static void
handle_packet(struct socket *s, const char *text, size_t len)
{
    char reply[TOKEN_SIZE + 20];
    const char *at;

    if (text[0] == '0') {
        (void)snprintf(reply, sizeof(reply), "40{\"token\":\"%s\"}", s->token);
        put_frame(s, reply);
    } else if (text[0] == '2') {
        put_frame(s, "3");
    } else if (len >= 2 && text[1] == '0' && s->state == CONNECTING) {
        s->state = CONNECTED;
        connected_count++;
    } else if (len >= 2 && text[1] == '2') {
        at = memmem(text, len, "\"t", 2);
        if (at != NULL && arrival_count < ARRIVALS_MAX) {
            arrivals[arrival_count++] = (unsigned)(now_us() - strtoll(at + 2, NULL, 10));
            s->heard = 1;
        }
    } else {
        failed_count++;
    }
}

/* Handles the frames that have arrived whole. Returns how many bytes they were. */
static size_t
handle_frames(struct socket *s, char *text, size_t len)
{
    size_t at = 0;

    while (len - at >= 2) {
        size_t head = 2, size = (unsigned char)text[at + 1];
        char after;

        if (size == 126) {
            head = 4;
            size = len - at < 4
                       ? len
                       : (size_t)(unsigned char)text[at + 2] << 8 | (unsigned char)text[at + 3];
        }
        if (len - at < head + size) {
            break;
        }
        after = text[at + head + size];
        text[at + head + size] = '\0';
        handle_packet(s, text + at + head, size);
        text[at + head + size] = after;
        at += head + size;
    }
    return at;
}

static void
take(struct socket *s)
{
    static char text[CARRY + 65536 + 1];
    size_t len = (size_t)s->len, used = 0;
    ssize_t got;

    memcpy(text, s->carry, len);
    got = read(s->fd, text + len, 65536);
    if (got <= 0) {
        failed_count++;
        (void)close(s->fd);
        return;
    }
    len += (size_t)got;
    text[len] = '\0';
    if (s->state == UPGRADING) {
        char *end = memmem(text, len, "\r\n\r\n", 4);

        if (end != NULL) {
            failed_count += strncmp(text, "HTTP/1.1 101", 12) != 0;
            s->state = CONNECTING;
            used = (size_t)(end + 4 - text);
        }
    }
    if (s->state != UPGRADING) {
        used += handle_frames(s, text + used, len - used);
    }
    if (len - used > CARRY) {
        fail("a frame is too long");
    }
    s->len = (int)(len - used);
    memcpy(s->carry, text + used, len - used);
}

static void
open_socket(struct socket *s, int epoll, const char *port, uint32_t number)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};
    char request[400];
    int len;

    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    /* an address of this run's own: ports of an earlier run may still be in use */
    in.sin_addr.s_addr = htonl(0x7F010000 + (unsigned)(getpid() % 65000) + 2);
    if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&in, sizeof(in)) != 0) {
        fail("bind");
    }
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    in.sin_port = htons((uint16_t)atoi(port));
    len = snprintf(request, sizeof(request),
                   "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\n"
                   "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    if (connect(s->fd, (struct sockaddr *)&in, sizeof(in)) != 0 ||
        write(s->fd, request, (size_t)len) != len ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, s->fd, &event) != 0) {
        fail("connect");
    }
}

static void
wait_some(int epoll, int ms)
{
    struct epoll_event events[256];
    int count = epoll_wait(epoll, events, 256, ms);

    for (int i = 0; i < count; i++) {
        take(&sockets[events[i].data.u32]);
    }
}

static int
by_size(const void *a, const void *b)
{
    const unsigned *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

static void
print_result(int count)
{
    int heard = 0;

    for (int i = 0; i < count; i++) {
        heard += sockets[i].heard;
    }
    qsort(arrivals, (size_t)arrival_count, sizeof(*arrivals), by_size);
    (void)printf("result %d %u %u %u %d\n", arrival_count,
                 arrival_count > 0 ? arrivals[arrival_count / 2] : 0,
                 arrival_count > 0 ? arrivals[arrival_count * 99LL / 100] : 0,
                 arrival_count > 0 ? arrivals[arrival_count - 1] : 0, heard);
}

int
main(int argc, char **argv)
{
    int count = argc == 5 ? atoi(argv[2]) : 0, epoll = epoll_create1(0);
    struct rlimit limit;
    long long began = now_us(), until;

    (void)prctl(PR_SET_PDEATHSIG, 9);
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    sockets = calloc((size_t)count, sizeof(*sockets));
    arrivals = calloc(ARRIVALS_MAX, sizeof(*arrivals));
    if (count < 1 || sockets == NULL || arrivals == NULL) {
        (void)fprintf(stderr, "sockets: see the head of sockets.c\n");
        return 2;
    }
    for (int i = 0; i < count; i++) {
        if (scanf("%63s", sockets[i].token) != 1) {
            fail("too few tokens");
        }
    }
    for (int i = 0; i < count; i++) {
        open_socket(&sockets[i], epoll, argv[1], (uint32_t)i);
        while (i + 1 - connected_count > atoi(argv[4]) && failed_count == 0) {
            wait_some(epoll, 1000);
        }
    }
    while (connected_count < count && failed_count == 0 && now_us() - began < 60000000) {
        wait_some(epoll, 1000);
    }
    (void)printf("ready %lld %d %d\n", (now_us() - began) / 1000, connected_count, failed_count);
    (void)fflush(stdout);
    until = now_us() + (long long)(atof(argv[3]) * 1e6);
    while (now_us() < until) {
        wait_some(epoll, (int)((until - now_us()) / 1000) + 1);
    }
    print_result(count);
    return failed_count == 0 ? 0 : 1;
}
