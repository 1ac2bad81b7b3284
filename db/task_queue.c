/* Claiming tasks, renewing their leases, and ending their runs. */
#include "db/task_queue.h"

#include "base/random.h"
#include "base/test_seams.h"
#include "db/task_rows.h"

enum db_result
tasks_waiting(struct db *db, struct arena *a, const char **kinds, size_t size, size_t *count)
{
    /* The server skips through the index from kind to kind, however many tasks there are. */
    enum db_result r = db_run_plain(db, "SELECT DISTINCT kind "
                                        "FROM tasks "
                                        "WHERE ready = 1");

    *count = 0;
    if (r != DB_OK) {
        return r;
    }
    while (*count < size && db_next(db)) {
        kinds[(*count)++] = db_get_text(db, 0, a);
    }
    return db_done(db);
}

/* The context of the transaction that claims tasks. */
struct claim_request {
    struct arena *arena;
    const char *kind, *runner;
    int64_t lease_ms, claim_token;
    size_t want, count;
    struct task_claim *claimed;
};

/* Finds due tasks and locks their rows. */
static enum db_result
claim_select(struct db *db, struct claim_request *c)
{
    enum db_result r = db_run(db,
                              "SELECT id, owner_id, attempts, max_attempts, arguments "
                              "FROM tasks "
                              "WHERE ready = 1 AND kind = ? AND run_at <= " DB_NOW " "
                              "ORDER BY priority, turn, id "
                              "LIMIT ? "
                              "FOR UPDATE SKIP LOCKED",
                              db_text(c->kind), db_int((int64_t)c->want));

    c->count = 0;
    if (r != DB_OK) {
        return r;
    }
    while (c->count < c->want && db_next(db)) {
        c->claimed[c->count++] = (struct task_claim){
            .id = db_get_int(db, 0),
            .claim_token = c->claim_token,
            .owner_id = db_get_int(db, 1),
            .attempts = (int)db_get_int(db, 2) + 1,
            .max_attempts = (int)db_get_int(db, 3),
            .arguments = db_get_text(db, 4, c->arena),
        };
    }
    return db_done(db);
}

/*
 * Lists of ids. A prepared statement is cached by its text, so there is one for every count: unused
 * places are filled with 0, which is the id of no task. Rows joined from JSON_TABLE would cost
 * twice as much: the servers then collect what they update in temporary tables.
 */
#define PLACES_16 "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
#define PLACES PLACES_16 ", " PLACES_16 ", " PLACES_16 ", " PLACES_16
#define CASES_16                                                                                   \
    "WHEN ? THEN ? WHEN ? THEN ? WHEN ? THEN ? WHEN ? THEN ? WHEN ? THEN ? WHEN ? THEN ? "         \
    "WHEN ? THEN ? WHEN ? THEN ? WHEN ? THEN ? WHEN ? THEN ? WHEN ? THEN ? WHEN ? THEN ? "         \
    "WHEN ? THEN ? WHEN ? THEN ? WHEN ? THEN ? WHEN ? THEN ? "
#define CASES CASES_16 CASES_16 CASES_16 CASES_16
enum { PLACE_COUNT = TASK_ENDS_MAX };

enum { VALUES_BEFORE_IDS = 4 };

/* Updates up to PLACE_COUNT of the claimed rows, from the `first` one on. */
static enum db_result
claim_update_some(struct db *db, const struct claim_request *c, size_t first)
{
    struct db_value values[VALUES_BEFORE_IDS + PLACE_COUNT] = {
        db_int(TASK_RUNNING),
        db_int(c->claim_token),
        db_text(c->runner),
        db_int(c->lease_ms),
    };

    for (size_t i = 0; i < PLACE_COUNT; i++) {
        values[VALUES_BEFORE_IDS + i] = db_int(first + i < c->count ? c->claimed[first + i].id : 0);
    }
    return db_run_values(db,
                         "UPDATE tasks "
                         "SET state = ?, ready = 0, claim = ?, runner = ?, "
                         "until_at = " DB_NOW " + ?, attempts = attempts + 1, "
                         "started_at = " DB_NOW ", progress = 0 "
                         "WHERE id IN (" PLACES ")",
                         values, VALUES_BEFORE_IDS + PLACE_COUNT);
}

static enum db_result
claim_update(struct db *db, const struct claim_request *c)
{
    enum db_result r = DB_OK;

    for (size_t first = 0; r == DB_OK && first < c->count; first += PLACE_COUNT) {
        r = claim_update_some(db, c, first);
    }
    return r;
}

static enum db_result
claim_body(struct db *db, void *context)
{
    struct claim_request *c = context;
    enum db_result r;

    c->claim_token = random_number();
    r = claim_select(db, c);
    return r == DB_OK ? claim_update(db, c) : r;
}

/*
 * A commit whose outcome is unknown is not repeated: what it may have claimed comes back when its
 * lease ends.
 */
enum db_result
tasks_claim(struct db *db, struct arena *a, const char *kind, const char *runner, int64_t lease_ms,
            size_t want, struct task_claim *claimed, size_t *count)
{
    struct claim_request c = {
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

/* The result of an update that names the claim token: DB_NONE if no row has it. */
static enum db_result
claim_result(struct db *db, enum db_result r)
{
    return r == DB_OK && db_affected(db) == 0 ? DB_NONE : r;
}

enum db_result
task_renew(struct db *db, int64_t id, int64_t claim_token, int64_t lease_ms, int progress)
{
    enum db_result r = db_run(db,
                              "UPDATE tasks "
                              "SET until_at = " DB_NOW " + ?, progress = ? "
                              "WHERE id = ? AND claim = ? AND state = ?",
                              db_int(lease_ms), db_int(progress), db_int(id), db_int(claim_token),
                              db_int(TASK_RUNNING));

    return claim_result(db, r);
}

enum db_result
tasks_to_cancel(struct db *db, const char *runner, int64_t *ids, size_t size, size_t *count)
{
    enum db_result r = db_run(db,
                              "SELECT id "
                              "FROM tasks "
                              "WHERE state = ? AND cancel_asked = 1 AND runner = ? "
                              "LIMIT ?",
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

/* Whether the task will run again; the value is true if it may do so unless it was cancelled. */
#define IS_READY "(? AND cancel_asked = 0)"

/*
 * No condition names a column that the statement assigns: servers differ in whether it is the old
 * or the new value. The last value is true in the test program only, and then makes the claim token
 * irrelevant.
 */
enum db_result
task_end(struct db *db, const struct task_end *end)
{
    const struct db_value again = db_int(end->state == TASK_QUEUED || end->state == TASK_FAILED);
    bool was_not_run = end->state == TASK_QUEUED;
    int64_t keep_ms = end->state == TASK_DEAD ? TASK_KEEP_DEAD_MS : TASK_KEEP_MS;
    struct db_value result = db_text(NULL);
    enum db_result r;

    if (end->result != NULL) {
        result = db_bytes(end->result, end->result_len);
    }
    r = db_run(db,
               "UPDATE tasks "
               "SET state = IF(? AND cancel_asked, ?, ?), "
               "claim = 0, "
               "progress = ?, "
               "attempts = attempts - ?, "
               "run_at = IF(" IS_READY ", " DB_NOW " + ?, run_at), "
               "ended_at = IF(" IS_READY ", 0, " DB_NOW "), "
               "until_at = IF(" IS_READY ", 0, " DB_NOW " + ?), "
               "dedupe_key = IF(" IS_READY ", dedupe_key, " TASK_KEY_AFTER_END "), "
               "result = ?, "
               "error = ?, "
               "ready = " IS_READY " "
               "WHERE id = ? AND ((claim = ? AND state = ?) OR ?)",
               again, db_int(TASK_CANCELLED), db_int(end->state), db_int(end->progress),
               db_int(was_not_run), again, db_int(end->delay_ms), again, again, db_int(keep_ms),
               again, result, db_text(end->error), again, db_int(end->id), db_int(end->claim_token),
               db_int(TASK_RUNNING), db_int(test_fault_injected(FAULT_CLAIMS)));
    return claim_result(db, r);
}

/* The values of the statement below: the cases, then the ids, between other values. */
enum {
    DONE_CASES = 0,
    DONE_STATE = DONE_CASES + 2 * PLACE_COUNT,
    DONE_KEEP,
    DONE_IDS,
    DONE_CLAIM = DONE_IDS + PLACE_COUNT,
    DONE_RUNNING,
    DONE_FAULT,
    DONE_VALUES
};

enum db_result
tasks_end_done(struct db *db, const struct task_end *const *ends, size_t count)
{
    struct db_value values[DONE_VALUES] = {
        [DONE_STATE] = db_int(TASK_DONE),
        [DONE_KEEP] = db_int(TASK_KEEP_MS),
        [DONE_CLAIM] = db_int(ends[0]->claim_token),
        [DONE_RUNNING] = db_int(TASK_RUNNING),
        [DONE_FAULT] = db_int(test_fault_injected(FAULT_CLAIMS)),
    };
    enum db_result r;

    for (size_t i = 0; i < PLACE_COUNT; i++) {
        bool is_used = i < count, has_result = is_used && ends[i]->result != NULL;
        struct db_value id = db_int(is_used ? ends[i]->id : 0);

        values[DONE_CASES + 2 * i] = values[DONE_IDS + i] = id;
        values[DONE_CASES + 2 * i + 1] = has_result ? db_bytes(ends[i]->result, ends[i]->result_len)
                                                    : db_text(NULL);
    }
    r = db_run_values(db,
                      "UPDATE tasks "
                      "SET result = CASE id " CASES "END, "
                      "state = ?, claim = 0, progress = 100, error = NULL, ready = 0, "
                      "ended_at = " DB_NOW ", until_at = " DB_NOW " + ?, "
                      "dedupe_key = " TASK_KEY_AFTER_END " "
                      "WHERE id IN (" PLACES ") AND ((claim = ? AND state = ?) OR ?)",
                      values, DONE_VALUES);
    return r == DB_OK && db_affected(db) < count ? DB_NONE : r;
}

#define HAS_ATTEMPTS "(cancel_asked = 0 AND attempts < max_attempts)"

enum db_result
tasks_recover(struct db *db, uint64_t *count)
{
    enum db_result r = db_run(db,
                              "UPDATE tasks "
                              "SET state = IF(cancel_asked, ?, IF(" HAS_ATTEMPTS ", ?, ?)), "
                              "ready = " HAS_ATTEMPTS ", "
                              "claim = 0, "
                              "run_at = " DB_NOW ", "
                              "ended_at = IF(" HAS_ATTEMPTS ", 0, " DB_NOW "), "
                              "dedupe_key = IF(" HAS_ATTEMPTS ", dedupe_key, " TASK_KEY_AFTER_END
                              "), "
                              "error = CONCAT('lost: ', runner, ' no longer held it'), "
                              "until_at = IF(" HAS_ATTEMPTS ", 0, " DB_NOW " + ?) "
                              "WHERE state = ? AND until_at < " DB_NOW " "
                              "LIMIT 1000",
                              db_int(TASK_CANCELLED), db_int(TASK_FAILED), db_int(TASK_DEAD),
                              db_int(TASK_KEEP_DEAD_MS), db_int(TASK_RUNNING));

    *count = r == DB_OK ? db_affected(db) : 0;
    return r;
}
