/* The queue of tasks: enqueued with what caused it, claimed by one, ended by who claimed it, whatever the clocks do. */
#include "db/tasks.h"

#include <string.h>

#include "db/migrate.h"
#include "db/task_queue.h"
#include "t/db/servers.h"

enum { LEASE_MS = 60000 };

static struct arena texts;

static int64_t
enqueue(struct db *db, const char *kind, int priority, const char *key, enum db_result expected)
{
    int64_t id = 0;

    is_int(task_enqueue(db,
                        &(struct task_new){.kind = kind,
                                           .owner_id = 7,
                                           .arguments = "{}",
                                           .priority = priority,
                                           .max_attempts = 2,
                                           .dedupe_key = key},
                        &id),
           expected, "a task is put in the queue");
    return id;
}

/* Claims; how many. */
static size_t
claim(struct db *db, const char *kind, size_t want, struct task_claim *claimed)
{
    size_t count = 0;

    return tasks_claim(db, &texts, kind, "test:1", LEASE_MS, want, claimed, &count) == DB_OK ? count
                                                                                             : 999;
}

static int64_t
state_of(struct db *db, int64_t id)
{
    struct task t;

    return task_find(db, &texts, &(struct task_viewer){.all = true}, id, &t) == DB_OK ? t.state
                                                                                      : -1;
}

static enum db_result
end(struct db *db, const struct task_claim *c, enum task_state state)
{
    return task_end(db, &(struct task_end){.id = c->id, .number = c->number, .state = state});
}

static enum db_result
enqueue_and_fail(struct db *db, void *context)
{
    int64_t *id = context;
    enum db_result r = task_enqueue(
        db, &(struct task_new){.kind = "rolled", .arguments = "{}", .max_attempts = 1}, id);

    return r == DB_OK ? DB_CONFLICT : r;
}

static void
test_enqueue(struct db *db)
{
    int64_t id = 0, first, second;

    is_int(db_transaction(db, DB_ONCE, enqueue_and_fail, &id), DB_CONFLICT,
           "what enqueued it fails");
    ok(id > 0 && state_of(db, id) == -1, "and there is no task");
    first = enqueue(db, "keyed", 0, "one", DB_OK);
    second = enqueue(db, "keyed", 0, "one", DB_EXISTS);
    is_int(second, first, "a key that is taken answers with the task that has it");
}

static void
test_claims(struct db *db, struct db *other)
{
    struct task_claim mine[TASK_CLAIM_MAX], others[TASK_CLAIM_MAX];
    int64_t late = enqueue(db, "claimed", 5, NULL, DB_OK);
    int64_t soon = enqueue(db, "claimed", -5, NULL, DB_OK);

    must(other, "SET innodb_lock_wait_timeout = 1");
    must(other, "START TRANSACTION");
    ok(db_one(other, "SELECT id FROM tasks WHERE id = ? FOR UPDATE", db_int(soon)) == DB_OK &&
           db_done(other) == DB_OK,
       "somebody is about to claim the more urgent one");
    is_int((int64_t)claim(db, "claimed", 2, mine), 1, "a claim does not wait for that");
    is_int(mine[0].id, late, "but takes the other one");
    must(other, "ROLLBACK");
    is_int((int64_t)claim(other, "claimed", 9, others), 1,
           "what nobody has is claimed by the next");
    is_int(others[0].id, soon, "once");
    ok(mine[0].number != others[0].number, "each claim has a number of its own");
    is_int((int64_t)claim(db, "claimed", 9, mine + 1), 0, "then nothing is left");
    is_int(end(db, &others[0], TASK_DONE), DB_OK, "who claimed it ends it");
    is_int(end(db, &others[0], TASK_DONE), DB_NONE, "once");
    others[0] = mine[0];
    others[0].number++;
    is_int(end(db, &others[0], TASK_DONE), DB_NONE, "nobody else does");
    is_int(task_renew(db, others[0].id, others[0].number, LEASE_MS, 1), DB_NONE, "nor holds it");
    is_int(task_renew(db, mine[0].id, mine[0].number, LEASE_MS, 50), DB_OK, "who has it holds it");
    is_int(end(db, &mine[0], TASK_QUEUED), DB_OK, "and may give it back");
    is_int((int64_t)claim(db, "claimed", 1, mine), 1, "to be claimed again");
    is_int(mine[0].attempts, 1, "as if it had not been run");
    is_int(end(db, &mine[0], TASK_DONE), DB_OK, "to its end");
}

/* A clock that jumps forward ends leases: the task is run again, and the first run ends nothing any more. */
static void
test_recovery(struct db *db)
{
    struct task_claim first, second, third;
    int64_t id = enqueue(db, "orphan", 0, NULL, DB_OK);
    uint64_t count;

    is_int((int64_t)claim(db, "orphan", 1, &first), 1, "a task is claimed");
    is_int(tasks_recover(db, &count), DB_OK, "while its lease lasts");
    is_int((int64_t)count, 0, "nobody takes it back");
    must(db, "UPDATE tasks SET until_at = until_at - 3600000 WHERE id = %lld", (long long)id);
    is_int(tasks_recover(db, &count), DB_OK, "the clock jumps");
    is_int((int64_t)count, 1, "and it is taken back");
    is_int(end(db, &first, TASK_DONE), DB_NONE, "the first run does not end it any more");
    is_int((int64_t)claim(db, "orphan", 1, &second), 1, "it is run again");
    is_int(second.attempts, 2, "for the second time");
    must(db, "UPDATE tasks SET until_at = 0 WHERE id = %lld", (long long)id);
    is_int(tasks_recover(db, &count), DB_OK, "and lost again");
    is_int(state_of(db, id), TASK_DEAD, "after its last attempt it is dead");
    is_int((int64_t)claim(db, "orphan", 1, &third), 0, "and not run any more");
    is_int(task_retry(db, &(struct task_viewer){.user_id = 8}, id), DB_NONE,
           "another does not retry it");
    is_int(task_retry(db, &(struct task_viewer){.user_id = 7}, id), DB_OK, "its owner does");
    is_int((int64_t)claim(db, "orphan", 1, &third), 1, "then it is run");
    is_int(third.attempts, 1, "with its attempts before it");
    is_int(task_cancel(db, &(struct task_viewer){.user_id = 7}, id), DB_OK, "and told to end");
    must(db, "UPDATE tasks SET until_at = 0 WHERE id = %lld", (long long)id);
    is_int(tasks_recover(db, &count), DB_OK, "if its runner is lost then");
    is_int(state_of(db, id), TASK_CANCELLED, "it is cancelled, not run again");
    is_int(task_cancel(db, &(struct task_viewer){.user_id = 7}, id), DB_CONFLICT, "once");
}

static void
test_keys_and_purge(struct db *db)
{
    struct task_claim c;
    uint64_t deleted = 0;
    int64_t slot = enqueue(db, "slot", 0, "@slot 1", DB_OK),
            plain = enqueue(db, "plain", 0, "plain", DB_OK);

    is_int((int64_t)(claim(db, "slot", 1, &c) + (size_t)(end(db, &c, TASK_DONE) == DB_OK)), 2,
           "a slot is done");
    is_int((int64_t)(claim(db, "plain", 1, &c) + (size_t)(end(db, &c, TASK_DONE) == DB_OK)), 2,
           "and another task");
    is_int(enqueue(db, "slot", 0, "@slot 1", DB_EXISTS), slot,
           "a slot that was done does not come again");
    ok(enqueue(db, "plain", 0, "plain", DB_OK) != plain, "another key is free again at the end");
    is_int(task_purge(db, 100, &deleted), DB_OK, "what ended lately");
    is_int((int64_t)deleted, 0, "is kept");
    is_int(task_purge_state(db, TASK_DONE, 100, &deleted), DB_OK, "unless an operator says so");
    ok(deleted > 0 && state_of(db, plain) == -1, "who then deletes it");
    is_int(state_of(db, slot), TASK_DONE, "but not the timetable's last slots");
    must(db, "UPDATE tasks SET ended_at = 1, until_at = 1 WHERE id = %lld", (long long)slot);
    is_int(task_purge(db, 100, &deleted), DB_OK, "in the end");
    is_int(state_of(db, slot), -1, "they go, too");
}

int
main(void)
{
    const struct settings settings = test_settings("db_tasks");
    struct db *db = db_open(&settings), *other = db_open(&settings);
    FILE *quiet = fopen("/dev/null", "w");

    is_int(migrate_run(&settings, MIGRATE_ALL, quiet, stderr), 0, "the tables are made");
    (void)fclose(quiet);
    test_enqueue(db);
    test_claims(db, other);
    test_recovery(db);
    test_keys_and_purge(db);
    db_close(db);
    db_close(other);
    arena_free(&texts);
    return done_testing();
}
