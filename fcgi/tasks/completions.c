/* Completions: ends of runs that the database has yet to store. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "db/secrets.h"
#include "fcgi/tasks/runner_internal.h"
#include "routes/live_events.h"

enum {
    PLAIN_RESULT_MAX = 4096,
    GATHER_MS = 10, /* a commit costs more than the start of a process */
};

static struct completion *
completion_new(struct task_runner *r)
{
    struct completion *done = memory_new(struct completion);

    if (r->completions == NULL) {
        r->gather_until_us = clock_mono_us() + GATHER_MS * INT64_C(1000);
    }
    *r->completions_end = done;
    r->completions_end = &done->next;
    return done;
}

static void
completion_free(struct completion *done)
{
    buf_free(&done->text);
    free(done);
}

static void
completion_log(const struct completion *done, const struct child *c)
{
    double ms = (double)(c->ended_us - c->started_us) / 1000;
    const char *error = done->end.error;

    if (c->is_lost) {
        log_warning("task %lld %s was taken back from us after %.1f ms", (long long)c->id,
                    c->kind->name, ms);
    } else if (error != NULL) {
        log_warning("task %lld %s is %s after %.1f ms, run %d: %s", (long long)c->id, c->kind->name,
                    task_state_words[done->end.state], ms, c->attempts, error);
    } else {
        log_info("task %lld %s is %s after %.1f ms, run %d", (long long)c->id, c->kind->name,
                 task_state_words[done->end.state], ms, c->attempts);
    }
}

void
completions_add(struct task_runner *r, struct child *c, int status)
{
    struct completion *done = completion_new(r);

    if (!child_end(c, status, &done->end, done->error)) {
        done->end.id = 0;
    }
    done->kind = c->kind;
    done->id = c->id;
    done->owner_id = c->is_lost ? 0 : c->owner_id;
    done->text = c->text; /* done->end.result points into it */
    c->text = (struct buf){0};
    completion_log(done, c);
}

void
completions_add_unrun(struct task_runner *r, const struct task_claim *task,
                      const struct task_end *end)
{
    struct completion *done = completion_new(r);

    done->end = *end;
    done->owner_id = task->owner_id;
    if (end->error != NULL) {
        (void)strncpy(done->error, end->error, sizeof(done->error) - 1);
        done->end.error = done->error;
    }
}

/* Stores one completion. If another run has the task, that run notifies the owner. */
static enum db_result
completion_store(struct db *db, struct completion *done)
{
    enum db_result result;

    if (done->end.id == 0) {
        return DB_OK;
    }
    result = task_end(db, &done->end);
    if (result == DB_NONE) {
        log_warning("task %lld was claimed by another run meanwhile", (long long)done->end.id);
        done->owner_id = 0;
        return DB_OK;
    }
    return result;
}

/* Does one statement store it with others? Long results would make that statement too long. */
static bool
completion_is_plain(const struct completion *done)
{
    const struct task_end *end = &done->end;

    return end->id > 0 && end->state == TASK_DONE && end->error == NULL &&
           end->result_len <= PLAIN_RESULT_MAX;
}

/*
 * Stores the plain ones from *done on that have one claim, as many as one statement takes. Sets
 * *done to the first of the others, NULL if there are none. DB_NONE as tasks_end_done.
 */
static enum db_result
completions_store_claim(struct db *db, const struct completion **done)
{
    const struct task_end *ends[TASK_ENDS_MAX];
    size_t count = 0;

    for (; *done != NULL && count < TASK_ENDS_MAX; *done = (*done)->next) {
        if (completion_is_plain(*done)) {
            if (count > 0 && (*done)->end.claim_token != ends[0]->claim_token) {
                break;
            }
            ends[count++] = &(*done)->end;
        }
    }
    return count == 0 ? DB_OK : tasks_end_done(db, ends, count);
}

/* The context of the transaction that stores all completions. */
struct completions_context {
    struct completion *first;
    bool each; /* every one with a statement of its own */
};

static enum db_result
completions_body(struct db *db, void *context)
{
    const struct completions_context *c = context;
    const struct completion *plain = c->each ? NULL : c->first;
    enum db_result result = DB_OK;

    while (plain != NULL && result == DB_OK) {
        result = completions_store_claim(db, &plain);
    }
    for (struct completion *done = c->first; done != NULL && result == DB_OK; done = done->next) {
        if (c->each || !completion_is_plain(done)) {
            result = completion_store(db, done);
        }
    }
    return result;
}

/* Removes the first completion after it was stored, and notifies its owner's streams. */
static void
completions_pop(struct task_runner *r)
{
    struct completion *done = r->completions;

    r->completions = done->next;
    if (done->end.state == TASK_QUEUED) {
        r->due.queue_check = 0; /* only now can it be claimed again */
    }
    if (done->owner_id > 0 && done->kind != NULL) {
        secrets_load(r->db);
        live_event_publish(r->redis, LIVE_TASK, (struct hint){.user_id = done->owner_id},
                           &(struct task_event){done->id, done->kind->name, (int)done->end.state});
    }
    completion_free(done);
}

/* Stores completions one by one: if the database refuses one, the others are still stored. */
static bool
completions_write_each(struct task_runner *r)
{
    while (r->completions != NULL) {
        struct completion *done = r->completions;
        enum db_result result = completion_store(r->db, done);

        if (result == DB_ERROR) {
            done->end = (struct task_end){
                .id = done->end.id,
                .claim_token = done->end.claim_token,
                .state = TASK_DEAD,
                .error = "its result could not be stored",
            };
            result = completion_store(r->db, done);
        }
        if (result == DB_DOWN) {
            return false;
        }
        completions_pop(r);
    }
    return true;
}

static enum db_result
completions_write_all(struct task_runner *r)
{
    struct completions_context context = {.first = r->completions};
    enum db_result result;

    if (r->completions->next == NULL) {
        return completion_store(r->db, r->completions); /* needs no transaction */
    }
    result = db_transaction(r->db, DB_REPEATABLE, completions_body, &context);
    if (result == DB_NONE) {
        context.each = true; /* finds the one that another run has */
        result = db_transaction(r->db, DB_REPEATABLE, completions_body, &context);
    }
    return result;
}

bool
completions_are_gathered(const struct task_runner *r, int64_t now)
{
    return r->child_count > 0 && !r->draining && !r->write_failed && now < r->gather_until_us;
}

bool
completions_write(struct task_runner *r)
{
    enum db_result result;

    if (r->completions == NULL) {
        return true;
    }
    result = completions_write_all(r);
    r->write_failed = result == DB_DOWN || (result == DB_ERROR && !completions_write_each(r));
    if (r->write_failed) {
        return false;
    }
    while (r->completions != NULL) {
        completions_pop(r);
    }
    r->completions_end = &r->completions;
    return true;
}

void
completions_free(struct task_runner *r)
{
    while (r->completions != NULL) {
        struct completion *next = r->completions->next;

        completion_free(r->completions);
        r->completions = next;
    }
}
