/* Completions: ends of runs that the database has yet to store. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "db/secrets.h"
#include "fcgi/tasks/runner_internal.h"
#include "routes/live_events.h"

static struct completion *
completion_new(struct task_runner *r)
{
    struct completion *done = memory_new(struct completion);

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
    double ms = (double)(clock_mono_us() - c->started_us) / 1000;
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

static enum db_result
completions_body(struct db *db, void *context)
{
    for (struct completion *done = context; done != NULL; done = done->next) {
        enum db_result result = completion_store(db, done);

        if (result != DB_OK) {
            return result;
        }
    }
    return DB_OK;
}

/* Removes the first completion after it was stored, and notifies its owner's streams. */
static void
completions_pop(struct task_runner *r)
{
    struct completion *done = r->completions;

    r->completions = done->next;
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
    if (r->completions->next == NULL) {
        return completion_store(r->db, r->completions); /* needs no transaction */
    }
    return db_transaction(r->db, DB_REPEATABLE, completions_body, r->completions);
}

bool
completions_write(struct task_runner *r)
{
    enum db_result result;

    if (r->completions == NULL) {
        return true;
    }
    result = completions_write_all(r);
    if (result == DB_DOWN || (result == DB_ERROR && !completions_write_each(r))) {
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
