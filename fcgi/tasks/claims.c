/*
 * From the queue to running children. Every kind may run one task even if all slots are taken, so
 * that a kind whose tasks are slow never holds up the others. Tasks of short kinds (those that are
 * over within milliseconds) are claimed in batches, since a claim costs more than such a run.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "fcgi/tasks/runner_internal.h"

enum {
    SHORT_KIND_US = 20 * 1000,        /* a kind whose runs take less on average is a short kind */
    UNKNOWN_KIND_WAIT_MS = 60 * 1000, /* before a task of an unknown kind is tried again */
};

static bool
kind_may_start(const struct task_runner *r, const struct kind_state *k)
{
    return r->child_count < r->slots || k->running == 0;
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

static struct claimed_task
backlog_take(struct kind_state *k)
{
    struct claimed_task claimed = k->backlog[k->backlog_first];

    k->backlog_first++;
    k->backlog_count--;
    return claimed;
}

static void
claim_give_back(struct task_runner *r, const struct task_claim *task)
{
    struct task_end end = {.id = task->id, .claim_token = task->claim_token, .state = TASK_QUEUED};

    completions_add_unrun(r, task, &end);
}

void
claims_give_back(struct task_runner *r)
{
    for (size_t i = 0; i < r->kind_count; i++) {
        while (r->kinds[i].backlog_count > 0) {
            struct claimed_task claimed = backlog_take(&r->kinds[i]);

            claim_give_back(r, &claimed.task);
        }
    }
}

static void
kind_start_next(struct task_runner *r, struct kind_state *k)
{
    struct claimed_task claimed = backlog_take(k);
    struct child *c = &r->children[r->child_count];

    if (clock_mono_us() > claimed.lease_until_us - r->lease_ms * 1000 / 2) {
        claim_give_back(r, &claimed.task); /* another runner may be able to start it earlier */
        return;
    }
    if (!child_start(c, r->app, k->kind, &claimed.task)) {
        log_error("task %" PRId64 " %s: no process for it: %s", claimed.task.id, k->kind->name,
                  strerror(errno));
        claim_give_back(r, &claimed.task);
        k->may_be_due = false; /* until the queue is checked again */
        return;
    }
    c->lease_until_us = claimed.lease_until_us;
    r->child_count++;
    k->running++;
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

/* Fills the empty backlog of a kind. False if the database is away. */
static bool
kind_claim(struct task_runner *r, struct kind_state *k)
{
    struct task_claim claimed[TASK_CLAIM_MAX];
    int64_t began_us = clock_mono_us();
    bool is_short = k->mean_us > 0 && k->mean_us < SHORT_KIND_US;
    size_t want = is_short ? TASK_CLAIM_MAX : 1, got;
    enum db_result result;

    arena_reset(&k->arena);
    result = tasks_claim(r->db, &k->arena, k->kind->name, r->name, r->lease_ms, want, claimed,
                         &got);
    if (result != DB_OK) {
        return false;
    }
    for (k->backlog_first = 0; k->backlog_count < got; k->backlog_count++) {
        k->backlog[k->backlog_count] = (struct claimed_task){
            .task = claimed[k->backlog_count],
            .lease_until_us = began_us + r->lease_ms * 900,
        };
    }
    k->may_be_due = got == want;
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
