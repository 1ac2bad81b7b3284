/*
 * Durable tasks: work that is longer than a request. A task is a row; it is enqueued in the transaction of what caused it, and run by
 * `fastchat tasks` (task_queue.h) at least once, and ended once. All times are the database's, so hosts whose clocks differ agree.
 */
#ifndef DB_TASKS_H
#define DB_TASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/mysql/db.h"
#include "db/redis/redis.h"

enum task_state {
    TASK_QUEUED,
    TASK_RUNNING,
    TASK_DONE,
    TASK_FAILED, /* its last run went wrong; it is run again */
    TASK_DEAD,   /* it is not run again, unless somebody says so */
    TASK_CANCELLED,
    TASK_STATES,
};
extern const char *const task_state_names[]; /* ends with NULL */

enum {
    TASK_RESULT_MAX = 1024 * 1024, /* bytes of a result */
    TASK_ERROR_MAX = 2000,         /* bytes of an error that are kept */
};

struct task_new {
    const char *kind;
    int64_t owner_id;      /* 0: the system's own */
    const char *arguments; /* JSON */
    int priority;          /* lower is sooner; 0 is usual */
    int64_t delay_ms;      /* not before */
    int max_attempts;
    /* NULL: none. Else the one task of that key until it ends; one that begins with '@' keeps its key until it is deleted. */
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
 * Put a task in the queue, inside the caller's transaction or alone; *id is its number. DB_EXISTS where one with the dedupe key is
 * there already: *id is that one's. Once it is committed, tasks_wake.
 */
enum db_result task_enqueue(struct db *db, const struct task_new *t, int64_t *id)
    __attribute__((nonnull, warn_unused_result));

/* Tell runners that sleep that there is something to do. Without Redis they look by themselves each second. */
void tasks_wake(struct redis *redis) __attribute__((nonnull));
enum { TASKS_CHANNEL_SIZE = 32 };
void tasks_channel(const struct redis *redis, char channel[static TASKS_CHANNEL_SIZE]);

/* Whose tasks are meant: a user's, or with `all` everybody's. */
struct task_viewer {
    int64_t user_id;
    bool all;
};

/* One task; its texts are in the arena. DB_NONE where there is none, or it is another's. */
enum db_result task_find(struct db *db, struct arena *a, const struct task_viewer *who, int64_t id,
                         struct task *found) __attribute__((nonnull, warn_unused_result));

struct task_filter {
    int64_t before;   /* a number; 0: from the newest on */
    int state;        /* -1: any */
    const char *kind; /* NULL: any */
    size_t limit;
};

/* The newest tasks, without their arguments and results. `found` has room for filter->limit. */
enum db_result task_list(struct db *db, struct arena *a, const struct task_viewer *who,
                         const struct task_filter *filter, struct task *found, size_t *count)
    __attribute__((nonnull, warn_unused_result));

/*
 * Cancel: one that is waiting is cancelled at once, one that runs is told. DB_NONE; DB_CONFLICT where it has ended.
 * Retry: one that is waiting to be tried again, dead or cancelled is queued for now, its attempts counted anew. DB_NONE; DB_CONFLICT.
 * The last argument is the task as it is then, its texts in the arena.
 */
enum db_result task_cancel(struct db *db, struct arena *a, const struct task_viewer *who,
                           int64_t id, struct task *cancelled)
    __attribute__((nonnull, warn_unused_result));
enum db_result task_retry(struct db *db, struct arena *a, const struct task_viewer *who, int64_t id,
                          struct task *queued) __attribute__((nonnull, warn_unused_result));

struct task_count {
    const char *kind;
    int64_t states[TASK_STATES];
    int64_t oldest_ms; /* for how long the oldest one that could run has waited */
};

/* How many there are of each kind. `found` has room for `size`; kinds beyond that are left out. */
enum db_result task_stats(struct db *db, struct arena *a, struct task_count *found, size_t size,
                          size_t *count) __attribute__((nonnull, warn_unused_result));

/*
 * Delete tasks that ended so long ago that nobody asks any more (7 days; dead ones 30), at most `limit`; *deleted says how many.
 * task_purge_state: those of one state of an end, however short ago, but for those that keep their key: it says that they were there.
 */
enum db_result task_purge(struct db *db, size_t limit, uint64_t *deleted)
    __attribute__((nonnull, warn_unused_result));
enum db_result task_purge_state(struct db *db, enum task_state state, size_t limit,
                                uint64_t *deleted) __attribute__((nonnull, warn_unused_result));

#endif
