/*
 * One thread, one loop: it claims tasks, forks a child for each, holds their leases, and writes down how they ended. Everything
 * that a task does happens in its child, so nothing that a task does can end the loop.
 */
#include "fcgi/tasks/tasks.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "fcgi/tasks/runner.h"
#include "fcgi/tasks/schedule.h"

#define SECOND_US INT64_C(1000000)

enum {
    LOOK_MS = 1000, /* how often the queue is looked at where nobody says that there is something */
    RECOVER_MS = 5000,     /* … for tasks whose lease has ended */
    TIMETABLE_MS = 15000,  /* … the clock, for tasks that come by themselves */
    EARS_MS = 5000,        /* … for a Redis that was away */
    AWAY_MS = 200,         /* before what the database did not take is tried again */
    DOUBT_MS = 50,         /* that a run gets to say that it has ended its task itself */
    GRACE_MS = 5000,       /* that a cancelled task gets to end by itself */
    QUICK_US = 20 * 1000,  /* tasks of a kind that are over sooner are claimed ahead */
    ENDED_WAIT_MS = 10000, /* how long the end waits for a database that is away */
};

/* When each thing is to be done next, by clock_mono_us. */
struct due {
    int64_t look, hold, recover, timetable, ears;
};

struct loop {
    struct runner r;
    struct due due;
    int signals;
    bool once, draining, hears, failed;
    int64_t drain_until_us;
};

static int64_t
in_ms(int64_t now, int ms)
{
    return now + (int64_t)ms * 1000;
}

/* Of this runner, and of the kinds that one that runs nothing may begin in spite of that: so long ones never hold up a short one. */
static bool
may_start(const struct runner *r, const struct kind_state *k)
{
    return r->child_count < r->slots || k->running == 0;
}

static struct kind_state *
kind_of(struct runner *r, const struct task_kind *kind)
{
    for (size_t i = 0; i < r->kind_count; i++) {
        if (r->kinds[i].kind == kind) {
            return &r->kinds[i];
        }
    }
    return NULL;
}

static void
give_back(struct runner *r, const struct waiting_task *w)
{
    ends_add_unrun(
        r, &w->task,
        &(struct task_end){.id = w->task.id, .claim_token = w->task.claim_token, .state = TASK_QUEUED});
}

static struct waiting_task
take_waiting(struct kind_state *k)
{
    struct waiting_task w = k->backlog[k->first];

    k->first++;
    k->count--;
    return w;
}

static void
start(struct loop *l, struct kind_state *k)
{
    struct runner *r = &l->r;
    struct waiting_task w = take_waiting(k);
    struct child *c = &r->children[r->child_count];

    if (clock_mono_us() > w.held_until_us - r->lease_ms * 1000 / 2) {
        give_back(r, &w); /* it has waited here for long: others may be quicker */
    } else if (child_start(c, r->app, k->kind, &w.task)) {
        c->held_until_us = w.held_until_us;
        r->child_count++;
        k->running++;
    } else {
        log_error("task %" PRId64 " %s: no process for it: %s", w.task.id, k->kind->name,
                  strerror(errno));
        give_back(r, &w);
        k->is_due = false; /* until the next look */
    }
}

/* Start what may be started, kind by kind in turn. */
static void
start_all(struct loop *l)
{
    struct runner *r = &l->r;
    bool some = true;

    while (some) {
        some = false;
        for (size_t i = 0; i < r->kind_count; i++) {
            struct kind_state *k = &r->kinds[(r->turn + i) % r->kind_count];

            if (k->count > 0 && may_start(r, k)) {
                start(l, k);
                some = true;
            }
        }
        r->turn++;
    }
}

/*
 * Claim for a kind of which nothing waits here: one task for now, or some at once where they are quick. False where the database is
 * away.
 */
static bool
claim(struct runner *r, struct kind_state *k)
{
    struct task_claim claimed[TASK_CLAIM_MAX];
    int64_t began = clock_mono_us();
    size_t want = k->mean_us > 0 && k->mean_us < QUICK_US ? TASK_CLAIM_MAX : 1, got;

    arena_reset(&k->arena);
    if (tasks_claim(r->db, &k->arena, k->kind->name, r->name, r->lease_ms, want, claimed, &got) !=
        DB_OK) {
        return false;
    }
    for (k->first = 0; k->count < got; k->count++) {
        k->backlog[k->count] = (struct waiting_task){.task = claimed[k->count],
                                                     .held_until_us = began + r->lease_ms * 900};
    }
    k->is_due = got == want;
    return true;
}

static void
claim_all(struct loop *l)
{
    struct runner *r = &l->r;
    bool some = true;

    while (some) {
        some = false;
        for (size_t i = 0; i < r->kind_count; i++) {
            struct kind_state *k = &r->kinds[(r->turn + i) % r->kind_count];

            if (k->is_due && k->count == 0 && may_start(r, k)) {
                if (!claim(r, k)) {
                    return; /* the next look tries again */
                }
                some = some || k->count > 0;
            }
        }
        start_all(l);
        arena_reset(&r->arena);
    }
}

/* A kind that this version does not have: the task waits for one that does, and is dead when that did not come. */
static void
refuse_unknown(struct runner *r, const char *name)
{
    struct task_claim claimed[TASK_CLAIM_MAX];
    char error[160];
    size_t count;

    (void)snprintf(error, sizeof(error), "this version knows no tasks of the kind %s", name);
    if (tasks_claim(r->db, &r->arena, name, r->name, r->lease_ms, TASK_CLAIM_MAX, claimed,
                    &count) != DB_OK) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct task_claim *t = &claimed[i];

        log_warning("task %" PRId64 ": %s", t->id, error);
        ends_add_unrun(
            r, t,
            &(struct task_end){.id = t->id,
                               .claim_token = t->claim_token,
                               .state = t->attempts < t->max_attempts ? TASK_FAILED : TASK_DEAD,
                               .delay_ms = 60 * 1000,
                               .error = error});
    }
}

/* Which kinds have something to do? */
static void
look(struct loop *l)
{
    struct runner *r = &l->r;
    const char *names[2 * KINDS_MAX];
    size_t count;

    if (tasks_waiting(r->db, &r->arena, names, 2 * KINDS_MAX, &count) != DB_OK) {
        l->failed = l->once; /* whoever started this for once comes again */
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct kind_state *known = NULL;

        for (size_t k = 0; k < r->kind_count && known == NULL; k++) {
            known = strcmp(r->kinds[k].kind->name, names[i]) == 0 ? &r->kinds[k] : NULL;
        }
        if (known != NULL) {
            known->is_due = true;
        } else {
            refuse_unknown(r, names[i]);
        }
    }
    arena_reset(&r->arena);
}

/*
 * Renew a lease where that is due, and write progress down. A task that is not ours any more is another's, or was ended by its own run
 * just now, which then says so: only one that is still silent at the next call, in DOUBT_MS, is lost.
 */
static void
renew(struct loop *l, struct child *c, int64_t now)
{
    struct runner *r = &l->r;
    bool due = c->held_until_us - now < r->lease_ms * 600;
    enum db_result result;

    if (c->is_lost || c->outcome == REPORT_COMMITTED ||
        (!due && c->progress == c->told && !c->is_doubted)) {
        return;
    }
    result = task_renew(r->db, c->id, c->claim_token, r->lease_ms, c->progress);
    if (result == DB_OK) {
        c->held_until_us = now + r->lease_ms * 900;
        c->told = c->progress;
    } else if (result == DB_NONE && c->is_doubted) {
        c->is_lost = true;
        child_kill(c);
    } else if (result == DB_NONE) {
        c->is_doubted = true;
        l->due.hold = in_ms(clock_mono_us(), DOUBT_MS);
    }
}

/* Renew leases, and ask who is to be cancelled. */
static void
hold(struct loop *l, int64_t now)
{
    struct runner *r = &l->r;
    int64_t ids[4 * KINDS_MAX];
    size_t count;

    l->due.hold = in_ms(now, LOOK_MS);
    for (size_t i = 0; i < r->child_count; i++) {
        renew(l, &r->children[i], now);
    }
    if (r->child_count == 0 ||
        tasks_to_cancel(r->db, r->name, ids, sizeof(ids) / sizeof(ids[0]), &count) != DB_OK) {
        return;
    }
    for (size_t i = 0; i < r->child_count; i++) {
        struct child *c = &r->children[i];

        for (size_t k = 0; k < count; k++) {
            if (c->id == ids[k] && !c->is_cancelled) {
                c->is_cancelled = true;
                c->cancelled_us = now;
                (void)kill(c->pid, TASK_CANCEL_SIGNAL);
            }
        }
    }
}

/* End those whose time is over. */
static void
check_times(struct loop *l, int64_t now)
{
    for (size_t i = 0; i < l->r.child_count; i++) {
        struct child *c = &l->r.children[i];

        if (now - c->started_us > c->kind->limit_seconds * SECOND_US) {
            c->is_late = true;
        } else if (now > c->held_until_us) {
            c->is_lost = true; /* the database is away for so long that others may have it by now */
        } else if (l->draining && now > l->drain_until_us) {
            c->is_drained = true;
        } else if (!c->is_cancelled || now - c->cancelled_us < GRACE_MS * INT64_C(1000)) {
            continue;
        }
        child_kill(c);
    }
}

static void
end_child(struct loop *l, size_t i, int status)
{
    struct runner *r = &l->r;
    struct child *c = &r->children[i];
    struct kind_state *k = kind_of(r, c->kind);
    int64_t took = clock_mono_us() - c->started_us;

    child_listen(c);
    ends_add(r, c, status);
    k->mean_us = k->mean_us == 0 ? took : (3 * k->mean_us + took) / 4;
    k->running--;
    child_free(c);
    *c = r->children[--r->child_count];
}

/* Those that have ended. First its group is ended, while its number is still its own; then it is reaped. */
static void
reap(struct loop *l)
{
    siginfo_t info = {0};

    while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0) {
        struct runner *r = &l->r;
        int status;
        size_t i = 0;

        while (i < r->child_count && r->children[i].pid != info.si_pid) {
            i++;
        }
        if (i < r->child_count) {
            child_kill(&r->children[i]);
        }
        if (waitpid(info.si_pid, &status, 0) == info.si_pid && i < r->child_count) {
            end_child(l, i, status);
        }
        info.si_pid = 0;
    }
}

static void
begin_drain(struct loop *l, int64_t now)
{
    struct runner *r = &l->r;
    int seconds = l->draining ? 0 : r->app->settings->task_drain_seconds; /* asked twice: at once */

    l->draining = true;
    l->drain_until_us = in_ms(now, seconds * 1000);
    log_info("ending: %zu tasks run, for %d s at most", r->child_count, seconds);
    for (size_t i = 0; i < r->kind_count; i++) {
        while (r->kinds[i].count > 0) {
            struct waiting_task w = take_waiting(&r->kinds[i]);

            give_back(r, &w);
        }
    }
}

static void
take_signals(struct loop *l, int64_t now)
{
    struct signalfd_siginfo info;

    while (read(l->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo != SIGCHLD) {
            begin_drain(l, now);
        }
    }
}

/* Connect anew where that was lost; say whether something came. */
static void
listen_for_wakes(struct loop *l, int64_t now)
{
    redisReply *message;
    char channel[TASKS_CHANNEL_SIZE];
    enum redis_received heard;

    if (!l->hears && now >= l->due.ears) {
        tasks_channel(l->r.ears, channel);
        redis_try_now(l->r.ears);
        l->hears = redis_subscribe(l->r.ears, channel);
        l->due.ears = in_ms(clock_mono_us(), EARS_MS);
        l->due.look = l->hears ? now : l->due.look; /* what was published meanwhile was missed */
    }
    if (!l->hears) {
        return;
    }
    while ((heard = redis_receive(l->r.ears, 0, &message)) == REDIS_RECEIVED) {
        freeReplyObject(message);
        l->due.look = now;
    }
    l->hears = heard == REDIS_SILENCE;
}

/* What is to be done by the clock; `now` is when this turn began. */
static void
work_by_clock(struct loop *l, int64_t now)
{
    struct runner *r = &l->r;
    uint64_t count;

    if (now >= l->due.hold) {
        hold(l, now);
    }
    check_times(l, now);
    if (l->draining) {
        return;
    }
    if (now >= l->due.recover && r->ended == NULL) { /* else our own may be among them */
        if (tasks_recover(r->db, &count) == DB_OK && count > 0) {
            log_warning("%" PRIu64 " tasks whose runner was lost are taken back", count);
            l->due.look = now;
        }
        l->due.recover = in_ms(now, RECOVER_MS);
    }
    if (now >= l->due.timetable) {
        timetable_enqueue(r);
        l->due.timetable = in_ms(now, TIMETABLE_MS);
    }
    if (now >= l->due.look) {
        look(l);
        l->due.look = in_ms(now, LOOK_MS);
    }
}

/* Nothing runs, nothing waits here, nothing is due, and all is written down. */
static bool
is_over(const struct loop *l)
{
    if (l->r.child_count > 0 || (!l->draining && !l->once)) {
        return false;
    }
    for (size_t i = 0; i < l->r.kind_count; i++) {
        if (l->r.kinds[i].count > 0 || (l->r.kinds[i].is_due && !l->draining && !l->failed)) {
            return false;
        }
    }
    return true;
}

/* How long to sleep: until something is to be done by the clock. */
static int
patience(const struct loop *l)
{
    int64_t now = clock_mono_us(), next = l->due.hold;

    if (l->r.ended != NULL) {
        next = in_ms(now, AWAY_MS);
    }
    if (!l->draining && l->due.look < next) {
        next = l->due.look;
    }
    for (size_t i = 0; i < l->r.child_count; i++) {
        const struct child *c = &l->r.children[i];
        int64_t end = c->started_us + c->kind->limit_seconds * SECOND_US;

        end = c->held_until_us < end ? c->held_until_us : end;
        next = end < next ? end : next;
    }
    return next <= now ? 0 : (int)((next - now) / 1000) + 1;
}

static void
sleep_until_needed(struct loop *l)
{
    struct pollfd fds[2 + 4 * KINDS_MAX];
    nfds_t count = 0;

    fds[count++] = (struct pollfd){.fd = l->signals, .events = POLLIN};
    if (l->hears) {
        fds[count++] = (struct pollfd){.fd = redis_descriptor(l->r.ears), .events = POLLIN};
    }
    for (size_t i = 0; i < l->r.child_count; i++) {
        fds[count++] = (struct pollfd){.fd = l->r.children[i].fd, .events = POLLIN};
    }
    (void)poll(fds, count, patience(l));
}

static void
run(struct loop *l)
{
    int64_t give_up_us = 0;

    for (;;) {
        int64_t now = clock_mono_us();
        bool all_written;

        take_signals(l, now);
        for (size_t i = 0; i < l->r.child_count; i++) {
            child_listen(&l->r.children[i]);
        }
        reap(l);
        if (!l->draining) {
            start_all(l);
            listen_for_wakes(l, now);
        }
        all_written = ends_write(&l->r);
        work_by_clock(l, now);
        if (!l->draining && all_written) {
            claim_all(l);
        }
        if (is_over(l)) {
            give_up_us = give_up_us == 0 ? in_ms(now, ENDED_WAIT_MS) : give_up_us;
            if (l->r.ended == NULL || now > give_up_us) {
                return;
            }
        }
        sleep_until_needed(l);
    }
}

static bool
open_loop(struct loop *l, const struct app *app)
{
    struct runner *r = &l->r;
    const struct settings *s = app->settings;
    char host[64] = "";
    sigset_t set;

    r->app = app;
    r->ended_end = &r->ended;
    r->lease_ms = (int64_t)s->task_lease_seconds * 1000;
    r->slots = (size_t)s->task_children;
    for (const struct task_kind *const *at = app->kinds; *at != NULL; at++) {
        if (r->kind_count == KINDS_MAX) {
            log_error("more than %d kinds of tasks", KINDS_MAX);
            return false;
        }
        r->kinds[r->kind_count++].kind = *at;
    }
    r->children = calloc(r->slots + r->kind_count, sizeof(*r->children));
    (void)gethostname(host, sizeof(host) - 1);
    (void)snprintf(r->name, sizeof(r->name), "%s:%ld", host, (long)getpid());
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGCHLD);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGQUIT);
    l->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    r->db = db_open(s);
    r->redis = redis_open(s);
    r->ears = redis_open(s);
    return r->children != NULL && l->signals >= 0 && sigprocmask(SIG_BLOCK, &set, NULL) == 0 &&
           signal(SIGPIPE, SIG_IGN) != SIG_ERR && prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
}

static void
close_loop(struct loop *l)
{
    struct runner *r = &l->r;

    ends_free(r);
    db_close(r->db);
    redis_close(r->redis);
    redis_close(r->ears);
    arena_free(&r->arena);
    for (size_t i = 0; i < r->kind_count; i++) {
        arena_free(&r->kinds[i].arena);
    }
    free(r->children);
    if (l->signals >= 0) {
        (void)close(l->signals);
    }
}

int
tasks_run(const struct app *app, bool once)
{
    struct loop l = {.once = once, .signals = -1};
    bool good = open_loop(&l, app);

    if (good) {
        log_info("ready: %zu tasks at once, %zu kinds", l.r.slots, l.r.kind_count);
        run(&l);
    } else {
        log_error("the task runner cannot start: %s", strerror(errno));
    }
    good = good && !l.failed && l.r.ended == NULL;
    close_loop(&l);
    return good ? 0 : 1;
}
