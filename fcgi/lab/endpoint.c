/* Reads a request line, sets a timer, and replies when it expires. */
#include "fcgi/lab/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/reactor.h"
#include "fcgi/lab/listen.h"

enum { REQUEST_MAX = 4096, WAIT_MAX_MS = 60 * 1000 };

struct client {
    struct reactor_timer timer; /* first, so that its callback can cast */
    struct reactor *reactor;
    int fd;
    int64_t task;
    size_t len;
    char request[REQUEST_MAX + 1];
};

static void
client_close(struct client *c)
{
    reactor_cancel(c->reactor, &c->timer);
    reactor_forget(c->reactor, c->fd);
    (void)close(c->fd);
    free(c);
}

/* A reply is smaller than any socket's buffer: it is sent whole, or the client is gone. */
static void
client_reply(struct client *c, const char *status, const char *body)
{
    char text[256];
    int len = snprintf(
        text, sizeof(text),
        "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", status,
        strlen(body), body);

    c->len = 0;
    if (send(c->fd, text, (size_t)len, MSG_NOSIGNAL) != len) {
        client_close(c);
    }
}

static void
client_wait_over(struct reactor_timer *t)
{
    struct client *c = (struct client *)t;
    char body[48];

    (void)snprintf(body, sizeof(body), "{\"task\":%lld}", (long long)c->task);
    client_reply(c, "200 OK", body);
}

/* "GET /wait/890/17 HTTP/1.1" */
static bool
request_parse(const char *text, int64_t *ms, int64_t *task)
{
    static const char begin[] = "GET /wait/", end[] = " HTTP/1.1\r\n";

    if (strncmp(text, begin, sizeof(begin) - 1) != 0) {
        return false;
    }
    text += sizeof(begin) - 1;
    if (!number_read(&text, ms) || *ms < 0 || *ms > WAIT_MAX_MS || *text != '/') {
        return false;
    }
    text++;
    return number_read(&text, task) && strncmp(text, end, sizeof(end) - 1) == 0;
}

static void
client_read(void *context, int fd, uint32_t events)
{
    struct client *c = context;
    ssize_t got = recv(fd, c->request + c->len, REQUEST_MAX - c->len, MSG_DONTWAIT);
    int64_t ms;

    (void)events;
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got <= 0 || c->timer.at_us != 0) { /* a second request before the reply */
        client_close(c);
        return;
    }
    c->len += (size_t)got;
    c->request[c->len] = '\0';
    if (strstr(c->request, "\r\n\r\n") == NULL) {
        if (c->len == REQUEST_MAX) {
            client_close(c);
        }
        return;
    }
    if (request_parse(c->request, &ms, &c->task)) {
        reactor_after(c->reactor, &c->timer, ms, client_wait_over);
    } else {
        client_reply(c, "404 Not Found",
                     "{\"detail\":\"The only resource is GET /wait/MS/TASK.\"}");
    }
}

static void
endpoint_accept(void *context, int listening, uint32_t events)
{
    struct reactor *r = context;
    int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct client *c;

    (void)events;
    if (fd < 0) {
        return;
    }
    c = memory_new(struct client);
    c->reactor = r;
    c->fd = fd;
    if (!reactor_watch(r, fd, EPOLLIN, client_read, c)) {
        client_close(c);
    }
}

static _Noreturn void
endpoint_serve(int listening, pid_t parent)
{
    struct reactor *r = reactor_open();

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent && r != NULL &&
        reactor_watch(r, listening, EPOLLIN, endpoint_accept, r)) {
        reactor_run(r);
    }
    _exit(1);
}

bool
endpoint_start(struct endpoint *e)
{
    pid_t parent = getpid();
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(at);
    int fd = lab_listen((struct sockaddr *)&at, &len, sizeof(at), SOCK_NONBLOCK);

    if (fd < 0) {
        return false;
    }
    e->port = ntohs(at.sin_port);
    e->pid = fork();
    if (e->pid == 0) {
        endpoint_serve(fd, parent);
    }
    (void)close(fd);
    return e->pid > 0;
}

void
endpoint_stop(const struct endpoint *e)
{
    (void)kill(e->pid, SIGKILL);
    (void)waitpid(e->pid, NULL, 0);
}
