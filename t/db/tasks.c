/* The queue: what is enqueued, claimed, ended, cancelled, lost and deleted, and by whom. */
#include "db/task_queue.h"

#include "db/mysql/migrate.h"
#include "t/db/servers.h"

enum { LEASE_MS = 60 * 1000 };

static struct arena arena;
static struct task changed; /* by task_cancel or task_retry */

/* A number of a task; `sql` is a literal that asks for it. */
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

/* A task that one has claimed. */
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
        db,
        &(struct task_end){.id = t->id, .claim_token = t->claim_token, .state = state, .delay_ms = LEASE_MS});
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

    is_int(claim_one(c->other).id, 0, "what is not committed yet is not claimed");
    return r == DB_OK ? c->answer : r;
}

static void
check_enqueue(struct db *db, struct db *other)
{
    struct cause c = {.other = other, .answer = DB_CONFLICT};
    int64_t first, second;

    is_int(db_transaction(db, DB_ONCE, cause_body, &c), DB_CONFLICT, "who enqueues and fails");
    is_int(number_of(db, "SELECT COUNT(*) FROM tasks"), 0, "has enqueued nothing");
    c.answer = DB_OK;
    is_int(db_transaction(db, DB_ONCE, cause_body, &c), DB_OK, "who enqueues and commits");
    is_int(claim_one(other).id, c.id, "has enqueued a task");

    is_int(enqueue(db, "k", &first), DB_OK, "a key that nobody has");
    is_int(enqueue(other, "k", &second), DB_EXISTS, "is given once");
    is_int(second, first, "and names its task");
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
           "one that claims beside another");
    ok(count == 1 && claimed[0].id != c->id, "waits for nobody, and takes what is free");
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
        puts("Bail out! nothing can be enqueued");
        exit(1);
    }
    is_int(db_transaction(db, DB_ONCE, hold_body, &c), DB_OK, "the first is free again");

    t = claim_new(db, NULL);
    is_int(claim_one(other).id, 0, "what was claimed is not claimed again");
    is_int(task_renew(other, t.id, t.claim_token + 1, LEASE_MS, 7), DB_NONE, "nor held by a stranger");
    t.claim_token++;
    is_int(end_as(other, &t, TASK_DONE), DB_NONE, "nor ended");
    t.claim_token--;
    is_int(state_of(db, t.id), TASK_RUNNING, "it runs on");
    is_int(task_renew(db, t.id, t.claim_token, LEASE_MS, 7), DB_OK, "its runner holds it");
    is_int(end_as(db, &t, TASK_DONE), DB_OK, "and ends it");
    is_int(end_as(db, &t, TASK_DONE), DB_NONE, "once");

    t = claim_new(db, NULL);
    is_int(end_as(db, &t, TASK_QUEUED), DB_OK, "what is given back");
    is_int(attempts_of(db, t.id), 0, "has not been tried");
    t = claim_new(db, NULL);
    is_int(end_as(db, &t, TASK_FAILED), DB_OK, "what failed");
    is_int(attempts_of(db, t.id), 1, "has been");
    is_int(claim_one(db).id, 0, "and is not due before its time");
    must(db, "UPDATE tasks SET run_at = 0");
    again = claim_one(db);
    ok(again.id == t.id && again.attempts == 2 && again.claim_token != t.claim_token, "then it is, anew");
    is_int(end_as(db, &t, TASK_DONE), DB_NONE, "and its first run counts no longer");
}

static void
check_lost(struct db *db, struct db *other)
{
    struct task_claim t = claim_new(db, NULL), again;
    uint64_t count;

    is_int(tasks_recover(other, &count), DB_OK, "a lease that has not ended");
    is_int((int64_t)count, 0, "is nobody's to take");
    must(db, "UPDATE tasks SET until_at = 1");
    is_int(task_renew(db, t.id, t.claim_token, LEASE_MS, 0), DB_OK, "one that has is still renewed");
    must(db, "UPDATE tasks SET until_at = 1");
    is_int(tasks_recover(other, &count), DB_OK, "or the task");
    is_int((int64_t)count, 1, "is taken back");
    is_int(task_renew(db, t.id, t.claim_token, LEASE_MS, 0), DB_NONE, "from its runner");
    again = claim_one(other);
    is_int(again.attempts, 2, "and run again");
    is_int(end_as(db, &t, TASK_DONE), DB_NONE, "whatever became of the first run");
    is_int(end_as(other, &again, TASK_DONE), DB_OK, "ends by the second");

    t = claim_new(db, "k");
    must(db, "UPDATE tasks SET until_at = 1, attempts = max_attempts");
    is_int(tasks_recover(other, &count), DB_OK, "after its last run");
    is_int(state_of(db, t.id), TASK_DEAD, "a lost task is dead");
    is_int(enqueue(db, "k", &t.id), DB_OK, "and its key is free");
}

/* Cancelled while it ran, and ended before it was told. */
static void
check_cancelled_meanwhile(struct db *db, enum task_state state, enum task_state is)
{
    static const struct task_viewer all = {.all = true};
    struct task_claim t = claim_new(db, "k");
    int64_t id;

    is_int(task_cancel(db, &arena, &all, t.id, &changed), DB_OK, "one that runs is asked to end");
    is_int(end_as(db, &t, state), DB_OK, "but ends before it hears that");
    is_int(state_of(db, t.id), is, task_state_names[is]);
    must(db, "UPDATE tasks SET run_at = 0");
    is_int(claim_one(db).id, 0, "it is not run again");
    is_int(enqueue(db, "k", &id), DB_OK, "and its key is free");
    is_int(task_cancel(db, &arena, &all, t.id, &changed), DB_CONFLICT, "it has ended");
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
           "a stranger cancels nothing");
    is_int(task_retry(other, &arena, &all, t.id, &changed), DB_CONFLICT,
           "what runs is not retried");
    is_int(task_cancel(other, &arena, &all, t.id, &changed), DB_OK, "what is cancelled");
    is_int(tasks_to_cancel(db, "host:1", ids, 2, &count), DB_OK, "is named");
    ok(count == 1 && ids[0] == t.id, "to its runner");
    is_int(tasks_to_cancel(db, "host:2", ids, 2, &count), DB_OK, "and not");
    is_int((int64_t)count, 0, "to others");
    must(db, "UPDATE tasks SET until_at = 1");
    is_int(tasks_recover(other, &recovered), DB_OK, "where that one is lost");
    is_int(state_of(db, t.id), TASK_CANCELLED, "it is cancelled all the same");
    is_int(task_retry(other, &arena, &stranger, t.id, &changed), DB_NONE,
           "a stranger retries nothing");
    is_int(task_retry(other, &arena, &all, t.id, &changed), DB_OK, "it may be retried");
    t = claim_one(db);
    is_int(t.attempts, 1, "from the first attempt on");
    is_int(end_as(db, &t, TASK_FAILED), DB_OK, "and nothing is left of the cancellation");
    is_int(state_of(db, t.id), TASK_FAILED, "if it fails then");
}

static void
check_purge(struct db *db)
{
    struct task_claim t = claim_new(db, "k");
    uint64_t deleted;
    int64_t id;

    is_int(end_as(db, &t, TASK_DONE), DB_OK, "a task that is done");
    is_int(enqueue(db, "k", &id), DB_OK, "gives up its key");
    t = claim_new(db, "@slot");
    is_int(end_as(db, &t, TASK_DONE), DB_OK, "one of the timetable");
    is_int(enqueue(db, "@slot", &id), DB_EXISTS, "keeps it: it comes once");
    is_int(task_purge_state(db, TASK_DONE, 10, &deleted), DB_OK, "also where what is done");
    is_int((int64_t)deleted, 0, "is deleted");
    is_int(enqueue(db, "@slot", &id), DB_EXISTS, "by hand");
    is_int(task_purge(db, 10, &deleted), DB_OK, "before its time");
    is_int((int64_t)deleted, 0, "nothing is deleted by itself");
    must(db, "UPDATE tasks SET until_at = 1");
    is_int(task_purge(db, 10, &deleted), DB_OK, "and then");
    is_int((int64_t)deleted, 1, "it is");
    t = claim_new(db, NULL);
    must(db, "UPDATE tasks SET until_at = 1");
    is_int(task_purge(db, 10, &deleted), DB_OK, "what runs is not");
    is_int((int64_t)deleted, 0, "ever deleted");
    is_int(end_as(db, &t, TASK_DEAD), DB_OK, "what is dead");
    is_int(task_purge_state(db, TASK_DEAD, 10, &deleted), DB_OK, "is deleted");
    is_int((int64_t)deleted, 1, "when somebody says so");
}

int
main(void)
{
    struct settings s = test_settings("tasks");
    struct db *db = db_open(&s), *other = db_open(&s);

    is_int(migrate_run(&s, -1, stderr, stderr), 0, "the tables are made");
    check_enqueue(db, other);
    check_claims(db, other);
    check_lost(db, other);
    check_cancel(db, other);
    check_purge(db);
    arena_free(&arena);
    db_close(other);
    db_close(db);
    return done_testing();
}
