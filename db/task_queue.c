/* Claiming, holding and ending tasks. */
#include "db/task_queue.h"

#include "base/random.h"
#include "base/test_seams.h"
#include "db/task_rows.h"

enum db_result
tasks_waiting(struct db *db, struct arena *a, const char **kinds, size_t size, size_t *count)
{
    /* Skips through the index from kind to kind, however many tasks there are. */
    enum db_result r = db_run_plain(db, "SELECT DISTINCT kind FROM tasks WHERE ready = 1");

    *count = 0;
    if (r != DB_OK) {
        return r;
    }
    while (*count < size && db_next(db)) {
        kinds[(*count)++] = db_get_text(db, 0, a);
    }
    return db_done(db);
}

struct claiming {
    struct arena *arena;
    const char *kind, *runner;
    int64_t lease_ms;
    size_t want, count;
    struct task_claim *claimed;
};

/* Statements are prepared by their text: one for all counts, filled up with 0, which no task has. */
#define IDS "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
enum { BEFORE_IDS = 4 };

static enum db_result
take(struct db *db, const struct claiming *c, int64_t number)
{
    struct db_value values[BEFORE_IDS + TASK_CLAIM_MAX] = {db_int(TASK_RUNNING), db_int(number),
                                                           db_text(c->runner), db_int(c->lease_ms)};

    for (size_t i = 0; i < TASK_CLAIM_MAX; i++) {
        values[BEFORE_IDS + i] = db_int(i < c->count ? c->claimed[i].id : 0);
    }
    return db_run_values(
        db,
        "UPDATE tasks SET state = ?, ready = 0, claim = ?, runner = ?, until_at = " DB_NOW
        " + ?, attempts = attempts + 1, started_at = " DB_NOW ", progress = 0 WHERE id IN " IDS,
        values, BEFORE_IDS + TASK_CLAIM_MAX);
}

static enum db_result
claim_body(struct db *db, void *context)
{
    struct claiming *c = context;
    int64_t number = random_number();
    enum db_result r = db_run(
        db,
        "SELECT id, owner_id, attempts, max_attempts, arguments FROM tasks WHERE ready = 1 "
        "AND kind = ? AND run_at <= " DB_NOW
        " ORDER BY priority, run_at, id LIMIT ? FOR UPDATE SKIP LOCKED",
        db_text(c->kind), db_int((int64_t)c->want));

    c->count = 0;
    if (r != DB_OK) {
        return r;
    }
    while (c->count < c->want && db_next(db)) {
        c->claimed[c->count++] = (struct task_claim){
            .id = db_get_int(db, 0),
            .number = number,
            .owner_id = db_get_int(db, 1),
            .attempts = (int)db_get_int(db, 2) + 1,
            .max_attempts = (int)db_get_int(db, 3),
            .arguments = db_get_text(db, 4, c->arena),
        };
    }
    r = db_done(db);
    return r == DB_OK && c->count > 0 ? take(db, c, number) : r;
}

/* A commit whose outcome is unknown is not repeated: what it may have claimed comes back when its lease ends. */
enum db_result
tasks_claim(struct db *db, struct arena *a, const char *kind, const char *runner, int64_t lease_ms,
            size_t want, struct task_claim *claimed, size_t *count)
{
    struct claiming c = {
        .arena = a,
        .kind = kind,
        .runner = runner,
        .lease_ms = lease_ms,
        .want = want < TASK_CLAIM_MAX ? want : TASK_CLAIM_MAX,
        .claimed = claimed,
    };
    enum db_result r = db_transaction(db, DB_ONCE, claim_body, &c);

    *count = r == DB_OK ? c.count : 0;
    return r;
}

static enum db_result
ours(struct db *db, enum db_result r)
{
    return r == DB_OK && db_affected(db) == 0 ? DB_NONE : r;
}

enum db_result
task_renew(struct db *db, int64_t id, int64_t number, int64_t lease_ms, int progress)
{
    return ours(db, db_run(db,
                           "UPDATE tasks SET until_at = " DB_NOW
                           " + ?, progress = ? WHERE id = ? AND claim = ? AND state = ?",
                           db_int(lease_ms), db_int(progress), db_int(id), db_int(number),
                           db_int(TASK_RUNNING)));
}

enum db_result
tasks_to_cancel(struct db *db, const char *runner, int64_t *ids, size_t size, size_t *count)
{
    enum db_result r = db_run(
        db, "SELECT id FROM tasks WHERE state = ? AND cancel_asked = 1 AND runner = ? LIMIT ?",
        db_int(TASK_RUNNING), db_text(runner), db_int((int64_t)size));

    *count = 0;
    if (r != DB_OK) {
        return r;
    }
    while (*count < size && db_next(db)) {
        ids[(*count)++] = db_get_int(db, 0);
    }
    return db_done(db);
}

/* `ready` is set first: what stands behind it in the list asks for the new one. */
enum db_result
task_end(struct db *db, const struct task_end *end)
{
    bool again = end->state == TASK_QUEUED || end->state == TASK_FAILED;
    int64_t keep = end->state == TASK_DEAD ? TASK_KEEP_DEAD_MS : TASK_KEEP_MS;
    struct db_value result = end->result == NULL ? db_text(NULL)
                                                 : db_bytes(end->result, end->result_len);

    return ours(
        db, db_run(db,
                   "UPDATE tasks SET ready = (? AND cancel_asked = 0), "
                   "state = IF(? AND cancel_asked, ?, ?), claim = 0, progress = ?, "
                   "attempts = attempts - ?, run_at = IF(ready, " DB_NOW " + ?, run_at), "
                   "ended_at = IF(ready, 0, " DB_NOW "), until_at = IF(ready, 0, " DB_NOW " + ?), "
                   "dedupe_key = IF(ready, dedupe_key, " KEY_AT_END "), result = ?, error = ? "
                   "WHERE id = ? AND ((claim = ? AND state = ?) OR ?)",
                   db_int(again), db_int(again), db_int(TASK_CANCELLED), db_int(end->state),
                   db_int(end->progress), db_int(end->state == TASK_QUEUED), db_int(end->delay_ms),
                   db_int(keep), result, db_text(end->error), db_int(end->id), db_int(end->number),
                   db_int(TASK_RUNNING), db_int(test_fault_injected(FAULT_CLAIMS))));
}

enum db_result
tasks_recover(struct db *db, uint64_t *count)
{
    enum db_result r = db_run(
        db,
        "UPDATE tasks SET state = IF(cancel_asked, ?, IF(attempts < max_attempts, ?, ?)), "
        "ready = (cancel_asked = 0 AND attempts < max_attempts), claim = 0, "
        "run_at = " DB_NOW
        ", ended_at = IF(cancel_asked = 0 AND attempts < max_attempts, 0, " DB_NOW
        "), dedupe_key = IF(cancel_asked = 0 AND attempts < max_attempts, dedupe_key, " KEY_AT_END
        "), error = CONCAT('lost: ', runner, ' did not hold it any longer'), "
        "until_at = IF(cancel_asked = 0 AND attempts < max_attempts, 0, " DB_NOW " + ?) "
        "WHERE state = ? AND until_at < " DB_NOW " LIMIT 1000",
        db_int(TASK_CANCELLED), db_int(TASK_FAILED), db_int(TASK_DEAD), db_int(TASK_KEEP_DEAD_MS),
        db_int(TASK_RUNNING));

    *count = r == DB_OK ? db_affected(db) : 0;
    return r;
}
