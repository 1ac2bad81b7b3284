/*
 * One thread, one loop: it claims tasks, forks children for them, renews their leases, and stores
 * how they ended. Everything that a task does happens in its child, so nothing that a task does can
 * end the loop.
 */
#include "fcgi/tasks/runner.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "fcgi/tasks/runner_internal.h"
#include "fcgi/tasks/schedule.h"

enum {
    RECOVERY_MS = 5000,   /* how often tasks are taken back whose lease has ended */
    SCHEDULE_MS = 15000,  /* how often recurring tasks are enqueued */
    SUBSCRIBE_MS = 5000,  /* how often a subscription that was lost is tried again */
    WRITE_RETRY_MS = 200, /* how often completions that could not be stored are tried again */
    LAST_WRITE_MS =
        10000, /* how long the process waits with its end for completions to be stored */
};

static int64_t
runner_time_in_ms(int64_t now, int ms)
{
    return now + ms * INT64_C(1000);
}

/* A second signal ends the drain at once. */
static void
runner_begin_drain(struct task_runner *r, int64_t now)
{
    int seconds = r->draining ? 0 : r->app->settings->task_drain_seconds;

    r->draining = true;
    r->drain_until_us = runner_time_in_ms(now, seconds * 1000);
    log_info("ending: %zu tasks run, for %d s at most", r->child_count, seconds);
    claims_give_back(r);
    children_take_back(r);
}

static void
runner_read_signals(struct task_runner *r, int64_t now)
{
    struct signalfd_siginfo info;

    while (read(r->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo != SIGCHLD) {
            runner_begin_drain(r, now);
        }
    }
}

static void
runner_subscribe(struct task_runner *r, int64_t now)
{
    char channel[TASKS_CHANNEL_SIZE];

    tasks_channel(r->subscription, channel);
    redis_try_now(r->subscription);
    r->is_subscribed = redis_subscribe(r->subscription, channel);
    r->due.subscribe = runner_time_in_ms(clock_mono_us(), SUBSCRIBE_MS);
    if (r->is_subscribed) {
        r->due.queue_check = now; /* what was published meanwhile was missed */
    }
}

/* Checks the queue soon if tasks_wake was called; subscribes again if the subscription was lost. */
static void
runner_read_wakes(struct task_runner *r, int64_t now)
{
    redisReply *message;
    enum redis_received heard;

    if (!r->is_subscribed && now >= r->due.subscribe) {
        runner_subscribe(r, now);
    }
    if (!r->is_subscribed) {
        return;
    }
    while ((heard = redis_receive(r->subscription, 0, &message)) == REDIS_RECEIVED) {
        freeReplyObject(message);
        r->due.queue_check = now;
    }
    r->is_subscribed = heard == REDIS_SILENCE;
}

static void
runner_recover(struct task_runner *r, int64_t now)
{
    uint64_t count;

    if (r->completions != NULL) {
        return; /* a completion that is not stored yet may have a lease that is over */
    }
    if (tasks_recover(r->db, &count) == DB_OK && count > 0) {
        log_warning("%" PRIu64 " tasks whose runner was lost are taken back", count);
        r->due.queue_check = now;
    }
    r->due.recovery = runner_time_in_ms(now, RECOVERY_MS);
}

/* Does the periodic jobs that are due. `now` is when this turn of the loop began. */
static void
runner_do_due(struct task_runner *r, int64_t now)
{
    if (now >= r->due.lease_renewal) {
        children_renew(r, now);
    }
    children_check_limits(r, now);
    if (r->draining) {
        return;
    }
    if (now >= r->due.recovery) {
        runner_recover(r, now);
    }
    if (now >= r->due.schedule) {
        schedule_enqueue(r);
        r->due.schedule = runner_time_in_ms(now, SCHEDULE_MS);
    }
    if (now >= r->due.queue_check) {
        claims_check_queue(r);
        r->due.queue_check = runner_time_in_ms(now, QUEUE_CHECK_MS);
    }
}

/* Should the loop end? Completions may still have to be stored. */
static bool
runner_is_done(const struct task_runner *r)
{
    if (r->child_count > 0 || (!r->draining && !r->once)) {
        return false;
    }
    for (size_t i = 0; i < r->kind_count; i++) {
        const struct kind_state *k = &r->kinds[i];

        if (k->backlog_count > 0 || (k->may_be_due && !r->draining && !r->failed)) {
            return false;
        }
    }
    return true;
}

/* Milliseconds until something is due by the clock. */
static int
runner_timeout(const struct task_runner *r)
{
    int64_t now = clock_mono_us(), next = r->due.lease_renewal;

    if (r->completions != NULL) {
        next = r->write_failed ? runner_time_in_ms(now, WRITE_RETRY_MS) : r->gather_until_us;
    }
    if (!r->draining && r->due.queue_check < next) {
        next = r->due.queue_check;
    }
    for (size_t i = 0; i < r->child_count; i++) {
        const struct child *c = &r->children[i];
        int64_t limit = c->started_us + c->kind->limit_seconds * SECOND_US;

        next = limit < next ? limit : next;
        next = c->lease_until_us < next ? c->lease_until_us : next;
        if (batch_has_more(&c->batch) && c->batch.begin_until_us < next) {
            next = c->batch.begin_until_us;
        }
    }
    return next <= now ? 0 : (int)((next - now) / 1000) + 1;
}

static void
runner_wait(struct task_runner *r)
{
    struct pollfd fds[2 + 4 * KINDS_MAX];
    nfds_t count = 0;

    fds[count++] = (struct pollfd){.fd = r->signals, .events = POLLIN};
    if (r->is_subscribed) {
        fds[count++] = (struct pollfd){.fd = redis_descriptor(r->subscription), .events = POLLIN};
    }
    for (size_t i = 0; i < r->child_count; i++) {
        fds[count++] = (struct pollfd){.fd = r->children[i].fd, .events = POLLIN};
    }
    (void)poll(fds, count, runner_timeout(r));
}

static void
runner_loop(struct task_runner *r)
{
    int64_t give_up_us = 0;

    for (;;) {
        int64_t now = clock_mono_us();
        bool may_claim;

        runner_read_signals(r, now);
        children_collect(r);
        if (!r->draining) {
            claims_start(r);
            runner_read_wakes(r, now);
        }
        may_claim = completions_are_gathered(r, now) || completions_write(r);
        runner_do_due(r, now);
        if (!r->draining && may_claim) {
            claims_run(r);
        }
        if (runner_is_done(r)) {
            give_up_us = give_up_us == 0 ? runner_time_in_ms(now, LAST_WRITE_MS) : give_up_us;
            if (r->completions == NULL || now > give_up_us) {
                return;
            }
        }
        runner_wait(r);
    }
}

static bool
runner_add_kinds(struct task_runner *r)
{
    for (const struct task_kind *const *kind = r->app->kinds; *kind != NULL; kind++) {
        if (r->kind_count == KINDS_MAX) {
            log_error("the task runner cannot start: it knows more than %d kinds", KINDS_MAX);
            return false;
        }
        r->kinds[r->kind_count++].kind = *kind;
    }
    return true;
}

/* Reports a step of the start that failed, with errno. */
static bool
runner_check_step(bool good, const char *step)
{
    if (!good) {
        log_error("the task runner cannot start: %s: %s", step, strerror(errno));
    }
    return good;
}

/* Signals are read from a descriptor; SIGCHLD reports that a child has ended. */
static bool
runner_open_signals(struct task_runner *r)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGCHLD);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGQUIT);
    r->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return runner_check_step(r->signals >= 0, "no descriptor for signals (signalfd)") &&
           runner_check_step(sigprocmask(SIG_BLOCK, &set, NULL) == 0, "signals (sigprocmask)") &&
           runner_check_step(signal(SIGPIPE, SIG_IGN) != SIG_ERR, "SIGPIPE (signal)") &&
           runner_check_step(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "orphans of tasks (prctl)");
}

static void
runner_open(struct task_runner *r, const struct app *app, bool once)
{
    const struct settings *s = app->settings;
    char host[64] = "";

    (void)gethostname(host, sizeof(host) - 1);
    *r = (struct task_runner){
        .app = app,
        .db = db_open(s),
        .redis = redis_open(s),
        .subscription = redis_open(s),
        .lease_ms = (int64_t)s->task_lease_seconds * 1000,
        .signals = -1,
        .once = once,
        .slots = (size_t)s->task_children,
    };
    (void)snprintf(r->name, sizeof(r->name), "%s:%ld", host, (long)getpid());
    r->completions_end = &r->completions;
}

static void
runner_close(struct task_runner *r)
{
    completions_free(r);
    db_close(r->db);
    redis_close(r->redis);
    redis_close(r->subscription);
    arena_free(&r->arena);
    for (size_t i = 0; i < r->kind_count; i++) {
        arena_free(&r->kinds[i].arena);
    }
    free(r->children);
    if (r->signals >= 0) {
        (void)close(r->signals);
    }
}

int
runner_run(const struct app *app, bool once)
{
    struct task_runner r;
    bool good;

    runner_open(&r, app, once);
    good = runner_add_kinds(&r) && runner_open_signals(&r);
    if (good) {
        r.children = memory_array(r.slots + 1 + r.kind_count, sizeof(*r.children));
        log_info("ready: %zu tasks at once, %zu kinds", r.slots, r.kind_count);
        runner_loop(&r);
        good = !r.failed && r.completions == NULL;
    }
    runner_close(&r);
    return good ? 0 : 1;
}
