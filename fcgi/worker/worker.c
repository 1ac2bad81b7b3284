/*
 * All threads wait on one epoll set, which holds the listening socket and every kept connection,
 * one-shot. A thread that is woken for the socket accepts one connection. A thread that is woken
 * for a connection lets libfcgi read the request, replies, and arms the connection again. A
 * thread owns its arena, its database and its Redis connection, so only the poller slots need
 * a lock.
 *
 * We accept connections ourselves, and give libfcgi only those that have bytes: its own accept
 * would hold a thread for up to 2 s at a silent connection, and has no time-out.
 *
 * Signals are blocked in all threads; the main thread receives them with sigwait. It wakes the
 * others from epoll_pwait, the only place where SIGNAL_WAKE is unblocked: no read, write or query
 * is ever interrupted.
 */
#include "fcgi/worker/worker.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <poll.h>
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
#include "base/memory.h"
#include "base/random.h"
#include "fcgi/serve.h"
#include "fcgi/turns.h"
#include "fcgi/worker/fastcgi.h"
#include "fcgi/worker/front.h"
#include "fcgi/worker/poller_slots.h"

#define SIGNAL_WAKE SIGUSR2

/* How long libfcgi waits for the web server to close after us. Its own 2 s would hold a thread. */
#define CLOSE_WAIT_MS "100"

enum {
    POLLER_SLOTS = 2,      /* measured: with one, every request wakes another thread */
    IDLE_MS = 60 * 1000,   /* after which threads beyond DB_POOL_MINSIZE close their connection */
    LOG_MS = 50,           /* how long a line of the log may wait for others */
    DRAIN_STEP_MS = 100,   /* how often a draining thread checks whether it may end */
    KEEP_OPEN_SECONDS = 8, /* nginx closes a busy connection after 2 s, an idle one after 5 s */
    DRAIN_SECONDS = 10,    /* after KEEP_OPEN_SECONDS and the request deadline, all is cut */
    SOCKET_SECONDS = 10,   /* a web server that neither sends nor reads for so long is dropped */
    WRITE_SECONDS = 60,    /* a download that a thread waits for longer, in all, is cut */
    STACK_BYTES = 512 * 1024,
    MINIMUM_AGE_MS = 1000, /* a process that ends sooner looks like a failure to its supervisor */
};

struct worker {
    const struct app *app;
    int epoll;
    struct poller_slots slots;
    bool has_slots; /* they are initialised */
    struct turns turns;
    size_t thread_count, started_count;
    size_t kept_count;    /* threads that keep their database connection */
    bool has_local_peers; /* the web server runs on this host, with the same clock */
    struct worker_thread *threads;
    int64_t started_us;
    long last_request; /* the number of requests after which the process ends; 0: never */
    atomic_long requests;
    atomic_long connections;
    atomic_bool draining;
    atomic_llong close_from_us, drain_until_us; /* by clock_mono_us; while draining */
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

struct worker_thread {
    struct worker *worker;
    bool keeps_database; /* its connection stays open while there is nothing to do */
    pthread_t id;
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

static bool
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

/* Reads a request from a readable connection, and replies. */
static void
worker_connection_serve(struct worker *w, struct resources *resources, struct kept_connection *c)
{
    FCGX_Request *fcgi = &c->fcgi;

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
    while (c != NULL) {
        c = worker_connection_answer(w, resources, c);
    }
}

/* Accepts one connection, not all that wait, so that the processes of a pool share them evenly. */
static void
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

static bool
worker_is_done(struct worker *w)
{
    return worker_is_draining(w) &&
           (atomic_load(&w->connections) == 0 || clock_mono_us() > atomic_load(&w->drain_until_us));
}

/* Waits for the next event. Returns 1, 0 if none came in time, -1 with errno on an error. */
static int
worker_wait(struct worker *w, struct epoll_event *event, int timeout_ms,
            const sigset_t *while_waiting)
{
    int got = 0;

    if (slot_take(&w->slots, timeout_ms)) {
        got = epoll_pwait(w->epoll, event, 1, timeout_ms, while_waiting);
        slot_release(&w->slots);
    }
    return got;
}

/* All signals but those that report a fault of this very thread. */
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

static int
thread_timeout_ms(struct worker_thread *thread)
{
    if (log_pending()) {
        return LOG_MS;
    }
    if (worker_is_draining(thread->worker)) {
        return DRAIN_STEP_MS;
    }
    return thread->keeps_database ? -1 : IDLE_MS;
}

static void *
thread_main(void *context)
{
    struct worker_thread *thread = context;
    struct worker *w = thread->worker;
    struct resources resources;
    sigset_t while_waiting = blocked_signals();

    (void)sigdelset(&while_waiting, SIGNAL_WAKE);
    resources_open(&resources, w->app);
    if (thread->keeps_database) {
        (void)db_connect(resources.db); /* logs its own failure, and tries again when needed */
    }
    while (!worker_is_done(w)) {
        struct epoll_event event;
        int got = worker_wait(w, &event, thread_timeout_ms(thread), &while_waiting);

        if (got == 0) {
            log_flush();
            if (!thread->keeps_database) {
                db_close_idle(resources.db, IDLE_MS);
            }
        } else if (got > 0 && event.data.ptr == NULL) {
            worker_connection_accept(w);
        } else if (got > 0) {
            worker_connection_serve(w, &resources, event.data.ptr);
        } else if (got < 0 && errno != EINTR) {
            log_error("epoll_pwait: %s", strerror(errno));
            abort();
        }
    }
    resources_close(&resources);
    return NULL;
}

/* Does nothing: the signal's only purpose is to interrupt epoll_pwait. */
static void
worker_on_wake(int signal_number)
{
    (void)signal_number;
}

static void
worker_begin_drain(struct worker *w)
{
    int64_t close_from = clock_mono_us() + KEEP_OPEN_SECONDS * INT64_C(1000000);
    int64_t until = close_from + DRAIN_SECONDS * INT64_C(1000000) +
                    (int64_t)w->app->settings->request_deadline_ms * 1000;

    (void)epoll_ctl(w->epoll, EPOLL_CTL_DEL, WORKER_SOCKET, NULL);
    atomic_store(&w->close_from_us, close_from);
    atomic_store(&w->drain_until_us, until);
    atomic_store(&w->draining, true);
    slots_lift_limit(&w->slots); /* so that threads waiting for a slot start draining */
    for (size_t i = 0; i < w->started_count; i++) {
        (void)pthread_kill(w->threads[i].id, SIGNAL_WAKE);
    }
}

static void
worker_end_threads(struct worker *w)
{
    worker_begin_drain(w);
    for (size_t i = 0; i < w->started_count; i++) {
        (void)pthread_join(w->threads[i].id, NULL);
    }
}

/* Returns 0 or an error number. Threads that were started before the error run on. */
static int
worker_start_threads(struct worker *w)
{
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);

    if (error != 0) {
        return error;
    }
    (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
    while (w->started_count < w->thread_count && error == 0) {
        struct worker_thread *thread = &w->threads[w->started_count];

        thread->worker = w;
        thread->keeps_database = w->started_count < w->kept_count;
        error = pthread_create(&thread->id, &attributes, thread_main, thread);
        w->started_count += error == 0;
    }
    (void)pthread_attr_destroy(&attributes);
    return error;
}

/* This process's share of what the host may have, at least `least`. */
static size_t
process_share(int of_host, int processes, size_t least)
{
    size_t n = (size_t)(of_host / processes);

    return n > least ? n : least;
}

/* A tenth more or less, so that the processes of a pool do not end together. */
static long
worker_jitter(int requests)
{
    if (requests == 0) {
        return 0;
    }
    return requests - requests / 10 + (long)random_below((uint32_t)requests / 5 + 1);
}

/* Reports a step of the start that failed. `error` is an error number; 0: the step is done. */
static bool
worker_check_step(int error, const char *step)
{
    if (error != 0) {
        log_error("the worker cannot start: %s: %s", step, strerror(error));
    }
    return error == 0;
}

/* The same for a call that reports by errno. */
static bool
worker_check_call(bool good, const char *step)
{
    return worker_check_step(good ? 0 : errno != 0 ? errno : EIO, step);
}

static bool
worker_open_socket(struct worker *w)
{
    int flags = fcntl(WORKER_SOCKET, F_GETFL);
    bool good = flags >= 0 && fcntl(WORKER_SOCKET, F_SETFL, flags | O_NONBLOCK) == 0;
    struct sockaddr address = {.sa_family = AF_UNSPEC};
    socklen_t size = sizeof(address);

    w->has_local_peers = getsockname(WORKER_SOCKET, &address, &size) == 0 &&
                         address.sa_family == AF_UNIX;
    return worker_check_call(good, "the listening socket (fcntl)");
}

static bool
worker_open_epoll(struct worker *w)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = NULL};

    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!worker_check_call(w->epoll >= 0, "no epoll set (epoll_create1)")) {
        return false;
    }
    return worker_check_call(epoll_ctl(w->epoll, EPOLL_CTL_ADD, WORKER_SOCKET, &event) == 0,
                             "the listening socket (epoll_ctl)");
}

/* Supervisors differ: multiwatch's first release sends SIGQUIT when it should send SIGTERM. */
static const int end_signals[] = {SIGTERM, SIGINT, SIGQUIT, SIGUSR1};

static bool
worker_open_signals(sigset_t *ends)
{
    sigset_t blocked = blocked_signals();

    (void)sigemptyset(ends);
    for (size_t i = 0; i < sizeof(end_signals) / sizeof(end_signals[0]); i++) {
        (void)sigaddset(ends, end_signals[i]);
    }
    (void)sigaction(SIGNAL_WAKE, &(struct sigaction){.sa_handler = worker_on_wake}, NULL);
    (void)sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    return worker_check_step(pthread_sigmask(SIG_SETMASK, &blocked, NULL),
                             "signals (pthread_sigmask)");
}

static bool
worker_open_fastcgi(void)
{
    (void)setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", CLOSE_WAIT_MS, 0);
    return worker_check_call(FCGX_Init() == 0, "libfcgi (FCGX_Init)");
}

static void
worker_close(struct worker *w)
{
    free(w->threads);
    turns_close(&w->turns);
    if (w->has_slots) {
        slots_close(&w->slots);
    }
    if (w->epoll >= 0) {
        (void)close(w->epoll);
    }
    log_flush();
}

/* Opens everything and starts the threads. False after reporting the step that failed. */
static bool
worker_start(struct worker *w, sigset_t *ends)
{
    if (!worker_open_fastcgi() || !worker_open_signals(ends)) {
        return false;
    }
    serve_name_crashes();
    log_gather();
    if (!worker_open_socket(w) || !worker_open_epoll(w)) {
        return false;
    }
    w->has_slots = worker_check_step(slots_open(&w->slots, POLLER_SLOTS),
                                     "no lock for the poller slots");
    if (!w->has_slots) {
        return false;
    }
    db_limit_writers(w->thread_count);
    turns_open(&w->turns, w->thread_count, w->app->settings->limit_general > 0);
    w->threads = memory_array(w->thread_count, sizeof(*w->threads));
    if (!worker_check_step(worker_start_threads(w), "not all threads (pthread_create)")) {
        worker_end_threads(w);
        return false;
    }
    return true;
}

int
worker_run(const struct app *app, enum pool pool)
{
    const struct settings *s = app->settings;
    bool cpu = pool == POOL_CPU;
    struct worker w = {
        .app = app,
        .epoll = -1,
        .thread_count = cpu ? 1 : process_share(s->db_pool_maxsize, s->app_workers, 1),
        .kept_count = cpu ? 0 : process_share(s->db_pool_minsize, s->app_workers, 0),
        .started_us = clock_mono_us(),
        .last_request = worker_jitter(s->worker_max_requests),
    };
    sigset_t ends;
    int got = 0;

    if (!worker_start(&w, &ends)) {
        worker_close(&w);
        return 1;
    }
    log_info("ready: %zu threads", w.thread_count);
    (void)sigwait(&ends, &got);
    log_info("ending after %ld requests", atomic_load(&w.requests));
    worker_end_threads(&w);
    worker_close(&w);
    return 0;
}
