/* Runs that are over, until they are written down. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/redis/announce.h"
#include "fcgi/tasks/runner.h"

static struct ended *
add(struct runner *r)
{
    struct ended *e = calloc(1, sizeof(*e));

    if (e == NULL) {
        log_error("out of memory");
        abort();
    }
    *r->ended_end = e;
    r->ended_end = &e->next;
    return e;
}

void
ends_add(struct runner *r, struct child *c, int status)
{
    struct ended *e = add(r);
    bool told = child_end(c, status, &e->end, e->error);
    double ms = (double)(clock_mono_us() - c->started_us) / 1000;

    e->kind = c->kind;
    e->id = c->id;
    e->owner_id = c->is_lost ? 0 : c->owner_id;
    e->words = c->words; /* the end's result points into it */
    c->words = (struct buf){0};
    if (!told) {
        e->end.id = 0;
    }
    if (c->is_lost) {
        log_warning("task %lld %s was taken back from us after %.1f ms", (long long)c->id,
                    c->kind->name, ms);
    } else {
        const char *state = told ? task_state_names[e->end.state] : "done";

        (e->end.error == NULL ? log_info : log_warning)(
            "task %lld %s is %s after %.1f ms, run %d%s%s", (long long)c->id, c->kind->name, state,
            ms, c->attempts, e->end.error == NULL ? "" : ": ",
            e->end.error == NULL ? "" : e->end.error);
    }
}

void
ends_add_unrun(struct runner *r, const struct task_claim *task, const struct task_end *end)
{
    struct ended *e = add(r);

    e->end = *end;
    e->owner_id = task->owner_id;
    if (end->error != NULL) {
        (void)strncpy(e->error, end->error, sizeof(e->error) - 1);
        e->end.error = e->error;
    }
}

/* One end. Where the task is another run's by now, that one is to tell the owner. */
static enum db_result
write_one(struct db *db, struct ended *e)
{
    enum db_result result = e->end.id == 0 ? DB_OK : task_end(db, &e->end);

    if (result == DB_NONE) {
        log_warning("task %lld is another run's by now", (long long)e->end.id);
        e->owner_id = 0;
        return DB_OK;
    }
    return result;
}

static enum db_result
write_all(struct db *db, void *context)
{
    enum db_result result = DB_OK;

    for (struct ended *e = context; e != NULL && result == DB_OK; e = e->next) {
        result = write_one(db, e);
    }
    return result;
}

static void
let_go(struct ended *e)
{
    buf_free(&e->words);
    free(e);
}

/* It is written down: its owner's streams may know. */
static void
forget(struct runner *r, struct ended *e)
{
    if (e->owner_id > 0 && e->kind != NULL) {
        announce_task(r->redis, e->owner_id, e->id, e->kind->name, task_state_names[e->end.state]);
    }
    let_go(e);
}

/* One by one, so that one that cannot be written does not keep the others from it. */
static bool
write_each(struct runner *r)
{
    while (r->ended != NULL) {
        struct ended *e = r->ended;
        enum db_result result = write_one(r->db, e);

        if (result == DB_ERROR) {
            e->end = (struct task_end){.id = e->end.id,
                                       .claim_token = e->end.claim_token,
                                       .state = TASK_DEAD,
                                       .error = "what it reported could not be stored"};
            result = write_one(r->db, e);
        }
        if (result == DB_DOWN) {
            return false;
        }
        r->ended = e->next;
        forget(r, e);
    }
    return true;
}

bool
ends_write(struct runner *r)
{
    enum db_result result = DB_OK;

    if (r->ended == NULL) {
        return true;
    }
    result = r->ended->next == NULL ? write_one(r->db, r->ended)
                                    : db_transaction(r->db, DB_REPEATABLE, write_all, r->ended);
    if (result == DB_DOWN || (result == DB_ERROR && !write_each(r))) {
        return false;
    }
    while (r->ended != NULL) {
        struct ended *next = r->ended->next;

        forget(r, r->ended);
        r->ended = next;
    }
    r->ended_end = &r->ended;
    return true;
}

void
ends_free(struct runner *r)
{
    while (r->ended != NULL) {
        struct ended *next = r->ended->next;

        let_go(r->ended);
        r->ended = next;
    }
}
