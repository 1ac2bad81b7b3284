/*
 * The loop waits in one place: for sockets, messages from its threads, signals and the next tick.
 * Everything that may block runs in other threads: the dispatcher admits requests, the reconciler
 * reads MySQL, the subscriber receives from Redis.
 */
#include "fcgi/events/events.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/test_seams.h"
#include "fcgi/events/loop.h"
#include "fcgi/serve.h"

enum {
    LISTEN_SOCKET = 0, /* FCGI_LISTENSOCK_FILENO, section 2.2 */
    DISPATCHER_THREADS = 2,
    EVENTS_AT_ONCE = 512,
    ACCEPTS_AT_ONCE = 256,
    SPARE_FILES = 64, /* descriptors that are not connections */
    RETRY_MS = 300,   /* after one that failed because the database did not reply */
};

/* Keys above the last slot mark descriptors that are not connections. */
#define SPECIAL(n) (UINT64_C(0xFFFFFFFF00000000) | (n))
enum { ON_LISTEN, ON_SIGNAL, ON_FINDINGS, ON_DONE };

static void
loop_on_touched(void *owner, struct connection *c)
{
    loop_touch(owner, c);
}

static void
loop_on_write(void *owner, struct connection *c)
{
    (void)owner;
    c->dead = c->dead || !connection_flush(c);
}

static bool
loop_watch(struct loop *l, int fd, unsigned key)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = SPECIAL(key)};

    return epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void
loop_listen(struct loop *l)
{
    if (!l->listening && !l->draining && l->connection_count < l->connection_max) {
        l->listening = loop_watch(l, LISTEN_SOCKET, ON_LISTEN);
    }
}

static void
loop_stop_listening(struct loop *l)
{
    if (l->listening) {
        (void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, LISTEN_SOCKET, NULL);
        l->listening = false;
    }
}

/*
 * At the limit, or without descriptors, new connections wait in the socket's backlog until a tick
 * finds room for them.
 */
static void
loop_accept(struct loop *l)
{
    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        int fd;

        if (l->connection_count >= l->connection_max) {
            loop_stop_listening(l);
            return;
        }
        fd = accept4(LISTEN_SOCKET, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
                log_warning("cannot accept more connections: %s", strerror(errno));
                loop_stop_listening(l);
            }
            return;
        }
        loop_add(l, fd);
    }
}

static void
loop_take_jobs(struct loop *l)
{
    struct message *message = queue_take_all(&l->done);

    while (message != NULL) {
        struct job *job = (struct job *)message;

        message = message->next;
        loop_job_done(l, job);
    }
}

/* With FAULT_HINTS, which only the test program can inject, every tenth hint is lost. */
static void
loop_receive_hint(struct loop *l, const struct finding *finding)
{
    static unsigned count;
    struct hint hint;

    if (!l->repairing && ++count % 10 == 0) {
        return;
    }
    if (hint_parse(finding->text, finding->len, &hint)) {
        hub_receive(&l->hub, &hint);
    }
}

static void
loop_deliver(struct loop *l, const struct finding *finding)
{
    hub_deliver(&l->hub, &(struct hint){
                             .kind = HINT_ENTRY,
                             .room_id = finding->id,
                             .seq = finding->number,
                             .at = finding->at,
                             .json = finding->text,
                             .json_len = finding->len,
                             .renamed = finding->renamed,
                             .renamed_len = finding->renamed_len,
                         });
}

static void
loop_use_finding(struct loop *l, const struct finding *finding)
{
    switch (finding->kind) {
    case FINDING_ENTRY:
        loop_deliver(l, finding);
        break;
    case FINDING_RESTARTED:
        hub_restart_room(&l->hub, &(struct live_mark){finding->id, finding->number, finding->at});
        break;
    case FINDING_REACHED:
        hub_room_reached(&l->hub, finding->id, finding->number);
        break;
    case FINDING_USER:
        hub_update_user(&l->hub, finding->id, finding->number, finding->marks, finding->room_count,
                        finding->marks + finding->room_count, finding->session_count);
        break;
    case FINDING_NO_USER:
        hub_end_user(&l->hub, finding->id);
        break;
    case FINDING_HINT:
        loop_receive_hint(l, finding);
        break;
    case FINDING_LOST:
        l->next_full_us = 0;
        break;
    case FINDING_DONE:
        l->reconciling = false;
        if (finding->number == 0) {
            l->next_full_us = clock_mono_us() + RETRY_MS * 1000;
        } else if (l->full_us > 0) {
            l->hub.compared_us = l->full_us;
        }
        break;
    }
}

static void
loop_take_findings(struct loop *l)
{
    struct message *message = queue_take_all(&l->findings);

    while (message != NULL) {
        struct finding *finding = (struct finding *)message;

        message = message->next;
        loop_use_finding(l, finding);
        free(finding);
    }
}

static void
loop_take_signal(struct loop *l)
{
    struct signalfd_siginfo info;

    if (read(l->signals, &info, sizeof(info)) == (ssize_t)sizeof(info) && !l->draining) {
        loop_stop_listening(l);
        loop_drain(l);
    }
}

static void
loop_handle_connection(struct loop *l, const struct epoll_event *event)
{
    struct connection *c = loop_find(l, (uint32_t)(event->data.u64 >> 32),
                                     (uint32_t)event->data.u64);

    if (c == NULL) {
        return;
    }
    if ((event->events & EPOLLOUT) != 0 && c->queue_len > 0) {
        loop_touch(l, c);
    }
    if ((event->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        loop_read(l, c);
    }
}

static void
loop_handle(struct loop *l, const struct epoll_event *event)
{
    switch (event->data.u64) {
    case SPECIAL(ON_LISTEN):
        loop_accept(l);
        break;
    case SPECIAL(ON_SIGNAL):
        loop_take_signal(l);
        break;
    case SPECIAL(ON_FINDINGS):
        loop_take_findings(l);
        break;
    case SPECIAL(ON_DONE):
        loop_take_jobs(l);
        break;
    default:
        loop_handle_connection(l, event);
        break;
    }
}

static bool
loop_is_drained(const struct loop *l)
{
    return l->draining &&
           (l->connection_count == 0 || (int32_t)(l->hub.tick - l->drain_until) >= 0);
}

static void
loop_run(struct loop *l)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    int64_t next_tick = clock_mono_us() + TICK_MS * 1000;

    while (!loop_is_drained(l)) {
        int64_t wait = (next_tick - clock_mono_us()) / 1000;
        int count = epoll_wait(l->epoll, events, EVENTS_AT_ONCE, wait < 0 ? 0 : (int)wait + 1);

        for (int i = 0; i < count; i++) {
            loop_handle(l, &events[i]);
        }
        if (clock_mono_us() >= next_tick) {
            next_tick = clock_mono_us() + TICK_MS * 1000;
            loop_tick(l);
            loop_listen(l);
            if (log_pending()) {
                log_flush();
            }
        }
        loop_settle(l);
        loop_reconcile(l);
    }
}

/* Raises the limit on descriptors as far as it goes. Returns how many connections it allows. */
static uint32_t
loop_raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 1024 - SPARE_FILES;
    }
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur > UINT32_MAX / 2) {
        return UINT32_MAX / 2;
    }
    return limit.rlim_cur > 2 * SPARE_FILES ? (uint32_t)limit.rlim_cur - SPARE_FILES : SPARE_FILES;
}

/* The steps of the start. Each returns false with errno set. */

/* Both are opened even if one fails, so that loop_close may use both. */
static bool
start_queues(struct loop *l)
{
    bool findings = queue_open_with_wakeup(&l->findings);
    bool done = queue_open_with_wakeup(&l->done);

    return findings && done;
}

static bool
start_epoll(struct loop *l)
{
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    return l->epoll >= 0 && loop_watch(l, l->findings.wakeup, ON_FINDINGS) &&
           loop_watch(l, l->done.wakeup, ON_DONE);
}

static bool
start_listening(struct loop *l)
{
    if (fcntl(LISTEN_SOCKET, F_SETFL, O_NONBLOCK) != 0) {
        return false;
    }
    loop_listen(l);
    return l->listening;
}

/* Before any thread starts, since threads inherit the mask of blocked signals. */
static bool
start_signals(struct loop *l)
{
    sigset_t set;

    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGQUIT);
    (void)sigaddset(&set, SIGUSR1);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    l->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return l->signals >= 0 && loop_watch(l, l->signals, ON_SIGNAL);
}

static bool
start_dispatcher(struct loop *l)
{
    l->dispatcher = dispatcher_open(l->app, DISPATCHER_THREADS, &l->done, &l->holds);
    return l->dispatcher != NULL;
}

static bool
start_reconciler(struct loop *l)
{
    l->reconciler = reconciler_open(l->app, &l->findings);
    return l->reconciler != NULL;
}

static bool
start_subscriber(struct loop *l)
{
    l->subscriber = subscriber_open(l->app, &l->hub.watched, &l->findings);
    return l->subscriber != NULL;
}

/* Listening is last: no connection is accepted by a loop that cannot serve it. */
static const struct start_step {
    const char *name;
    bool (*start)(struct loop *l);
} start_steps[] = {
    {"open the queues between threads", start_queues},
    {"create the epoll set", start_epoll},
    {"receive signals through a descriptor", start_signals},
    {"start the dispatcher's threads", start_dispatcher},
    {"start the reconciler's thread", start_reconciler},
    {"start the subscriber's thread", start_subscriber},
    {"listen on the socket at descriptor 0", start_listening},
};

/* Returns false after reporting which step failed; loop_close undoes the others. */
static bool
loop_start(struct loop *l)
{
    for (size_t i = 0; i < sizeof(start_steps) / sizeof(start_steps[0]); i++) {
        if (!start_steps[i].start(l)) {
            log_error("the event loop cannot start: cannot %s: %s", start_steps[i].name,
                      strerror(errno));
            return false;
        }
    }
    return true;
}

static struct loop *
loop_open(const struct app *app)
{
    struct loop *l = memory_new(struct loop);

    l->app = app;
    l->body_max = router_body_max(app->router);
    l->epoll = l->signals = -1;
    l->repairing = !test_fault_injected(FAULT_HINTS);
    l->connection_max = loop_raise_file_limit();
    l->hub.touched = loop_on_touched;
    l->hub.write = loop_on_write;
    l->hub.owner = l;
    l->hub.queue_limit = (uint32_t)app->settings->events_queue_kb * 1024;
    l->hub.heartbeat_ms = app->settings->events_heartbeat_seconds * 1000;
    hub_open(&l->hub);
    l->heartbeats[false] = event_heartbeat(false);
    l->heartbeats[true] = event_heartbeat(true);
    holds_open(&l->holds, app->settings);
    return l;
}

/* The threads end first: they use the queues. */
static void
loop_close(struct loop *l)
{
    subscriber_close(l->subscriber);
    reconciler_close(l->reconciler);
    dispatcher_close(l->dispatcher);
    loop_take_jobs(l);
    loop_take_findings(l);
    loop_settle(l);
    loop_close_all(l);
    hub_free(&l->hub);
    payload_drop(l->heartbeats[false]);
    payload_drop(l->heartbeats[true]);
    queue_free(&l->findings);
    queue_free(&l->done);
    holds_free(&l->holds);
    (void)close(l->signals);
    (void)close(l->epoll);
    free(l);
}

int
events_run(const struct app *app)
{
    struct loop *l = loop_open(app);
    bool started;

    serve_name_crashes();
    log_gather();
    started = loop_start(l);
    if (started) {
        log_info("ready, for up to %u connections", l->connection_max);
        loop_run(l);
        log_info("ends");
    }
    loop_close(l);
    log_flush();
    return started ? 0 : 1;
}
