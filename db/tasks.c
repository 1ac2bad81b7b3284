/* Tasks from the side of those who want them done: enqueue, find, cancel, retry, delete. */
#include "db/tasks.h"

#include <stdio.h>
#include <string.h>

#include "db/task_rows.h"

const char *const task_state_words[] = {TASK_STATE_LIST(VOCABULARY_WORD) NULL};

/* DB_EXISTS with the task that has the key. */
static enum db_result
task_find_key(struct db *db, const char *key, int64_t *id)
{
    enum db_result r = db_one(db,
                              "SELECT id "
                              "FROM tasks "
                              "WHERE dedupe_key = ?",
                              db_text(key));

    if (r == DB_NONE) {
        return DB_DOWN; /* that task has just ended: the caller may try again */
    }
    if (r != DB_OK) {
        return r;
    }
    *id = db_get_int(db, 0);
    r = db_done(db);
    return r == DB_OK ? DB_EXISTS : r;
}

/*
 * The turn of a new task, by start-time fair queueing: the tasks of one owner take consecutive
 * turns, of which the first is the one that is served now. So an owner with one task waits for at
 * most one task of each other owner. The server's own tasks do not wait for one another.
 */
static enum db_result
task_find_turn(struct db *db, const struct task_new *t, int64_t *turn)
{
    enum db_result r = db_one(db,
                              "SELECT GREATEST("
                              "COALESCE((SELECT MIN(turn) FROM tasks "
                              "WHERE ready = 1 AND kind = ? AND priority = ?), 0), "
                              "COALESCE((SELECT MAX(turn) + 1 FROM tasks "
                              "WHERE owner_id = ? AND owner_id > 0 AND state IN (?, ?) "
                              "AND kind = ? AND priority = ?), 0))",
                              db_text(t->kind), db_int(t->priority), db_int(t->owner_id),
                              db_int(TASK_QUEUED), db_int(TASK_FAILED), db_text(t->kind),
                              db_int(t->priority));

    if (r != DB_OK) {
        return r;
    }
    *turn = db_get_int(db, 0);
    return db_done(db);
}

enum db_result
task_enqueue(struct db *db, const struct task_new *t, int64_t *id)
{
    int64_t turn;
    enum db_result r = task_find_turn(db, t, &turn);

    if (r != DB_OK) {
        return r;
    }
    r = db_run(db,
               "INSERT INTO tasks (kind, owner_id, priority, turn, run_at, max_attempts, "
               "arguments, dedupe_key, work_key, created_at) "
               "VALUES (?, ?, ?, ?, " DB_NOW " + ?, ?, ?, ?, ?, " DB_NOW ")",
               db_text(t->kind), db_int(t->owner_id), db_int(t->priority), db_int(turn),
               db_int(t->delay_ms), db_int(t->max_attempts), db_text(t->arguments),
               db_text(t->dedupe_key), db_text(t->dedupe_key));
    if (r == DB_EXISTS && t->dedupe_key != NULL) {
        return task_find_key(db, t->dedupe_key, id);
    }
    *id = db_insert_id(db);
    return r;
}

/*
 * Serialises the transactions that add tasks of one user, so that several at once cannot exceed the
 * limit together.
 */
static enum db_result
task_lock_owner(struct db *db, int64_t user_id)
{
    enum db_result r = db_one(db, "SELECT id FROM users WHERE id = ? FOR UPDATE", db_int(user_id));

    return r == DB_OK ? db_done(db) : r;
}

/* DB_FORBIDDEN if more than `max` tasks of the user have not ended (0: any number may). */
static enum db_result
task_limit_owner(struct db *db, int64_t user_id, int max)
{
    enum db_result r;
    int64_t count;

    if (max == 0) {
        return DB_OK;
    }
    r = db_one(db, "SELECT COUNT(*) FROM tasks WHERE owner_id = ? AND state IN (?, ?, ?)",
               db_int(user_id), db_int(TASK_QUEUED), db_int(TASK_RUNNING), db_int(TASK_FAILED));
    if (r != DB_OK) {
        return r;
    }
    count = db_get_int(db, 0);
    r = db_done(db);
    return r == DB_OK && count > max ? DB_FORBIDDEN : r;
}

/* Deletes the oldest ended tasks of a user who has more than TASKS_KEPT. */
static enum db_result
task_forget_oldest(struct db *db, int64_t user_id)
{
    int64_t count;
    enum db_result r = db_one(
        db, "SELECT COUNT(*) FROM tasks WHERE owner_id = ? AND state IN (?, ?, ?)", db_int(user_id),
        db_int(TASK_DONE), db_int(TASK_DEAD), db_int(TASK_CANCELLED));

    if (r != DB_OK) {
        return r;
    }
    count = db_get_int(db, 0);
    r = db_done(db);
    if (r != DB_OK || count <= TASKS_KEPT) {
        return r;
    }
    return db_run(db,
                  "DELETE FROM tasks WHERE owner_id = ? AND state IN (?, ?, ?) "
                  "ORDER BY id LIMIT ?",
                  db_int(user_id), db_int(TASK_DONE), db_int(TASK_DEAD), db_int(TASK_CANCELLED),
                  db_int(count - TASKS_KEPT));
}

/* The context of the transaction that adds a user's task. */
struct task_addition {
    struct task_new task;
    int unfinished_max;
    int64_t id;
};

static enum db_result
task_add_body(struct db *db, void *context)
{
    struct task_addition *a = context;
    enum db_result r = task_lock_owner(db, a->task.owner_id);

    if (r != DB_OK) {
        return r;
    }
    r = task_enqueue(db, &a->task, &a->id);
    if (r != DB_OK) {
        return r;
    }
    r = task_limit_owner(db, a->task.owner_id, a->unfinished_max);
    return r == DB_OK ? task_forget_oldest(db, a->task.owner_id) : r;
}

enum db_result
task_enqueue_for_caller(struct caller *caller, const struct task_new *t, int unfinished_max,
                        int64_t *id)
{
    struct task_addition addition = {.task = *t, .unfinished_max = unfinished_max};
    enum db_result r;

    addition.task.owner_id = caller->user_id;
    r = db_transaction(caller->db, DB_ONCE, task_add_body, &addition);
    *id = addition.id;
    return r == DB_FORBIDDEN ? caller_deny(caller, DENIED_TOO_MANY_TASKS) : r;
}

void
tasks_channel(const struct redis *redis, char channel[static TASKS_CHANNEL_SIZE])
{
    (void)snprintf(channel, TASKS_CHANNEL_SIZE, "fc:%d:tasks", redis_database(redis));
}

void
tasks_wake(struct redis *redis)
{
    char channel[TASKS_CHANNEL_SIZE];

    tasks_channel(redis, channel);
    freeReplyObject(
        redis_run(redis, redis_text("PUBLISH"), redis_text(channel), redis_text("wake")));
}

#define TASK_COLUMNS                                                                               \
    "id, owner_id, kind, state, priority, attempts, max_attempts, progress, "                      \
    "cancel_asked, runner, error, created_at, run_at, started_at, ended_at"

static struct task
task_read_row(struct db *db, struct arena *a)
{
    return (struct task){
        .id = db_get_int(db, 0),
        .owner_id = db_get_int(db, 1),
        .kind = db_get_text(db, 2, a),
        .state = (int)db_get_int(db, 3),
        .priority = db_get_int(db, 4),
        .attempts = db_get_int(db, 5),
        .max_attempts = db_get_int(db, 6),
        .progress = db_get_int(db, 7),
        .cancel_asked = (int)db_get_int(db, 8),
        .runner = db_get_text(db, 9, a),
        .error = db_get_text(db, 10, a),
        .created_at = db_get_int(db, 11),
        .run_at = db_get_int(db, 12),
        .started_at = db_get_int(db, 13),
        .ended_at = db_get_int(db, 14),
    };
}

enum db_result
task_find(struct db *db, struct arena *a, const struct task_viewer *who, int64_t id,
          struct task *found)
{
    enum db_result r = db_one(db,
                              "SELECT " TASK_COLUMNS ", arguments, result "
                              "FROM tasks "
                              "WHERE id = ? AND (? OR owner_id = ?)",
                              db_int(id), db_int(who->all), db_int(who->user_id));

    if (r != DB_OK) {
        return r;
    }
    *found = task_read_row(db, a);
    found->arguments = db_get_text(db, 15, a);
    found->result = db_get_text(db, 16, a);
    return db_done(db);
}

/* Two statements, since only the second can use the index on owner_id. */
static enum db_result
task_run_list(struct db *db, const struct task_viewer *who, const struct task_filter *filter)
{
    struct db_value before = db_int(filter->before > 0 ? filter->before : INT64_MAX);
    struct db_value state = db_int(filter->state);
    struct db_value kind = db_text(filter->kind);
    struct db_value limit = db_int((int64_t)filter->limit);

    if (who->all) {
        return db_run(db,
                      "SELECT " TASK_COLUMNS " "
                      "FROM tasks "
                      "WHERE id < ? AND (? < 0 OR state = ?) AND (? IS NULL OR kind = ?) "
                      "ORDER BY id DESC "
                      "LIMIT ?",
                      before, state, state, kind, kind, limit);
    }
    return db_run(db,
                  "SELECT " TASK_COLUMNS " "
                  "FROM tasks "
                  "WHERE owner_id = ? AND id < ? AND (? < 0 OR state = ?) "
                  "AND (? IS NULL OR kind = ?) "
                  "ORDER BY id DESC "
                  "LIMIT ?",
                  db_int(who->user_id), before, state, state, kind, kind, limit);
}

enum db_result
task_list(struct db *db, struct arena *a, const struct task_viewer *who,
          const struct task_filter *filter, struct task *found, size_t *count)
{
    enum db_result r = task_run_list(db, who, filter);

    *count = 0;
    if (r != DB_OK) {
        return r;
    }
    while (*count < filter->limit && db_next(db)) {
        found[(*count)++] = task_read_row(db, a);
    }
    return db_done(db);
}

/* The result of an update of one task: DB_NONE or DB_CONFLICT if it changed no row. */
static enum db_result
task_change_result(struct db *db, enum db_result r, const struct task_viewer *who, int64_t id)
{
    if (r != DB_OK || db_affected(db) > 0) {
        return r;
    }
    r = db_one(db,
               "SELECT 1 "
               "FROM tasks "
               "WHERE id = ? AND (? OR owner_id = ?)",
               db_int(id), db_int(who->all), db_int(who->user_id));
    if (r != DB_OK) {
        return r;
    }
    r = db_done(db);
    return r == DB_OK ? DB_CONFLICT : r;
}

/* The context of a transaction that changes one task. */
struct task_change {
    struct arena *arena;
    const struct task_viewer *who;
    int64_t id;
    struct task *task; /* after the change; read before the commit, after which nothing may fail */
};

/* `ready` is assigned last: every server evaluates the other conditions with its old value. */
static enum db_result
task_cancel_row(struct db *db, const struct task_viewer *who, int64_t id)
{
    enum db_result r = db_run(db,
                              "UPDATE tasks "
                              "SET cancel_asked = 1, "
                              "state = IF(ready, ?, state), "
                              "ended_at = IF(ready, " DB_NOW ", 0), "
                              "until_at = IF(ready, " DB_NOW " + ?, until_at), "
                              "dedupe_key = IF(ready, " TASK_KEY_AFTER_END ", dedupe_key), "
                              "ready = 0 "
                              "WHERE id = ? AND (? OR owner_id = ?) AND (ready = 1 OR state = ?)",
                              db_int(TASK_CANCELLED), db_int(TASK_KEEP_MS), db_int(id),
                              db_int(who->all), db_int(who->user_id), db_int(TASK_RUNNING));

    return task_change_result(db, r, who, id);
}

static enum db_result
task_retry_row(struct db *db, const struct task_viewer *who, int64_t id)
{
    enum db_result r = db_run(
        db,
        "UPDATE tasks "
        "SET state = ?, ready = 1, run_at = " DB_NOW ", attempts = 0, progress = 0, "
        "cancel_asked = 0, error = NULL, ended_at = 0, until_at = 0, dedupe_key = work_key "
        "WHERE id = ? AND (? OR owner_id = ?) AND state IN (?, ?, ?)",
        db_int(TASK_QUEUED), db_int(id), db_int(who->all), db_int(who->user_id),
        db_int(TASK_FAILED), db_int(TASK_DEAD), db_int(TASK_CANCELLED));

    return task_change_result(db, r, who, id);
}

static enum db_result
task_find_changed(struct db *db, const struct task_change *c)
{
    return task_find(db, c->arena, c->who, c->id, c->task);
}

static enum db_result
task_cancel_body(struct db *db, void *context)
{
    const struct task_change *c = context;
    enum db_result r = task_cancel_row(db, c->who, c->id);

    return r == DB_OK ? task_find_changed(db, c) : r;
}

static enum db_result
task_retry_body(struct db *db, void *context)
{
    const struct task_change *c = context;
    enum db_result r = c->who->all ? DB_OK : task_lock_owner(db, c->who->user_id);

    if (r != DB_OK) {
        return r;
    }
    r = task_retry_row(db, c->who, c->id);
    if (r == DB_OK && !c->who->all) {
        r = task_limit_owner(db, c->who->user_id, c->who->unfinished_max);
    }
    return r == DB_OK ? task_find_changed(db, c) : r;
}

enum db_result
task_cancel(struct db *db, struct arena *a, const struct task_viewer *who, int64_t id,
            struct task *cancelled)
{
    struct task_change change = {.arena = a, .who = who, .id = id, .task = cancelled};

    return db_transaction(db, DB_ONCE, task_cancel_body, &change);
}

enum db_result
task_retry(struct db *db, struct arena *a, const struct task_viewer *who, int64_t id,
           struct task *queued)
{
    struct task_change change = {.arena = a, .who = who, .id = id, .task = queued};

    return db_transaction(db, DB_ONCE, task_retry_body, &change);
}

enum db_result
task_stats(struct db *db, struct arena *a, struct task_count *found, size_t size, size_t *count)
{
    enum db_result r = db_run_plain(
        db, "SELECT kind, state, COUNT(*), MAX(IF(ready, GREATEST(" DB_NOW " - run_at, 0), 0)) "
            "FROM tasks "
            "GROUP BY kind, state "
            "ORDER BY kind, state");
    struct task_count *at = NULL;

    *count = 0;
    if (r != DB_OK) {
        return r;
    }
    while (db_next(db)) {
        size_t len;
        const char *kind = db_peek(db, 0, &len);
        int64_t state = db_get_int(db, 1), waited = db_get_int(db, 3);

        if (at == NULL || strlen(at->kind) != len || memcmp(at->kind, kind, len) != 0) {
            if (*count == size) {
                break;
            }
            at = &found[(*count)++];
            *at = (struct task_count){.kind = arena_strndup(a, kind, len)};
        }
        if (state >= 0 && state < TASK_STATES) {
            at->states[state] = db_get_int(db, 2);
        }
        at->oldest_ms = waited > at->oldest_ms ? waited : at->oldest_ms;
    }
    return db_done(db);
}

enum db_result
task_purge(struct db *db, size_t limit, uint64_t *deleted)
{
    enum db_result r = db_run(db,
                              "DELETE FROM tasks "
                              "WHERE state IN (?, ?, ?) AND until_at < " DB_NOW " "
                              "LIMIT ?",
                              db_int(TASK_DONE), db_int(TASK_DEAD), db_int(TASK_CANCELLED),
                              db_int((int64_t)limit));

    *deleted = r == DB_OK ? db_affected(db) : 0;
    return r;
}

enum db_result
task_purge_state(struct db *db, enum task_state state, size_t limit, uint64_t *deleted)
{
    enum db_result r = db_run(db,
                              "DELETE FROM tasks "
                              "WHERE state = ? AND ended_at > 0 "
                              "AND (dedupe_key IS NULL OR until_at < " DB_NOW ") "
                              "LIMIT ?",
                              db_int(state), db_int((int64_t)limit));

    *deleted = r == DB_OK ? db_affected(db) : 0;
    return r;
}
