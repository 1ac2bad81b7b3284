/*
 * All threads wait on one epoll set, which holds the listening socket and every kept connection, one-shot. Who is woken for the
 * socket accepts one connection; who is woken for a connection lets libfcgi read the request from it, answers, and arms it
 * again. A thread owns its arena, its database and its Redis connection, so nothing needs a lock but the places below.
 *
 * We accept ourselves and hand libfcgi a connection that has bytes: its own accept would hold a thread for up to 2 s
 * at a connection that says nothing, and cannot be told to time out.
 *
 * Signals are blocked in all threads; the main thread takes them with sigwait. It wakes the others out of epoll_pwait,
 * the only place where WAKE is let in: no read, write or query is ever cut short.
 */
#include "fcgi/worker/worker.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "fcgi/serve.h"

#define WAKE SIGUSR2

/* How long libfcgi may wait for a peer to close after us; its own 2 s would hold a thread. */
#define CLOSE_PATIENCE_MS "100"

enum {
    /* After which a thread beyond DB_POOL_MINSIZE closes its database connection. */
    IDLE_MS = 60 * 1000,
    PLACES = 2,           /* measured: with one, a thread is called for each request */
    LOG_MS = 50,          /* how long a line of the log may wait for others */
    DRAIN_STEP_MS = 100,  /* how often a thread that drains looks whether all is done */
    PATIENCE_SECONDS = 8, /* nginx lets a kept connection go after 2 s, and an idle one after 5 s */
    DRAIN_SECONDS = 10,   /* beyond that and the request deadline: then all is cut */
    PEER_SECONDS = 10,    /* a peer that neither sends nor reads for so long is dropped */
    DRAINED_BODY_MAX = 2 * BODY_MAX, /* unread body that is read away to keep the connection */
    STACK_BYTES = 512 * 1024,
    /* Before a process replaces itself: its supervisor takes a quicker end for a failure. */
    MINIMUM_AGE_MS = 1000,
};

/*
 * The places in epoll_pwait, fewer than threads: short requests that come one after the other then meet one or two threads,
 * which find the next one waiting, and not another thread each time. The last one to leave, who may be gone for
 * long, calls another thread in.
 */
struct places {
    pthread_mutex_t lock;
    pthread_cond_t left; /* on CLOCK_MONOTONIC */
    size_t taken, wanted;
};

struct worker {
    const struct app *app;
    int epoll;
    struct places places;
    size_t thread_count;
    size_t kept_count; /* threads that keep their database connection */
    struct worker_thread *threads;
    int64_t started_us;
    /* The number of requests after which the process replaces itself; 0: never. */
    long last_request;
    atomic_long requests;
    atomic_long connections;
    atomic_bool draining;
    atomic_llong close_from_us, drain_until_us;
};

/*
 * A kept connection. One thread has it at a time: it is handed on by arming it again in the epoll set. `handed` says that in
 * C's own terms, in which what the kernel orders does not count.
 */
struct connection {
    FCGX_Request fcgi;
    atomic_bool handed;
};

struct worker_thread {
    struct worker *worker;
    size_t number;
    pthread_t id;
};

static size_t
read_fastcgi(void *peer, char *at, size_t size)
{
    FCGX_Request *fcgi = peer;
    int got = FCGX_GetStr(at, (int)size, fcgi->in); /* size is at most BODY_MAX */

    return got < 0 || FCGX_GetError(fcgi->in) != 0 ? 0 : (size_t)got;
}

static bool
write_fastcgi(void *peer, const char *at, size_t len)
{
    FCGX_Request *fcgi = peer;

    return FCGX_PutStr(at, (int)len, fcgi->out) == (int)len; /* a piece is far below 2 GiB */
}

/* Read away what a handler left of the body: the next request stands behind it. */
static bool
drain_body(FCGX_Request *fcgi)
{
    char scratch[8192];
    int got, total = 0;

    do {
        got = FCGX_GetStr(scratch, sizeof(scratch), fcgi->in);
        total += got;
    } while (got == (int)sizeof(scratch) && total < DRAINED_BODY_MAX);
    return got < (int)sizeof(scratch);
}

/* A request as we need it: libfcgi also returns those whose parameters were cut. */
static bool
is_whole(FCGX_Request *fcgi)
{
    return FCGX_GetError(fcgi->in) == 0 && FCGX_GetParam("REQUEST_METHOD", fcgi->envp) != NULL &&
           FCGX_GetParam("REQUEST_URI", fcgi->envp) != NULL;
}

static void
drop(struct worker *w, struct connection *c)
{
    FCGX_Free(&c->fcgi, 1);
    free(c);
    (void)atomic_fetch_sub(&w->connections, 1);
}

/* Wait for the connection's next request: from here on it is another thread's. */
static void
hand_on(struct worker *w, struct connection *c, int operation)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, .data.ptr = c};
    int fd = c->fcgi.ipcFd;

    atomic_store_explicit(&c->handed, true, memory_order_release);
    if (epoll_ctl(w->epoll, operation, fd, &event) != 0) {
        log_error("epoll_ctl: %s", strerror(errno));
        drop(w, c);
    }
}

static bool
is_draining(struct worker *w)
{
    return atomic_load_explicit(&w->draining, memory_order_relaxed);
}

/* Has the web server kept its connections longer than nginx, as we configure it, would? */
static bool
is_overdue(struct worker *w)
{
    return is_draining(w) && clock_mono_us() > atomic_load(&w->close_from_us);
}

/* Ask the main thread to end this process once it has served its share. */
static void
count_request(struct worker *w)
{
    long number = atomic_fetch_add_explicit(&w->requests, 1, memory_order_relaxed) + 1;

    if (w->last_request > 0 && number >= w->last_request && !is_draining(w) &&
        clock_mono_us() - w->started_us > MINIMUM_AGE_MS * 1000) {
        (void)kill(getpid(), SIGTERM);
    }
}

/* The connection is readable: take the request from it and answer. */
static void
serve_connection(struct worker *w, struct resources *resources, struct connection *c)
{
    FCGX_Request *fcgi = &c->fcgi;
    struct exchange with = {.read = read_fastcgi, .write = write_fastcgi, .peer = fcgi};

    (void)atomic_load_explicit(&c->handed, memory_order_acquire);
    if (FCGX_Accept_r(fcgi) != 0) { /* closed by the web server, or not FastCGI */
        drop(w, c);
        return;
    }
    if (!is_whole(fcgi)) {
        log_warning("a request without REQUEST_METHOD or REQUEST_URI was refused");
        fcgi->keepConnection = 0;
        (void)FCGX_PutS("Status: 400\r\nContent-Type: application/json\r\n\r\n"
                        "{\"detail\":\"The request cannot be read.\",\"code\":\"bad_request\"}",
                        fcgi->out);
    } else {
        with.env = fcgi->envp;
        if (!serve(w->app, resources, &with)) {
            drop(
                w,
                c); /* without FCGI_END_REQUEST: the web server passes on that something is missing */
            count_request(w);
            return;
        }
        if (!drain_body(fcgi) || is_overdue(w)) {
            fcgi->keepConnection = 0;
        }
        count_request(w);
    }
    FCGX_Finish_r(fcgi);
    if (fcgi->ipcFd < 0) {
        drop(w, c);
    } else {
        hand_on(w, c, EPOLL_CTL_MOD);
    }
}

/* Take one connection of the queue, so that the processes of a pool share them evenly. */
static void
accept_connection(struct worker *w)
{
    const struct timeval patience = {.tv_sec = PEER_SECONDS};
    struct connection *c;
    int fd = accept4(WORKER_SOCKET, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0) {
        if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
            log_error("accept: %s", strerror(errno));
            (void)usleep(DRAIN_STEP_MS *
                         1000); /* EMFILE and its like pass; do not spin meanwhile */
        }
        return;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    c = calloc(1, sizeof(*c));
    if (c == NULL || FCGX_InitRequest(&c->fcgi, -1, 0) != 0) {
        log_error("out of memory: a connection is refused");
        free(c);
        (void)close(fd);
        return;
    }
    c->fcgi.ipcFd = fd;
    c->fcgi.keepConnection = 1; /* else FCGX_Accept_r would first close it */
    (void)atomic_fetch_add(&w->connections, 1);
    hand_on(w, c, EPOLL_CTL_ADD);
}

static bool
is_done(struct worker *w)
{
    return is_draining(w) &&
           (atomic_load(&w->connections) == 0 || clock_mono_us() > atomic_load(&w->drain_until_us));
}

static bool
open_places(struct places *p)
{
    pthread_condattr_t attributes;
    bool good;

    if (pthread_condattr_init(&attributes) != 0) {
        return false;
    }
    good = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
           pthread_cond_init(&p->left, &attributes) == 0 && pthread_mutex_init(&p->lock, NULL) == 0;
    (void)pthread_condattr_destroy(&attributes);
    return good;
}

static void
close_places(struct places *p)
{
    (void)pthread_mutex_destroy(&p->lock);
    (void)pthread_cond_destroy(&p->left);
}

/* False where none was free for timeout_ms (negative: as long as it takes). While the process drains there is one for each. */
static bool
take_place(struct worker *w, int timeout_ms)
{
    struct places *p = &w->places;
    int64_t until_us = clock_mono_us() + (int64_t)timeout_ms * 1000;
    const struct timespec until = {until_us / 1000000, until_us % 1000000 * 1000};
    int error = 0;

    (void)pthread_mutex_lock(&p->lock);
    while (p->taken >= PLACES && error == 0 && !is_draining(w)) {
        p->wanted++;
        error = timeout_ms < 0 ? pthread_cond_wait(&p->left, &p->lock)
                               : pthread_cond_timedwait(&p->left, &p->lock, &until);
        p->wanted--;
    }
    p->taken += error == 0;
    (void)pthread_mutex_unlock(&p->lock);
    return error == 0;
}

static void
leave_place(struct places *p)
{
    (void)pthread_mutex_lock(&p->lock);
    p->taken--;
    if (p->taken == 0 && p->wanted > 0) {
        (void)pthread_cond_signal(&p->left);
    }
    (void)pthread_mutex_unlock(&p->lock);
}

/* The next event: 1, 0 where none came in time, -1 on an error. */
static int
await_event(struct worker *w, struct epoll_event *event, int timeout_ms,
            const sigset_t *while_waiting)
{
    int got = 0;

    if (take_place(w, timeout_ms)) {
        got = epoll_pwait(w->epoll, event, 1, timeout_ms, while_waiting);
        leave_place(&w->places);
    }
    return got;
}

/* All signals but those that tell of a fault of this very thread. */
static sigset_t
blocked_signals(void)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    sigset_t set;

    (void)sigfillset(&set);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        (void)sigdelset(&set, faults[i]);
    }
    return set;
}

static void *
run_thread(void *context)
{
    struct worker_thread *thread = context;
    struct worker *w = thread->worker;
    struct resources resources;
    sigset_t while_waiting = blocked_signals();
    bool keeps = thread->number < w->kept_count;

    (void)sigdelset(&while_waiting, WAKE);
    resources_open(&resources, w->app);
    if (keeps) {
        (void)db_connect(resources.db); /* it says itself why not, and tries again when needed */
    }
    while (!is_done(w)) {
        struct epoll_event event;
        int timeout = log_pending()    ? LOG_MS
                      : is_draining(w) ? DRAIN_STEP_MS
                      : keeps          ? -1
                                       : IDLE_MS;
        int got = await_event(w, &event, timeout, &while_waiting);

        if (got == 0) {
            log_flush();
            if (!keeps) {
                db_close_idle(resources.db, IDLE_MS);
            }
        } else if (got > 0 && event.data.ptr == NULL) {
            accept_connection(w);
        } else if (got > 0) {
            serve_connection(w, &resources, event.data.ptr);
        } else if (got < 0 && errno != EINTR) {
            log_error("epoll_pwait: %s", strerror(errno));
            abort();
        }
    }
    resources_close(&resources);
    return NULL;
}

/* Nothing to do: its only work is to interrupt epoll_pwait. */
static void
on_wake(int signal_number)
{
    (void)signal_number;
}

static void
begin_drain(struct worker *w)
{
    int64_t close_from = clock_mono_us() + PATIENCE_SECONDS * INT64_C(1000000);
    int64_t until = close_from + DRAIN_SECONDS * INT64_C(1000000) +
                    (int64_t)w->app->settings->request_deadline_ms * 1000;

    (void)epoll_ctl(w->epoll, EPOLL_CTL_DEL, WORKER_SOCKET, NULL);
    atomic_store(&w->close_from_us, close_from);
    atomic_store(&w->drain_until_us, until);
    (void)pthread_mutex_lock(&w->places.lock);
    atomic_store(&w->draining, true);
    (void)pthread_cond_broadcast(&w->places.left);
    (void)pthread_mutex_unlock(&w->places.lock);
    for (size_t i = 0; i < w->thread_count; i++) {
        (void)pthread_kill(w->threads[i].id, WAKE);
    }
}

static bool
start_threads(struct worker *w)
{
    pthread_attr_t attributes;
    bool good = true;

    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
    for (size_t i = 0; i < w->thread_count && good; i++) {
        w->threads[i] = (struct worker_thread){.worker = w, .number = i};
        good = pthread_create(&w->threads[i].id, &attributes, run_thread, &w->threads[i]) == 0;
    }
    (void)pthread_attr_destroy(&attributes);
    return good;
}

/* This process's share of what the host may have, at least `least`. */
static size_t
share(int of_host, int processes, size_t least)
{
    size_t n = (size_t)(of_host / processes);

    return n > least ? n : least;
}

static bool
open_epoll(struct worker *w)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = NULL};
    int flags = fcntl(WORKER_SOCKET, F_GETFL);

    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    return w->epoll >= 0 && flags >= 0 && fcntl(WORKER_SOCKET, F_SETFL, flags | O_NONBLOCK) == 0 &&
           epoll_ctl(w->epoll, EPOLL_CTL_ADD, WORKER_SOCKET, &event) == 0;
}

/* A tenth more or less, so that the processes of a pool do not end together. */
static long
jittered(int requests)
{
    return requests == 0
               ? 0
               : requests - requests / 10 + (long)random_below((uint32_t)requests / 5 + 1);
}

/* Supervisors differ in how they ask: multiwatch's first release sends SIGQUIT for the SIGTERM that it is told to send. */
static const int end_signals[] = {SIGTERM, SIGINT, SIGQUIT, SIGUSR1};

int
worker_run(const struct app *app, enum pool pool)
{
    const struct settings *s = app->settings;
    struct worker w = {
        .app = app,
        .thread_count = pool == POOL_CPU ? 1 : share(s->db_pool_maxsize, s->app_workers, 1),
        .kept_count = pool == POOL_CPU ? 0 : share(s->db_pool_minsize, s->app_workers, 0),
        .started_us = clock_mono_us(),
        .last_request = jittered(s->worker_max_requests),
    };
    sigset_t blocked = blocked_signals(), ends;
    int got = 0;

    (void)sigemptyset(&ends);
    for (size_t i = 0; i < sizeof(end_signals) / sizeof(end_signals[0]); i++) {
        (void)sigaddset(&ends, end_signals[i]);
    }
    (void)setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", CLOSE_PATIENCE_MS, 0);
    if (FCGX_Init() != 0 || pthread_sigmask(SIG_SETMASK, &blocked, NULL) != 0) {
        log_error("libfcgi cannot be used");
        return 1;
    }
    (void)sigaction(WAKE, &(struct sigaction){.sa_handler = on_wake}, NULL);
    (void)sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    serve_name_crashes();
    log_gather();
    w.threads = calloc(w.thread_count, sizeof(*w.threads));
    if (w.threads == NULL || !open_epoll(&w) || !open_places(&w.places) || !start_threads(&w)) {
        log_error("the worker cannot start: %s", strerror(errno));
        free(w.threads);
        return 1;
    }
    log_info("ready: %zu threads", w.thread_count);
    (void)sigwait(&ends, &got);
    log_info("ending after %ld requests", atomic_load(&w.requests));
    begin_drain(&w);
    for (size_t i = 0; i < w.thread_count; i++) {
        (void)pthread_join(w.threads[i].id, NULL);
    }
    free(w.threads);
    close_places(&w.places);
    (void)close(w.epoll);
    log_flush();
    return 0;
}
