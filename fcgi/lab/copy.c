/* Each copy is the real event loop or the real worker in a forked process, with two routes. */
#include "fcgi/lab/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/wait_hook.h"
#include "fcgi/events/events.h"
#include "fcgi/lab/listen.h"
#include "fcgi/worker/worker.h"
#include "routes/frame/reply.h"
#include "routes/frame/route.h"

enum { PATIENCE_SECONDS = 10, ANSWER_MAX = 4096 };

static void
copy_block_here(void)
{
    (void)poll(NULL, 0, COPY_BLOCK_MS);
}

static void
copy_reply(struct request *req, const void *input)
{
    (void)input;
    reply_empty(req);
}

static void
copy_handle_block(struct request *req, const void *input)
{
    (void)input;
    wait_hook_run(); /* as before each wait for the database */
    copy_block_here();
    reply_empty(req);
}

static const struct route copy_routes[] = {
    {.method = GET,
     .path = "/answer",
     .handler = copy_reply,
     .access = ANYONE,
     .limit = LIMIT_NONE,
     .status = 204},
    {.method = GET,
     .path = "/block",
     .handler = copy_handle_block,
     .access = ANYONE,
     .limit = LIMIT_NONE,
     .status = 204},
    ROUTES_END,
};
static const struct route_group copy_group = {.routes = copy_routes};

/* Handlers do not run in the event loop's thread: a signal to that thread blocks it. */
#define BLOCK_SIGNAL SIGUSR2

static void
copy_on_block_signal(int signal_number)
{
    (void)signal_number;
    copy_block_here();
}

static _Noreturn void
copy_main(const struct settings *settings, enum copy_kind kind, int threads, int listening,
          pid_t parent)
{
    struct settings copied = *settings;
    struct app own = {.settings = &copied, .router = router_new()};
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    copied.redis_host = "";
    copied.db_pool_minsize = 0;
    copied.app_workers = 1;
    copied.db_pool_maxsize = threads;
    if (getppid() != parent || nowhere < 0 || !router_add(own.router, &copy_group) ||
        dup2(listening, WORKER_SOCKET) < 0 || dup2(nowhere, STDOUT_FILENO) < 0 ||
        dup2(nowhere, STDERR_FILENO) < 0) {
        _exit(1);
    }
    if (kind == COPY_POOL) {
        _exit(worker_run(&own, POOL_API));
    }
    (void)sigaction(BLOCK_SIGNAL, &(struct sigaction){.sa_handler = copy_on_block_signal}, NULL);
    _exit(events_run(&own));
}

bool
copy_start(struct copy *c, const struct settings *settings, enum copy_kind kind, int threads)
{
    pid_t parent = getpid();
    int fd;

    c->at = (struct sockaddr_un){.sun_family = AF_UNIX};
    c->at_len = sizeof(sa_family_t); /* an abstract name, chosen by the system (unix(7)) */
    fd = lab_listen((struct sockaddr *)&c->at, &c->at_len, sizeof(c->at), 0);

    if (fd < 0) {
        return false;
    }
    c->pid = fork();
    if (c->pid == 0) {
        copy_main(settings, kind, threads, fd, parent);
    }
    (void)close(fd);
    return c->pid > 0;
}

void
copy_stop(const struct copy *c)
{
    (void)kill(c->pid, SIGKILL);
    (void)waitpid(c->pid, NULL, 0);
}

void
copy_block(const struct copy *c)
{
    (void)tgkill(c->pid, c->pid, BLOCK_SIGNAL);
}

int
copy_connect(const struct copy *c)
{
    struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&c->at, c->at_len) != 0) {
        (void)close(fd);
        return -1;
    }
    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    }
    return fd;
}

/*
 * A FastCGI request without a body on a kept connection (FastCGI Specification 1.0, sections 3.3
 * and 5.1 to 5.3).
 */
static size_t
copy_write_request(char *to, const char *uri)
{
    enum { ID = 1, BEGIN = 1, PARAMS = 4, STDIN = 5, RESPONDER = 1, KEEP = 1 };
    const char *pairs[][2] = {{"REQUEST_METHOD", "GET"}, {"REQUEST_URI", uri}};
    const char begin[] = {1, BEGIN, 0, ID, 0, 8, 0, 0, 0, RESPONDER, KEEP, 0, 0, 0, 0, 0};
    const char ends[] = {1, PARAMS, 0, ID, 0, 0, 0, 0, 1, STDIN, 0, ID, 0, 0, 0, 0};
    char params[128];
    size_t len = 0, at = 0;

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        params[len++] = (char)strlen(pairs[i][0]);
        params[len++] = (char)strlen(pairs[i][1]);
        len += (size_t)snprintf(params + len, sizeof(params) - len, "%s%s", pairs[i][0],
                                pairs[i][1]);
    }
    memcpy(to, begin, sizeof(begin));
    at += sizeof(begin);
    memcpy(to + at, (const char[]){1, PARAMS, 0, ID, 0, (char)len, 0, 0}, 8);
    memcpy(to + at + 8, params, len);
    at += 8 + len;
    memcpy(to + at, ends, sizeof(ends));
    return at + sizeof(ends);
}

static bool
socket_read_all(int fd, uint8_t *to, size_t len)
{
    while (len > 0) {
        ssize_t got = recv(fd, to, len, 0);

        if (got <= 0) {
            return false;
        }
        to += got;
        len -= (size_t)got;
    }
    return true;
}

/* Reads records up to the end of the request (section 5.5). */
static bool
copy_read_reply(int fd)
{
    enum { END = 3, STDOUT = 6 };
    static const char wanted[] = "Status: 204";
    uint8_t head[8], content[ANSWER_MAX];
    bool found = false;

    for (;;) {
        size_t len;

        if (!socket_read_all(fd, head, sizeof(head))) {
            return false;
        }
        len = (size_t)(head[4] << 8 | head[5]) + head[6];
        if (len > sizeof(content) || !socket_read_all(fd, content, len)) {
            return false;
        }
        if (head[1] == END) {
            return found;
        }
        found = found ||
                (head[1] == STDOUT && memmem(content, len, wanted, sizeof(wanted) - 1) != NULL);
    }
}

bool
copy_request(int fd, bool blocks)
{
    char request[256];
    size_t len = copy_write_request(request, blocks ? "/block" : "/answer");

    return send(fd, request, len, MSG_NOSIGNAL) == (ssize_t)len && copy_read_reply(fd);
}
