/*
 * All threads wait on one epoll set, which holds the listening socket and every kept connection,
 * one-shot. A thread that is woken for the socket accepts one connection. A thread that is woken
 * for a connection lets libfcgi read the request, replies, and arms the connection again. A
 * thread owns its arena, its database and its Redis connection.
 *
 * Signals are blocked in all threads; the main thread receives them with sigwait. It wakes the
 * others from epoll_pwait, the only place where SIGNAL_WAKE is unblocked: no read, write or query
 * is ever interrupted.
 */
#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/wait_hook.h"
#include "fcgi/worker/worker_internal.h"

#define SIGNAL_WAKE SIGUSR2

/* How long libfcgi waits for the web server to close after us. Its own 2 s would hold a thread. */
#define CLOSE_WAIT_MS "100"

enum {
    READY_ENOUGH = 1,      /* threads that are ready; with 2, GET /api is a tenth slower */
    PARK_MS = 100,         /* after which a parked thread looks whether requests end */
    IDLE_MS = 60 * 1000,   /* after which threads beyond DB_POOL_MINSIZE close their connection */
    LOG_MS = 50,           /* how long a line of the log may wait for others */
    RELIEF_PART = 4,       /* threads for each that may relieve them */
    RELIEF_MS = 20,        /* how long a relieving thread waits for a request */
    KEEP_OPEN_SECONDS = 8, /* nginx closes a busy connection after 2 s, an idle one after 5 s */
    DRAIN_SECONDS = 10,    /* after KEEP_OPEN_SECONDS and the request deadline, all is cut */
    STACK_BYTES = 512 * 1024,
};

static bool
worker_is_done(struct worker *w)
{
    return worker_is_draining(w) &&
           (atomic_load(&w->connections) == 0 || clock_mono_us() > atomic_load(&w->drain_until_us));
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
    if (thread->relieves) {
        return RELIEF_MS;
    }
    return thread->keeps_database ? -1 : IDLE_MS;
}

/* A thread that is about to wait for something else than a request is not ready. */
static void
thread_give_way(void *context)
{
    struct worker_thread *thread = context;

    ready_threads_leave(&thread->worker->ready, &thread->ready);
}

/*
 * Makes the thread ready, or parks it for PARK_MS, after which it returns false. If no request of
 * the process has ended meanwhile, the ready threads may be held up, and this one takes over.
 */
static bool
thread_get_ready(struct worker_thread *thread)
{
    struct worker *w = thread->worker;
    long requests = atomic_load(&w->requests);

    if (ready_threads_join(&w->ready, &thread->ready) ||
        ready_threads_park(&w->ready, &thread->ready, PARK_MS)) {
        return true;
    }
    if (atomic_load(&w->requests) != requests) {
        return false;
    }
    ready_threads_recount(&w->ready, &thread->ready);
    return true;
}

/* Handles the next event; without one, what can be done in the meantime. */
static void
thread_turn(struct worker_thread *thread, struct resources *resources,
            const sigset_t *while_waiting)
{
    struct worker *w = thread->worker;
    struct epoll_event event;
    int got = 0;

    if (thread_get_ready(thread)) {
        got = epoll_pwait(w->epoll, &event, 1, thread_timeout_ms(thread), while_waiting);
    }
    if (got == 0) {
        log_flush();
        if (!thread->keeps_database) {
            db_close_idle(resources->db, IDLE_MS);
        }
    } else if (got > 0 && event.data.ptr == NULL) {
        worker_connection_accept(w);
    } else if (got > 0) {
        worker_connection_serve(w, resources, event.data.ptr);
    } else if (errno != EINTR) {
        log_error("epoll_pwait: %s", strerror(errno));
        abort();
    }
}

static void *
thread_main(void *context)
{
    struct worker_thread *thread = context;
    struct worker *w = thread->worker;
    struct resources resources;
    sigset_t while_waiting = blocked_signals();

    (void)sigdelset(&while_waiting, SIGNAL_WAKE);
    wait_hook_set(thread_give_way, thread);
    resources_open(&resources, w->app);
    if (thread->keeps_database) {
        (void)db_connect(resources.db); /* logs its own failure, and tries again when needed */
    }
    while (!worker_is_done(w)) {
        if (thread->relieves && !db_writes_stand_still()) {
            db_close_idle(resources.db, 0);
            thread_give_way(thread);
            if (!db_await_standstill()) {
                break;
            }
        }
        thread_turn(thread, &resources, &while_waiting);
    }
    thread_give_way(thread);
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
    ready_threads_end(&w->ready);
    db_end_standstill_waits();
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
    while (w->started_count < w->thread_count + w->relief_count && error == 0) {
        struct worker_thread *thread = &w->threads[w->started_count];

        thread->worker = w;
        thread->keeps_database = w->started_count < w->kept_count;
        thread->relieves = w->started_count >= w->thread_count;
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
    if (w->has_ready) {
        ready_threads_close(&w->ready);
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
    w->has_ready = worker_check_step(ready_threads_open(&w->ready, READY_ENOUGH),
                                     "no lock for the threads");
    if (!w->has_ready) {
        return false;
    }
    db_limit_writers(w->thread_count);
    turns_open(&w->turns, w->thread_count, w->relief_count, w->app->settings->limit_general > 0);
    w->threads = memory_array(w->thread_count + w->relief_count, sizeof(*w->threads));
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

    w.relief_count = cpu ? 0 : (w.thread_count + RELIEF_PART - 1) / RELIEF_PART;
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
