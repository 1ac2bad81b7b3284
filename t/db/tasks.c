/* The queue: tasks are enqueued, claimed, renewed, ended, cancelled, taken back and deleted. */
#include "db/task_queue.h"

#include "db/mysql/migrate.h"
#include "t/db/servers.h"

enum { LEASE_MS = 60 * 1000 };

static struct arena arena;
static struct task changed; /* the output of task_cancel and task_retry */

/* The number that `sql` selects from a task by its id; -1 if it fails. `sql` is a literal. */
static int64_t
number_in(struct db *db, int64_t id, const char *sql)
{
    int64_t n = -1;

    if (db_one(db, sql, db_int(id)) == DB_OK) {
        n = db_get_int(db, 0);
        (void)db_done(db);
    }
    return n;
}

static int64_t
state_of(struct db *db, int64_t id)
{
    return number_in(db, id, "SELECT state FROM tasks WHERE id = ?");
}

static int64_t
attempts_of(struct db *db, int64_t id)
{
    return number_in(db, id, "SELECT attempts FROM tasks WHERE id = ?");
}

static enum db_result
enqueue(struct db *db, const char *key, int64_t *id)
{
    return task_enqueue(
        db,
        &(struct task_new){.kind = "t", .arguments = "{}", .max_attempts = 3, .dedupe_key = key},
        id);
}

/* Claims one task; its id is 0 if there is none. */
static struct task_claim
claim_one(struct db *db)
{
    struct task_claim claimed = {0};
    size_t count;

    if (tasks_claim(db, &arena, "t", "host:1", LEASE_MS, 1, &claimed, &count) != DB_OK) {
        return (struct task_claim){0};
    }
    return claimed;
}

static struct task_claim
claim_new(struct db *db, const char *key)
{
    int64_t id;

    must(db, "DELETE FROM tasks");
    return enqueue(db, key, &id) == DB_OK ? claim_one(db) : (struct task_claim){0};
}

static enum db_result
end_as(struct db *db, const struct task_claim *t, enum task_state state)
{
    return task_end(
        db, &(struct task_end){
                .id = t->id, .claim_token = t->claim_token, .state = state, .delay_ms = LEASE_MS});
}

/* Enqueues `count` tasks of an owner; *last is the id of the last one. */
static bool
enqueue_of(struct db *db, int64_t owner_id, int count, int64_t *last)
{
    const struct task_new task = {
        .kind = "t", .owner_id = owner_id, .arguments = "{}", .max_attempts = 3};

    for (int i = 0; i < count; i++) {
        if (task_enqueue(db, &task, last) != DB_OK) {
            return false;
        }
    }
    return true;
}

/* How many tasks are claimed up to and including this one. */
static int
claims_until(struct db *db, int64_t id)
{
    int claims = 1;

    for (struct task_claim t = claim_one(db); t.id != id; t = claim_one(db)) {
        if (t.id == 0) {
            return -1;
        }
        claims++;
    }
    return claims;
}

static void
check_turns(struct db *db)
{
    int64_t id, second;

    must(db, "DELETE FROM tasks");
    ok(enqueue_of(db, 1, 500, &id) && enqueue_of(db, 2, 1, &id), "501 tasks are enqueued");
    ok(claims_until(db, id) <= 2, "an owner with one task waits for one task of another owner");
    ok(enqueue_of(db, 3, 2, &second) && enqueue_of(db, 4, 1, &id), "two more owners enqueue");
    is_int(claims_until(db, id), 3, "owners who come later take their turn with those who wait");
    ok(claims_until(db, second) <= 3, "the second tasks of two owners take turns");
    ok(enqueue_of(db, 0, 3, &id), "the server's own tasks are enqueued");
    ok(claims_until(db, id) <= 4, "the server's own tasks do not wait for one another's turns");
    must(db, "DELETE FROM tasks");
    ok(enqueue_of(db, 1, 1, &second) && enqueue_of(db, 1, 1, &id), "one owner enqueues two tasks");
    is_int(claim_one(db).id, second, "the tasks of one owner keep their order");
    must(db, "DELETE FROM tasks");
}

struct cause {
    struct db *other;
    int64_t id;
    enum db_result answer;
};

static enum db_result
cause_body(struct db *db, void *context)
{
    struct cause *c = context;
    enum db_result r = enqueue(db, NULL, &c->id);

    is_int(claim_one(c->other).id, 0, "a task that is not committed yet is not claimed");
    return r == DB_OK ? c->answer : r;
}

static void
check_enqueue(struct db *db, struct db *other)
{
    struct cause c = {.other = other, .answer = DB_CONFLICT};
    int64_t first, second;

    is_int(db_transaction(db, DB_ONCE, cause_body, &c), DB_CONFLICT,
           "a transaction that enqueues may fail");
    is_int(number_of(db, "SELECT COUNT(*) FROM tasks"), 0,
           "a transaction that fails enqueues nothing");
    c.answer = DB_OK;
    is_int(db_transaction(db, DB_ONCE, cause_body, &c), DB_OK,
           "a transaction that enqueues commits");
    is_int(claim_one(other).id, c.id, "a committed task is claimed");

    is_int(enqueue(db, "k", &first), DB_OK, "a task with a free dedupe key is enqueued");
    is_int(enqueue(other, "k", &second), DB_EXISTS,
           "a second task with the same key is not enqueued");
    is_int(second, first, "the id returned is that of the task that has the key");
}

static enum db_result
hold_body(struct db *db, void *context)
{
    const struct cause *c = context;
    struct task_claim claimed[2];
    size_t count;
    enum db_result r = db_one(db, "SELECT id FROM tasks WHERE id = ? FOR UPDATE", db_int(c->id));

    if (r == DB_OK) {
        r = db_done(db);
    }
    is_int(tasks_claim(c->other, &arena, "t", "host:2", LEASE_MS, 2, claimed, &count), DB_OK,
           "a claim succeeds while another row is locked");
    ok(count == 1 && claimed[0].id != c->id, "a claim skips locked rows and takes the next one");
    return r;
}

static void
check_claims(struct db *db, struct db *other)
{
    struct cause c = {.other = other};
    struct task_claim t, again;
    int64_t second;

    must(db, "DELETE FROM tasks");
    if (enqueue(db, NULL, &c.id) != DB_OK || enqueue(db, NULL, &second) != DB_OK) {
        puts("Bail out! no task can be enqueued");
        exit(1);
    }
    is_int(db_transaction(db, DB_ONCE, hold_body, &c), DB_OK,
           "the lock on the first row is released");

    t = claim_new(db, NULL);
    is_int(claim_one(other).id, 0, "a claimed task is not claimed again");
    is_int(task_renew(other, t.id, t.claim_token + 1, LEASE_MS, 7), DB_NONE,
           "a wrong claim token renews no lease");
    t.claim_token++;
    is_int(end_as(other, &t, TASK_DONE), DB_NONE, "a wrong claim token ends no task");
    t.claim_token--;
    is_int(state_of(db, t.id), TASK_RUNNING, "a wrong claim token leaves the task running");
    is_int(task_renew(db, t.id, t.claim_token, LEASE_MS, 7), DB_OK,
           "the right claim token renews the lease");
    is_int(end_as(db, &t, TASK_DONE), DB_OK, "the right claim token ends the task");
    is_int(end_as(db, &t, TASK_DONE), DB_NONE, "an ended task cannot be ended again");

    t = claim_new(db, NULL);
    is_int(end_as(db, &t, TASK_QUEUED), DB_OK, "a task is given back");
    is_int(attempts_of(db, t.id), 0, "a run that is given back is not counted as an attempt");
    t = claim_new(db, NULL);
    is_int(end_as(db, &t, TASK_FAILED), DB_OK, "a run fails");
    is_int(attempts_of(db, t.id), 1, "a failed run is counted as an attempt");
    is_int(claim_one(db).id, 0, "a failed task is not due before its delay is over");
    must(db, "UPDATE tasks SET run_at = 0");
    again = claim_one(db);
    ok(again.id == t.id && again.attempts == 2 && again.claim_token != t.claim_token,
       "a due task is claimed again with a new token and its next attempt");
    is_int(end_as(db, &t, TASK_DONE), DB_NONE,
           "the token of the first run no longer ends the task");
}

/* The context of the transaction that ends several runs at once. */
struct ends {
    const struct task_end *ends[TASK_ENDS_MAX];
    size_t count;
};

static enum db_result
ends_body(struct db *db, void *context)
{
    const struct ends *e = context;

    return tasks_end_done(db, e->ends, e->count);
}

/* Many are claimed and ended in one statement each, with results that need care. */
static void
check_many(struct db *db, struct db *other)
{
    static const char *const results[] = {"{\"q\":\"\\\\ \\\" \\u0000 \\n\"}", "\"好😀\"", NULL,
                                          "[]"};
    static struct task_claim claimed[TASK_CLAIM_MAX];
    static struct task_end end[TASK_ENDS_MAX];
    struct ends ends = {.count = TASK_ENDS_MAX - 1};
    int wrong = 0;
    int64_t last;
    size_t count;

    must(db, "DELETE FROM tasks");
    ok(enqueue_of(db, 0, TASK_CLAIM_MAX + 1, &last), "many tasks are enqueued");
    is_int(tasks_claim(db, &arena, "t", "host:1", LEASE_MS, TASK_CLAIM_MAX, claimed, &count), DB_OK,
           "many tasks are claimed at once");
    is_int((int64_t)count, TASK_CLAIM_MAX, "as many tasks are claimed as were wanted");
    is_int(number_of(db, "SELECT COUNT(*) FROM tasks WHERE state = 1 AND ready = 0 AND "
                         "attempts = 1 AND claim = (SELECT MAX(claim) FROM tasks)"),
           TASK_CLAIM_MAX, "all claimed tasks have the claim's token");
    is_int(claim_one(other).id, last, "the task beyond the claim is left to others");

    for (size_t i = 0; i < TASK_ENDS_MAX; i++) {
        const char *result = results[i % 4];

        end[i] = (struct task_end){.id = claimed[i].id,
                                   .claim_token = claimed[i].claim_token,
                                   .state = TASK_DONE,
                                   .result = result,
                                   .result_len = result == NULL ? 0 : strlen(result)};
        ends.ends[i] = &end[i];
    }
    is_int(db_transaction(db, DB_ONCE, ends_body, &ends), DB_OK, "many runs are ended at once");
    is_int(number_of(db, "SELECT COUNT(*) FROM tasks WHERE state = 2 AND claim = 0 AND "
                         "progress = 100 AND ended_at > 0 AND until_at > ended_at"),
           TASK_ENDS_MAX - 1, "exactly those runs are ended");
    for (size_t i = 0; i < ends.count; i++) {
        static const struct task_viewer all = {.all = true};
        const char *result = results[i % 4];

        wrong += task_find(db, &arena, &all, end[i].id, &changed) != DB_OK ||
                 (result == NULL) != (changed.result == NULL) ||
                 (result != NULL && strcmp(result, changed.result) != 0);
    }
    is_int(wrong, 0, "each of many runs has its own result");

    ends.ends[0] = &end[TASK_ENDS_MAX - 1]; /* beside others that have ended */
    is_int(db_transaction(db, DB_ONCE, ends_body, &ends), DB_NONE,
           "ends are refused if one of them has no valid claim");
    is_int(state_of(db, end[TASK_ENDS_MAX - 1].id), TASK_RUNNING, "refused ends change nothing");
}

static void
check_lost(struct db *db, struct db *other)
{
    struct task_claim t = claim_new(db, NULL), again;
    uint64_t count;

    is_int(tasks_recover(other, &count), DB_OK, "leases that have not ended are checked");
    is_int((int64_t)count, 0, "no task is taken back before its lease ends");
    must(db, "UPDATE tasks SET until_at = 1");
    is_int(task_renew(db, t.id, t.claim_token, LEASE_MS, 0), DB_OK,
           "an ended lease can still be renewed");
    must(db, "UPDATE tasks SET until_at = 1");
    is_int(tasks_recover(other, &count), DB_OK, "leases that have ended are checked");
    is_int((int64_t)count, 1, "a task is taken back after its lease has ended");
    is_int(task_renew(db, t.id, t.claim_token, LEASE_MS, 0), DB_NONE,
           "a lease that was taken back cannot be renewed");
    again = claim_one(other);
    is_int(again.attempts, 2, "a task that was taken back is claimed as its second attempt");
    is_int(end_as(db, &t, TASK_DONE), DB_NONE, "the run that lost its task cannot end it");
    is_int(end_as(other, &again, TASK_DONE), DB_OK, "the second run ends the task");

    t = claim_new(db, "k");
    must(db, "UPDATE tasks SET until_at = 1, attempts = max_attempts");
    is_int(tasks_recover(other, &count), DB_OK, "leases are checked after a last attempt");
    is_int(state_of(db, t.id), TASK_DEAD, "a task that is lost in its last attempt is dead");
    is_int(enqueue(db, "k", &t.id), DB_OK, "a dead task gives up its key");
}

/* A task is cancelled while it runs, and ends in `state` before it is told. */
static void
check_cancelled_meanwhile(struct db *db, enum task_state state, enum task_state stored)
{
    static const struct task_viewer all = {.all = true};
    struct task_claim t = claim_new(db, "k");
    int64_t id;

    is_int(task_cancel(db, &arena, &all, t.id, &changed), DB_OK, "a running task can be cancelled");
    is_int(end_as(db, &t, state), DB_OK, "a run can end before it is told of the cancellation");
    is_int(state_of(db, t.id), stored,
           stored == TASK_DONE ? "a result that came before the cancellation counts"
                               : "a task that would run again is cancelled instead");
    must(db, "UPDATE tasks SET run_at = 0");
    is_int(claim_one(db).id, 0, "a task that was cancelled while it ran is not run again");
    is_int(enqueue(db, "k", &id), DB_OK, "a task that was cancelled while it ran gives up its key");
    is_int(task_cancel(db, &arena, &all, t.id, &changed), DB_CONFLICT,
           "an ended task cannot be cancelled");
}

static void
check_cancel(struct db *db, struct db *other)
{
    static const struct task_viewer all = {.all = true}, stranger = {.user_id = 77};
    struct task_claim t;
    int64_t ids[2];
    size_t count;
    uint64_t recovered;

    check_cancelled_meanwhile(db, TASK_FAILED, TASK_CANCELLED);
    check_cancelled_meanwhile(db, TASK_QUEUED, TASK_CANCELLED);
    check_cancelled_meanwhile(db, TASK_DONE, TASK_DONE);

    t = claim_new(db, NULL);
    is_int(task_cancel(other, &arena, &stranger, t.id, &changed), DB_NONE,
           "another user's task cannot be cancelled");
    is_int(task_retry(other, &arena, &all, t.id, &changed), DB_CONFLICT,
           "a running task cannot be retried");
    is_int(task_cancel(other, &arena, &all, t.id, &changed), DB_OK,
           "a running task of anybody can be cancelled by an admin");
    is_int(tasks_to_cancel(db, "host:1", ids, 2, &count), DB_OK,
           "a runner reads which of its tasks are cancelled");
    ok(count == 1 && ids[0] == t.id, "the cancelled task is one of its runner's");
    is_int(tasks_to_cancel(db, "host:2", ids, 2, &count), DB_OK,
           "another runner reads which of its tasks are cancelled");
    is_int((int64_t)count, 0, "the cancelled task is not one of another runner's");
    must(db, "UPDATE tasks SET until_at = 1");
    is_int(tasks_recover(other, &recovered), DB_OK,
           "a cancelled task is taken back after its lease has ended");
    is_int(state_of(db, t.id), TASK_CANCELLED,
           "a cancelled task whose runner is lost is cancelled, not failed");
    is_int(task_retry(other, &arena, &stranger, t.id, &changed), DB_NONE,
           "another user's task cannot be retried");
    is_int(task_retry(other, &arena, &all, t.id, &changed), DB_OK,
           "a cancelled task can be retried");
    t = claim_one(db);
    is_int(t.attempts, 1, "the attempts of a retried task are counted from 0");
    is_int(end_as(db, &t, TASK_FAILED), DB_OK, "a retried task can fail");
    is_int(state_of(db, t.id), TASK_FAILED, "a retried task that fails is failed, not cancelled");
}

static void
check_purge(struct db *db)
{
    struct task_claim t = claim_new(db, "k");
    uint64_t deleted;
    int64_t id;

    is_int(end_as(db, &t, TASK_DONE), DB_OK, "a task with a key is done");
    is_int(enqueue(db, "k", &id), DB_OK, "a task that is done gives up its key");
    t = claim_new(db, "@slot");
    is_int(end_as(db, &t, TASK_DONE), DB_OK, "a recurring task is done");
    is_int(enqueue(db, "@slot", &id), DB_EXISTS, "a recurring task that is done keeps its key");
    is_int(task_purge_state(db, TASK_DONE, 10, &deleted), DB_OK, "done tasks are deleted by hand");
    is_int((int64_t)deleted, 0, "a recurring task is not deleted by hand");
    is_int(enqueue(db, "@slot", &id), DB_EXISTS,
           "a recurring task keeps its key after a deletion by hand");
    is_int(task_purge(db, 10, &deleted), DB_OK, "old tasks are deleted");
    is_int((int64_t)deleted, 0, "a task that ended recently is not deleted with the old ones");
    must(db, "UPDATE tasks SET until_at = 1");
    is_int(task_purge(db, 10, &deleted), DB_OK, "old tasks are deleted again");
    is_int((int64_t)deleted, 1, "a task is deleted after its time is over");
    t = claim_new(db, NULL);
    must(db, "UPDATE tasks SET until_at = 1");
    is_int(task_purge(db, 10, &deleted), DB_OK, "old tasks are deleted while a task runs");
    is_int((int64_t)deleted, 0, "a running task is never deleted");
    is_int(end_as(db, &t, TASK_DEAD), DB_OK, "a task is dead");
    is_int(task_purge_state(db, TASK_DEAD, 10, &deleted), DB_OK, "dead tasks are deleted by hand");
    is_int((int64_t)deleted, 1, "a dead task is deleted by hand however recent it is");
}

int
main(void)
{
    struct settings s = test_settings("tasks");
    struct db *db = db_open(&s), *other = db_open(&s);

    is_int(migrate_run(&s, -1, stderr, stderr), 0, "the tables are created");
    check_enqueue(db, other);
    check_turns(db);
    check_claims(db, other);
    check_many(db, other);
    check_lost(db, other);
    check_cancel(db, other);
    check_purge(db);
    arena_free(&arena);
    db_close(other);
    db_close(db);
    return done_testing();
}
