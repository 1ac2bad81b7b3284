/*
 * The kept connections of a worker: accepted, served one request at a time, and handed on to
 * whichever thread is woken for the next.
 *
 * We accept connections ourselves, and give libfcgi only those that have bytes: its own accept
 * would hold a thread for up to 2 s at a silent connection, and has no time-out.
 */
#include <errno.h>
#include <fcgiapp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "fcgi/worker/fastcgi.h"
#include "fcgi/worker/front.h"
#include "fcgi/worker/worker_internal.h"

enum {
    SOCKET_SECONDS = 10,   /* a web server that neither sends nor reads for so long is dropped */
    WRITE_SECONDS = 60,    /* a download that a thread waits for longer, in all, is cut */
    MINIMUM_AGE_MS = 1000, /* a process that ends sooner looks like a failure to its supervisor */
};

/*
 * One thread has a kept connection at a time, and hands it on by arming it again in the epoll set.
 * C's memory model does not know that the kernel orders the two threads: `handed` orders them in
 * its terms.
 */
struct kept_connection {
    struct waiting_turn waiting; /* first, so that its address is the connection's */
    int64_t put_off_us;          /* when its request was first put off; 0: it was not */
    FCGX_Request fcgi;
    struct request_parser front; /* of the records before the first request */
    bool used;                   /* libfcgi has read a request from it */
    atomic_bool handed;
};

static void
worker_connection_close(struct worker *w, struct kept_connection *c)
{
    FCGX_Free(&c->fcgi, 1);
    parser_free(&c->front);
    free(c);
    (void)atomic_fetch_sub(&w->connections, 1);
}

/*
 * Waits for the connection's next request. From here on, the connection belongs to another thread.
 */
static void
worker_connection_hand_on(struct worker *w, struct kept_connection *c, int operation)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, .data.ptr = c};
    int fd = c->fcgi.ipcFd;

    atomic_store_explicit(&c->handed, true, memory_order_release);
    if (epoll_ctl(w->epoll, operation, fd, &event) != 0) {
        log_error("epoll_ctl: %s", strerror(errno));
        worker_connection_close(w, c);
    }
}

bool
worker_is_draining(struct worker *w)
{
    return atomic_load_explicit(&w->draining, memory_order_relaxed);
}

/*
 * Has the web server kept its connections open for longer than nginx does with our configuration?
 */
static bool
worker_closes_connections(struct worker *w)
{
    return worker_is_draining(w) && clock_mono_us() > atomic_load(&w->close_from_us);
}

/* Asks the main thread to end this process after WORKER_MAX_REQUESTS. */
static void
worker_count_request(struct worker *w)
{
    long number = atomic_fetch_add_explicit(&w->requests, 1, memory_order_relaxed) + 1;

    if (w->last_request > 0 && number >= w->last_request && !worker_is_draining(w) &&
        clock_mono_us() - w->started_us > MINIMUM_AGE_MS * 1000) {
        (void)kill(getpid(), SIGTERM);
    }
}

/*
 * Handles one request, unless it is put off. Returns false if the reply could not be sent
 * completely.
 */
static bool
worker_connection_reply(struct worker *w, struct resources *resources, struct kept_connection *c,
                        struct turn *turn)
{
    FCGX_Request *fcgi = &c->fcgi;
    int64_t waited_us = w->has_local_peers ? fastcgi_waited_us(fcgi) : 0;
    int64_t put_off_us = c->put_off_us == 0 ? 0 : clock_mono_us() - c->put_off_us;
    const struct exchange exchange = {
        .env = fcgi->envp,
        .read = fastcgi_read,
        .write = fastcgi_write,
        .context = fcgi,
        .write_seconds = WRITE_SECONDS,
        .take_turn = w->turns.most > 0 ? turn_take : NULL,
        .turn = turn,
        .counted = c->put_off_us != 0,
        .waited_us = waited_us > put_off_us ? waited_us : put_off_us,
    };
    bool complete = serve(w->app, resources, &exchange);

    if (turn_is_put_off(turn)) {
        return true;
    }
    if (complete && (!fastcgi_discard_body(fcgi) || worker_closes_connections(w))) {
        fcgi->keepConnection = 0;
    }
    worker_count_request(w);
    return complete;
}

/*
 * Is there a request for libfcgi? Returns false after handing the connection on, or closing it.
 * Only the front of a new connection is looked at: for each request it would cost 3 % of a short
 * one.
 */
static bool
worker_connection_has_request(struct worker *w, struct kept_connection *c)
{
    enum front front = c->used ? FRONT_REQUEST : front_handle(&c->front, c->fcgi.ipcFd);

    if (front == FRONT_CLOSE) {
        worker_connection_close(w, c);
    } else if (front == FRONT_HANDLED) {
        worker_connection_hand_on(w, c, EPOLL_CTL_MOD);
    }
    return front == FRONT_REQUEST;
}

/* After the reply, or in place of one: the connection's next request, or its end. */
static void
worker_connection_finish(struct worker *w, struct kept_connection *c, bool complete)
{
    if (!complete) {
        /* Without FCGI_END_REQUEST the web server passes on that something is missing. */
        worker_connection_close(w, c);
        return;
    }
    FCGX_Finish_r(&c->fcgi);
    if (c->fcgi.ipcFd < 0) {
        worker_connection_close(w, c);
    } else {
        worker_connection_hand_on(w, c, EPOLL_CTL_MOD);
    }
}

/* Whether the web server has given up a request that was put off. */
static bool
worker_connection_is_given_up(const struct kept_connection *c)
{
    struct pollfd at = {.fd = c->fcgi.ipcFd, .events = POLLRDHUP};

    return c->put_off_us != 0 && poll(&at, 1, 0) > 0 && (at.revents & ~POLLIN) != 0;
}

/*
 * Replies to a request, or puts it off. Returns the connection whose request this thread has to
 * serve next: it was put off before, and has its turn now. NULL: none.
 */
static struct kept_connection *
worker_connection_answer(struct worker *w, struct resources *resources, struct kept_connection *c)
{
    struct turn turn = {.turns = &w->turns};
    bool complete = !worker_connection_is_given_up(c) &&
                    worker_connection_reply(w, resources, c, &turn);

    if (turn_is_put_off(&turn)) {
        c->put_off_us = c->put_off_us != 0 ? c->put_off_us : clock_mono_us();
        return turn_wait(&turn, &c->waiting) ? NULL : c;
    }
    if (c->put_off_us != 0) { /* also if it took no turn: its session has ended meanwhile */
        turn.user_id = c->waiting.user_id;
        c->put_off_us = 0;
    }
    worker_connection_finish(w, c, complete);
    return (struct kept_connection *)turn_end(&turn);
}

void
worker_connection_serve(struct worker *w, struct resources *resources, struct kept_connection *c)
{
    FCGX_Request *fcgi = &c->fcgi;
    struct kept_connection *next = c;

    (void)atomic_load_explicit(&c->handed, memory_order_acquire);
    if (!worker_connection_has_request(w, c)) {
        return;
    }
    c->used = true;
    if (FCGX_Accept_r(fcgi) != 0) { /* closed by the web server, or not FastCGI */
        worker_connection_close(w, c);
        return;
    }
    if (!fastcgi_admit(fcgi)) {
        worker_connection_finish(w, c, true);
        return;
    }
    while (next != NULL) {
        next = worker_connection_answer(w, resources, next);
    }
}

void
worker_connection_accept(struct worker *w)
{
    const struct timeval timeout = {.tv_sec = SOCKET_SECONDS};
    struct kept_connection *c;
    int fd = accept4(WORKER_SOCKET, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0) {
        if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
            log_error("accept: %s", strerror(errno));
            /* EMFILE and the like pass; do not spin meanwhile. */
            (void)usleep(DRAIN_STEP_MS * 1000);
        }
        return;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    c = memory_new(struct kept_connection);
    if (FCGX_InitRequest(&c->fcgi, -1, 0) != 0) { /* only without FCGX_Init */
        log_error("libfcgi refused a connection");
        free(c);
        (void)close(fd);
        return;
    }
    c->front.connection_max = (uint32_t)w->thread_count;
    c->fcgi.ipcFd = fd;
    c->fcgi.keepConnection = 1; /* else FCGX_Accept_r would close it first */
    (void)atomic_fetch_add(&w->connections, 1);
    worker_connection_hand_on(w, c, EPOLL_CTL_ADD);
}
