/* Running children: their leases, cancellation, limits and ends. */
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "fcgi/tasks/runner_internal.h"

enum {
    DOUBT_MS = 1000,        /* for a run to report that it has ended its task itself */
    CANCEL_GRACE_MS = 5000, /* for a cancelled task to end by itself */
    CANCELS_AT_ONCE = 4 * KINDS_MAX,
};

/*
 * Renews a lease if that is due, and stores progress. If the claim is no longer valid, either
 * another runner has the task, or the run itself has just ended it and is about to report so: only
 * a child that is still silent at the next call, in DOUBT_MS, has lost its task.
 */
static void
lease_renew(struct task_runner *r, struct child *c, int64_t now)
{
    bool due = c->lease_until_us - now < r->lease_ms * 600;
    bool progressed = c->progress != c->stored_progress;
    enum db_result result;

    if (c->is_lost || c->outcome == REPORT_COMMITTED || (!due && !progressed && !c->is_doubted)) {
        return;
    }
    result = task_renew(r->db, c->id, c->claim_token, r->lease_ms, c->progress);
    if (result == DB_OK) {
        c->lease_until_us = now + r->lease_ms * 900;
        c->stored_progress = c->progress;
    } else if (c->is_doubted) {
        c->is_lost = true;
        child_kill(c);
    } else if (result == DB_NONE) {
        c->is_doubted = true;
        r->due.lease_renewal = clock_mono_us() + DOUBT_MS * INT64_C(1000);
    }
}

static struct kind_state *
child_kind(struct task_runner *r, const struct child *c)
{
    size_t i = 0;

    while (r->kinds[i].kind != c->kind) {
        i++;
    }
    return &r->kinds[i];
}

/* Gives back `count` tasks of the child's batch, from the `first` one on. */
static void
child_give_back(struct task_runner *r, const struct child *c, size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++) {
        claim_give_back(r, &c->batch.tasks[i]);
    }
}

/* Gives back the tasks that the child has not begun. */
static void
child_take_back(struct task_runner *r, struct child *c)
{
    size_t count = batch_take_back(&c->batch);

    child_give_back(r, c, c->batch.count, count);
}

/*
 * A task that waits is given back, which cancels it. The signal is only sent if the process can
 * begin no other task, which it would meet instead; otherwise the next call sends it.
 */
static void
child_cancel(struct task_runner *r, struct child *c, int64_t id, int64_t now)
{
    child_take_back(r, c);
    if (c->id == id && !batch_has_more(&c->batch) && !c->is_cancelled) {
        c->is_cancelled = true;
        c->cancelled_us = now;
        (void)kill(c->pid, TASK_CANCEL_SIGNAL);
    }
}

static bool
child_has_task(const struct child *c, int64_t id)
{
    for (size_t i = c->batch.current; i < c->batch.count; i++) {
        if (c->batch.tasks[i].id == id) {
            return true;
        }
    }
    return false;
}

static struct child *
child_find_task(struct task_runner *r, int64_t id)
{
    for (size_t i = 0; i < r->child_count; i++) {
        if (child_has_task(&r->children[i], id)) {
            return &r->children[i];
        }
    }
    return NULL;
}

void
children_renew(struct task_runner *r, int64_t now)
{
    int64_t ids[CANCELS_AT_ONCE];
    size_t count;

    r->due.lease_renewal = now + QUEUE_CHECK_MS * INT64_C(1000);
    for (size_t i = 0; i < r->child_count; i++) {
        lease_renew(r, &r->children[i], now);
    }
    if (r->child_count == 0 ||
        tasks_to_cancel(r->db, r->name, ids, CANCELS_AT_ONCE, &count) != DB_OK) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct child *c = child_find_task(r, ids[i]);

        if (c != NULL) {
            child_cancel(r, c, ids[i], now);
        }
    }
}

void
children_take_back(struct task_runner *r)
{
    for (size_t i = 0; i < r->child_count; i++) {
        child_take_back(r, &r->children[i]);
    }
}

void
children_check_limits(struct task_runner *r, int64_t now)
{
    for (size_t i = 0; i < r->child_count; i++) {
        struct child *c = &r->children[i];

        if (now > c->batch.begin_until_us) {
            child_take_back(r, c);
        }
        if (now - c->started_us > c->kind->limit_seconds * SECOND_US) {
            c->is_late = true;
        } else if (now > c->lease_until_us && !c->is_doubted) {
            /* Not renewed in time. A run in doubt may still report its end. */
            c->is_lost = true;
        } else if (r->draining && now > r->drain_until_us) {
            c->is_blameless = true;
        } else if (!c->is_cancelled || now - c->cancelled_us < CANCEL_GRACE_MS * INT64_C(1000)) {
            continue;
        }
        child_kill(c);
    }
}

static void
child_collect(struct task_runner *r, struct child *c)
{
    while (child_read_reports(c)) {
        completions_add(r, c, 0);
        child_next(c);
    }
}

/* The process has ended. The tasks that it has not run are given back. */
static void
child_finish(struct task_runner *r, struct child *c, int status)
{
    struct kind_state *k = child_kind(r, c);
    int64_t run_us;
    size_t runs;

    child_collect(r, c);
    runs = c->batch.current + 1;
    c->ended_us = clock_mono_us();
    completions_add(r, c, status);
    child_give_back(r, c, runs, c->batch.count - runs);
    run_us = (c->ended_us - c->forked_us) / (int64_t)runs;
    k->mean_us = k->mean_us == 0 ? run_us : (k->mean_us + run_us) / 2;
    k->running--;
    child_free(c);
    *c = r->children[--r->child_count];
}

static struct child *
child_find_process(struct task_runner *r, pid_t pid)
{
    for (size_t i = 0; i < r->child_count; i++) {
        if (r->children[i].pid == pid) {
            return &r->children[i];
        }
    }
    return NULL;
}

/*
 * Kills the process group before reaping the process: until then no other process can have its id.
 * Processes that we did not start are orphans of tasks (PR_SET_CHILD_SUBREAPER).
 */
static void
children_reap(struct task_runner *r)
{
    siginfo_t info = {0};

    while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0) {
        struct child *c = child_find_process(r, info.si_pid);
        int status;

        if (c != NULL) {
            child_kill(c);
        }
        if (waitpid(info.si_pid, &status, 0) == info.si_pid && c != NULL) {
            child_finish(r, c, status);
        }
        info.si_pid = 0;
    }
}

void
children_collect(struct task_runner *r)
{
    for (size_t i = 0; i < r->child_count; i++) {
        child_collect(r, &r->children[i]);
    }
    children_reap(r);
}
