/*
 * Durable tasks: work that outlives a request. A task is a row. It is enqueued in the transaction
 * of what caused it, run at least once by `fastchat tasks` (db/task_queue.h), and ended exactly
 * once. All times are the database's, so hosts whose clocks differ agree.
 */
#ifndef DB_TASKS_H
#define DB_TASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vocabulary.h"
#include "db/caller.h"
#include "db/mysql/db.h"
#include "db/redis/redis.h"

/*
 * The states of a task (base/vocabulary.h). failed: the last run went wrong, and the task is run
 * again; dead: it is not, unless somebody retries it.
 */
#define TASK_STATE_LIST(WORD)                                                                      \
    WORD(TASK_QUEUED, "queued")                                                                    \
    WORD(TASK_RUNNING, "running")                                                                  \
    WORD(TASK_DONE, "done")                                                                        \
    WORD(TASK_FAILED, "failed")                                                                    \
    WORD(TASK_DEAD, "dead")                                                                        \
    WORD(TASK_CANCELLED, "cancelled")
enum task_state { TASK_STATE_LIST(VOCABULARY_CONSTANT) TASK_STATES }; /* TASK_STATES: how many */
extern const char *const task_state_words[];                          /* ends with NULL */

enum {
    TASK_RESULT_MAX = 1024 * 1024, /* bytes of a result */
    TASK_ERROR_MAX = 2000,         /* bytes of an error that are stored */
};

struct task_new {
    const char *kind;
    int64_t owner_id;      /* 0: the server's own */
    const char *arguments; /* JSON */
    int priority;          /* lower is sooner; usually 0 */
    int64_t delay_ms;      /* before the first run */
    int max_attempts;
    /*
     * At most one task has this key until it ends; NULL for no key. A key that begins with '@'
     * stays taken until the task is deleted.
     */
    const char *dedupe_key;
};

struct task {
    int64_t id, owner_id;
    const char *kind;
    int state, cancel_asked;
    int64_t priority, attempts, max_attempts, progress;
    const char *runner;                               /* "" before the first run */
    const char *arguments, *error;                    /* error: NULL for none */
    const char *result;                               /* JSON; NULL for none */
    int64_t created_at, run_at, started_at, ended_at; /* milliseconds since 1970; 0: not yet */
};

/*
 * Adds a task to the queue, inside the caller's transaction or alone; *id is its number. DB_EXISTS
 * if another task has the dedupe key: *id is that one's. After the commit, call tasks_wake.
 */
enum db_result task_enqueue(struct db *db, const struct task_new *t, int64_t *id)
    __attribute__((nonnull, warn_unused_result));

enum { TASKS_KEPT = 500 /* ended tasks of one user */ };

/*
 * The same in a transaction of its own, with the caller as the owner. DB_FORBIDDEN if the caller
 * would have more than `unfinished_max` tasks that have not ended (0: any number may). Of the ended
 * ones only the newest TASKS_KEPT stay.
 */
enum db_result task_enqueue_for_caller(struct caller *caller, const struct task_new *t,
                                       int unfinished_max, int64_t *id)
    __attribute__((nonnull, warn_unused_result));

/* Wakes idle runners. Without Redis they check the queue every second. */
void tasks_wake(struct redis *redis) __attribute__((nonnull));

/* The Redis channel on which tasks_wake publishes. */
enum { TASKS_CHANNEL_SIZE = 32 };
void tasks_channel(const struct redis *redis, char channel[static TASKS_CHANNEL_SIZE]);

/* Whose tasks are meant: one user's, or everybody's if `all`. */
struct task_viewer {
    int64_t user_id;
    bool all;
    int unfinished_max; /* tasks of the user that a retry may leave unfinished; 0: any number */
};

/*
 * Finds one task; its texts are in the arena. DB_NONE if there is none, or if it is another user's.
 */
enum db_result task_find(struct db *db, struct arena *a, const struct task_viewer *who, int64_t id,
                         struct task *found) __attribute__((nonnull, warn_unused_result));

struct task_filter {
    int64_t before;   /* only ids below this one; 0: from the newest */
    int state;        /* -1: any */
    const char *kind; /* NULL: any */
    size_t limit;
};

/* The newest tasks, without their arguments and results. `found` has room for filter->limit. */
enum db_result task_list(struct db *db, struct arena *a, const struct task_viewer *who,
                         const struct task_filter *filter, struct task *found, size_t *count)
    __attribute__((nonnull, warn_unused_result));

/*
 * task_cancel: a waiting task is cancelled at once, a running one is asked to end. task_retry: a
 * failed, dead or cancelled task is queued to run now, with its attempts counted from 0; DB_EXISTS
 * if another unfinished task has its dedupe key, DB_FORBIDDEN if the user has too many unfinished
 * tasks. Both return DB_NONE as task_find does, and DB_CONFLICT if the task is in another state.
 * The last argument receives the task after the change, its texts in the arena.
 */
enum db_result task_cancel(struct db *db, struct arena *a, const struct task_viewer *who,
                           int64_t id, struct task *cancelled)
    __attribute__((nonnull, warn_unused_result));
enum db_result task_retry(struct db *db, struct arena *a, const struct task_viewer *who, int64_t id,
                          struct task *queued) __attribute__((nonnull, warn_unused_result));

struct task_count {
    const char *kind;
    int64_t states[TASK_STATES];
    int64_t oldest_ms; /* how long the longest waiting task has been due */
};

/* Counts the tasks of each kind. `found` has room for `size` kinds; further ones are left out. */
enum db_result task_stats(struct db *db, struct arena *a, struct task_count *found, size_t size,
                          size_t *count) __attribute__((nonnull, warn_unused_result));

/*
 * Deletes up to `limit` ended tasks whose time is over: 7 days after the end, 30 days for dead
 * ones. *deleted is how many.
 */
enum db_result task_purge(struct db *db, size_t limit, uint64_t *deleted)
    __attribute__((nonnull, warn_unused_result));

/*
 * Deletes up to `limit` tasks that ended in `state`, however recently. Tasks that keep their key
 * stay until their time is over: the key is the proof that they were run.
 */
enum db_result task_purge_state(struct db *db, enum task_state state, size_t limit,
                                uint64_t *deleted) __attribute__((nonnull, warn_unused_result));

#endif
