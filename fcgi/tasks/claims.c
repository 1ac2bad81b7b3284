/*
 * From the queue to running children. Every kind may run one task even if all slots are taken, so
 * that a kind whose tasks are slow never holds up the others. Tasks are claimed for a tenth of a
 * second's work, since a claim costs more than a short run; nobody's turn waits for longer.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "fcgi/tasks/runner_internal.h"

enum {
    CLAIM_US = 100 * 1000,  /* the work, by the mean of recent runs, that one claim is for */
    BEGIN_US = 1000 * 1000, /* a batch that takes longer than this is not begun further */
    UNKNOWN_KIND_WAIT_MS = 60 * 1000, /* before a task of an unknown kind is tried again */
};

/*
 * The next process starts while one that has reported its outcome still frees its memory, which
 * takes as long as a short run. That counts once: until it has ended, it does have the memory.
 */
static bool
kind_may_start(const struct task_runner *r, const struct kind_state *k)
{
    size_t ending = 0;

    for (size_t i = 0; i < r->child_count && ending == 0; i++) {
        ending = child_is_ending(&r->children[i]) ? 1 : 0;
    }
    return r->child_count < r->slots + ending || k->running == 0;
}

static struct kind_state *
kind_find(struct task_runner *r, const char *name)
{
    for (size_t i = 0; i < r->kind_count; i++) {
        if (strcmp(r->kinds[i].kind->name, name) == 0) {
            return &r->kinds[i];
        }
    }
    return NULL;
}

/* The kinds in the order of this turn, `i` from 0. */
static struct kind_state *
kind_in_turn(struct task_runner *r, size_t i)
{
    return &r->kinds[(r->turn + i) % r->kind_count];
}

void
claim_give_back(struct task_runner *r, const struct task_claim *task)
{
    struct task_end end = {.id = task->id, .claim_token = task->claim_token, .state = TASK_QUEUED};

    completions_add_unrun(r, task, &end);
}

static void
backlog_give_back(struct task_runner *r, struct kind_state *k)
{
    for (size_t i = 0; i < k->backlog_count; i++) {
        claim_give_back(r, &k->backlog[i]);
    }
    k->backlog_count = 0;
}

void
claims_give_back(struct task_runner *r)
{
    for (size_t i = 0; i < r->kind_count; i++) {
        backlog_give_back(r, &r->kinds[i]);
    }
}

/*
 * How many of the backlog's first tasks run in one process. A task that has run before does not
 * share it: it may be what ended that run's process.
 */
static size_t
backlog_batch(const struct kind_state *k)
{
    size_t count = 0;

    while (count < k->backlog_count && k->kind->shares_process && k->backlog[count].attempts == 1) {
        count++;
    }
    return count > 0 ? count : 1;
}

/*
 * Starts a child for the backlog's first tasks. None of them may begin after its lease is due for
 * renewal (lease_renew), because only the lease of the one that runs is renewed.
 */
static bool
kind_start_batch(struct task_runner *r, struct kind_state *k, int64_t now)
{
    size_t count = backlog_batch(k);
    int64_t renewal_us = k->lease_until_us - r->lease_ms * 600;
    struct batch batch;

    if (!batch_open(&batch, k->backlog, count)) {
        return false;
    }
    batch.lease_until_us = k->lease_until_us;
    batch.begin_until_us = now + BEGIN_US < renewal_us ? now + BEGIN_US : renewal_us;
    if (!child_start(&r->children[r->child_count], r->app, k->kind, &batch)) {
        int error = errno;

        batch_close(&batch);
        errno = error;
        return false;
    }
    k->backlog += count;
    k->backlog_count -= count;
    r->child_count++;
    k->running++;
    return true;
}

static void
kind_start_next(struct task_runner *r, struct kind_state *k)
{
    int64_t now = clock_mono_us();

    if (now > k->lease_until_us - r->lease_ms * 1000 / 2) {
        backlog_give_back(r, k); /* another runner may be able to start them earlier */
    } else if (!kind_start_batch(r, k, now)) {
        log_error("task %" PRId64 " %s: no process for it: %s", k->backlog[0].id, k->kind->name,
                  strerror(errno));
        backlog_give_back(r, k);
        k->may_be_due = false; /* until the queue is checked again */
    }
}

void
claims_start(struct task_runner *r)
{
    bool some = true;

    while (some) {
        some = false;
        for (size_t i = 0; i < r->kind_count; i++) {
            struct kind_state *k = kind_in_turn(r, i);

            if (k->backlog_count > 0 && kind_may_start(r, k)) {
                kind_start_next(r, k);
                some = true;
            }
        }
        r->turn++;
    }
}

/* How many tasks of a kind are claimed at once. */
static size_t
kind_claim_size(const struct kind_state *k)
{
    int64_t size = k->mean_us == 0 ? 1 : CLAIM_US / k->mean_us;

    return size < 1 ? 1 : size > TASK_CLAIM_MAX ? TASK_CLAIM_MAX : (size_t)size;
}

/* Fills the empty backlog of a kind. False if the database is away. */
static bool
kind_claim(struct task_runner *r, struct kind_state *k)
{
    size_t want = kind_claim_size(k);
    int64_t began_us = clock_mono_us();

    arena_reset(&k->arena);
    k->backlog = arena_array(&k->arena, want, sizeof(*k->backlog));
    if (tasks_claim(r->db, &k->arena, k->kind->name, r->name, r->lease_ms, want, k->backlog,
                    &k->backlog_count) != DB_OK) {
        return false;
    }
    k->lease_until_us = began_us + r->lease_ms * 900;
    k->may_be_due = k->backlog_count == want;
    return true;
}

void
claims_run(struct task_runner *r)
{
    bool some = true;

    while (some) {
        some = false;
        for (size_t i = 0; i < r->kind_count; i++) {
            struct kind_state *k = kind_in_turn(r, i);

            if (!k->may_be_due || k->backlog_count > 0 || !kind_may_start(r, k)) {
                continue;
            }
            if (!kind_claim(r, k)) {
                return; /* the next check of the queue tries again */
            }
            some = some || k->backlog_count > 0;
        }
        claims_start(r);
        arena_reset(&r->arena);
    }
}

/*
 * A kind that this version does not have: its tasks fail, so that a newer version can run them, and
 * are dead after their last attempt.
 */
static void
claims_refuse_unknown(struct task_runner *r, const char *kind)
{
    struct task_claim claimed[TASK_CLAIM_MAX];
    char error[160];
    size_t count;
    enum db_result result = tasks_claim(r->db, &r->arena, kind, r->name, r->lease_ms,
                                        TASK_CLAIM_MAX, claimed, &count);

    if (result != DB_OK) {
        return;
    }
    (void)snprintf(error, sizeof(error), "this version knows no tasks of the kind %s", kind);
    for (size_t i = 0; i < count; i++) {
        const struct task_claim *task = &claimed[i];
        struct task_end end = {
            .id = task->id,
            .claim_token = task->claim_token,
            .state = task->attempts < task->max_attempts ? TASK_FAILED : TASK_DEAD,
            .delay_ms = UNKNOWN_KIND_WAIT_MS,
            .error = error,
        };

        log_warning("task %" PRId64 ": %s", task->id, error);
        completions_add_unrun(r, task, &end);
    }
}

void
claims_check_queue(struct task_runner *r)
{
    const char *names[2 * KINDS_MAX];
    size_t count;

    if (tasks_waiting(r->db, &r->arena, names, 2 * KINDS_MAX, &count) != DB_OK) {
        r->failed = r->once; /* whoever starts `fastchat tasks --once` starts it again */
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct kind_state *known = kind_find(r, names[i]);

        if (known != NULL) {
            known->may_be_due = true;
        } else {
            claims_refuse_unknown(r, names[i]);
        }
    }
    arena_reset(&r->arena);
}
