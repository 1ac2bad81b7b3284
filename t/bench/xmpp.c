/*
 * Senders in rooms of an XMPP server: each sends a message, waits until the server has sent it back
 * (it is archived then), and sends the next.
 *     xmpp PORT SECONDS SENDERS ROOMS WORD
 *         sender i is in room i modulo ROOMS; WORD makes this run's names its own. Prints
 *         "result MESSAGES MICROSECONDS P50 P99 0" as report.lua does (times in µs)
 * Signs in to 127.0.0.1 with SASL PLAIN, in the domain "localhost". Rooms are of
 * "conference.localhost".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    SENDERS_MAX = 256,
    TEXT_SIZE = 65536,
    TIMES_MAX = 4000000,
    PATIENCE_MS = 10000,
};

struct sender {
    int fd, len;
    int number, room;
    long long sent_at;
    char text[TEXT_SIZE + 1]; /* what has arrived and is not yet handled */
};

static struct sender senders[SENDERS_MAX];
static unsigned *times;
static int time_count;
static const char *word;

static long long
now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static _Noreturn void
fail(const struct sender *s, const char *what)
{
    (void)fprintf(stderr, "xmpp: %s: %s\n%.2000s\n", what, strerror(errno), s->text);
    exit(1);
}

static void
put(struct sender *s, const char *text)
{
    size_t len = strlen(text);

    if (write(s->fd, text, len) != (ssize_t)len) {
        fail(s, "write");
    }
}

static void
take(struct sender *s)
{
    ssize_t got;

    if (s->len == TEXT_SIZE) {
        fail(s, "too much was sent at once");
    }
    got = read(s->fd, s->text + s->len, (size_t)(TEXT_SIZE - s->len));
    if (got <= 0) {
        fail(s, "the connection has ended");
    }
    s->len += (int)got;
    s->text[s->len] = '\0';
}

/* Waits until the text has arrived, and drops it with everything before. */
static void
wait_text(struct sender *s, const char *text)
{
    char *at;

    while ((at = strstr(s->text, text)) == NULL) {
        struct pollfd poll_fd = {.fd = s->fd, .events = POLLIN};

        if (poll(&poll_fd, 1, PATIENCE_MS) <= 0) {
            fail(s, text);
        }
        take(s);
    }
    at += strlen(text);
    s->len -= (int)(at - s->text);
    memmove(s->text, at, (size_t)s->len + 1);
}

static void
put_base64(char *to, const unsigned char *from, int len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (int i = 0; i < len; i += 3) {
        int rest = len - i;
        unsigned n = (unsigned)from[i] << 16 | (rest > 1 ? (unsigned)from[i + 1] << 8 : 0) |
                     (rest > 2 ? from[i + 2] : 0);

        *to++ = digits[n >> 18];
        *to++ = digits[n >> 12 & 63];
        *to++ = (char)(rest > 1 ? digits[n >> 6 & 63] : '=');
        *to++ = (char)(rest > 2 ? digits[n & 63] : '=');
    }
    *to = '\0';
}

static void
sign_in(struct sender *s, int port)
{
    static const char open[] =
        "<?xml version='1.0'?><stream:stream to='localhost' xmlns='jabber:client' "
        "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    char secret[200], coded[300], text[600];
    int len;

    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (s->fd < 0 || connect(s->fd, (struct sockaddr *)&in, sizeof(in)) != 0) {
        fail(s, "connect");
    }
    put(s, open);
    wait_text(s, "</stream:features>");
    len = snprintf(secret, sizeof(secret), "%c%s-%d%csecret", 0, word, s->number, 0);
    put_base64(coded, (const unsigned char *)secret, len);
    (void)snprintf(text, sizeof(text),
                   "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>%s</auth>",
                   coded);
    put(s, text);
    wait_text(s, "<success");
    put(s, open);
    wait_text(s, "</stream:features>");
    put(s, "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
    wait_text(s, "</iq>");
    (void)snprintf(
        text, sizeof(text),
        "<presence to='%s-%d@conference.localhost/n%d'><x "
        "xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>",
        word, s->room, s->number);
    put(s, text);
    wait_text(s, "<subject"); /* the last of what a room sends to who enters it */
    wait_text(s, ">");
}

static void
send_next(struct sender *s)
{
    char text[600];

    s->sent_at = now_us();
    (void)snprintf(
        text, sizeof(text),
        "<message type='groupchat' to='%s-%d@conference.localhost' id='m%lld'>"
        "<body>The quick brown fox 敏捷的棕色狐狸 jumps over the lazy dog, again.</body></message>",
        word, s->room, s->sent_at);
    put(s, text);
}

/* Drops the stanzas that have arrived whole; sends again if one of them is our last message. */
static void
handle(struct sender *s)
{
    static const char end[] = "</message>";
    char id[40], *at = s->text, *next;

    (void)snprintf(id, sizeof(id), "id='m%lld'", s->sent_at);
    while ((next = strstr(at, end)) != NULL) {
        char *own;

        *next = '\0';
        own = strstr(at, id);
        if (strstr(at, "type='error'") != NULL) {
            fail(s, "a message was refused");
        }
        if (own != NULL && time_count < TIMES_MAX) {
            times[time_count++] = (unsigned)(now_us() - s->sent_at);
            send_next(s);
            (void)snprintf(id, sizeof(id), "id='m%lld'", s->sent_at);
        }
        at = next + sizeof(end) - 1;
    }
    s->len -= (int)(at - s->text);
    memmove(s->text, at, (size_t)s->len + 1);
}

static int
by_size(const void *a, const void *b)
{
    const unsigned *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

static void
run(int count, double seconds)
{
    struct pollfd polled[SENDERS_MAX];
    long long began = now_us(), until = began + (long long)(seconds * 1e6), now = began;

    for (int i = 0; i < count; i++) {
        polled[i] = (struct pollfd){.fd = senders[i].fd, .events = POLLIN};
        send_next(&senders[i]);
    }
    while (now < until) {
        if (poll(polled, (nfds_t)count, PATIENCE_MS) <= 0) {
            fail(&senders[0], "nothing arrives");
        }
        for (int i = 0; i < count; i++) {
            if (polled[i].revents != 0) {
                take(&senders[i]);
                handle(&senders[i]);
            }
        }
        now = now_us();
    }
    qsort(times, (size_t)time_count, sizeof(*times), by_size);
    (void)printf("result %d %lld %u %u 0\n", time_count, now - began,
                 time_count > 0 ? times[time_count / 2] : 0,
                 time_count > 0 ? times[time_count * 99LL / 100] : 0);
}

int
main(int argc, char **argv)
{
    int count = argc == 6 ? atoi(argv[3]) : 0, rooms = argc == 6 ? atoi(argv[4]) : 0;

    (void)prctl(PR_SET_PDEATHSIG, 9);
    times = calloc(TIMES_MAX, sizeof(*times));
    if (count < 1 || count > SENDERS_MAX || rooms < 1 || times == NULL) {
        (void)fprintf(stderr, "xmpp: see the head of xmpp.c\n");
        return 2;
    }
    word = argv[5];
    for (int i = 0; i < count; i++) {
        senders[i].number = i;
        senders[i].room = i % rooms;
        sign_in(&senders[i], atoi(argv[1]));
    }
    run(count, atof(argv[2]));
    return 0;
}
