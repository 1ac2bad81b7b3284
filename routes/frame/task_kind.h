/*
 * Kinds of background tasks, as rows. `fastchat tasks` runs each task in a child process of its
 * own, so that neither a crash nor a runaway task affects others. Short tasks may share one.
 */
#ifndef ROUTES_FRAME_TASK_KIND_H
#define ROUTES_FRAME_TASK_KIND_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/settings.h"
#include "db/mysql/db.h"

#include "db/redis/redis.h"

/* One run of a task, in its process. */
struct task_run {
    const struct settings *settings;
    struct arena *arena;
    struct db *db;
    struct redis *redis;
    int64_t id, owner_id, claim_token;
    int attempt;           /* 1 for the first */
    const char *arguments; /* JSON */
    int report;            /* the pipe to the runner */
};

/*
 * How a run ended. A run that went wrong is repeated, up to the task's attempts; a refused task is
 * not, since it can never succeed.
 */
enum task_outcome { TASK_WENT_WELL, TASK_WENT_WRONG, TASK_IS_REFUSED, TASK_WAS_STOPPED };

enum task_recurrence { NOT_RECURRING, HOURLY, DAILY };

struct task_kind {
    const char *name; /* "clean_up.sessions" */
    /*
     * Runs the task. Returns the value of task_result, task_wrong, task_refuse, task_stopped or
     * task_commit, which has sent the outcome to the runner.
     */
    enum task_outcome (*work)(struct task_run *run);
    int limit_seconds; /* a run that takes longer is killed */
    int max_attempts;
    int priority; /* lower is sooner */
    enum task_recurrence every;
    int at_minute; /* of the hour; if DAILY, of the day in APP_TIMEZONE */
    /*
     * Tasks of this kind may run one after another in one process, which saves most of the cost of
     * a run of microseconds. Set it only if the work leaves nothing behind in its process: no
     * descriptors, threads, processes, signal handlers, changed directory or limits, and no memory
     * outside the arena. A task shares only in its first attempt, so one that kills its process
     * runs in a process of its own afterwards. Such a kind needs more than one attempt: if the
     * runner itself is killed, all that it has claimed counts as run once.
     */
    bool shares_process;
};

/* The arguments; absent if they are not JSON, as in a row that somebody edited by hand. */
struct json_value task_arguments(const struct task_run *run) __attribute__((nonnull));

/*
 * The run went well. The result is JSON, NULL for none; one of more than TASK_RESULT_MAX bytes is
 * refused.
 */
enum task_outcome task_result(struct task_run *run, const struct buf *json)
    __attribute__((nonnull(1)));

/* The run failed, or the task is refused; the text is the reason. */
enum task_outcome task_wrong(struct task_run *run, const char *format, ...)
    __attribute__((nonnull(1, 2), format(printf, 2, 3)));
enum task_outcome task_refuse(struct task_run *run, const char *format, ...)
    __attribute__((nonnull(1, 2), format(printf, 2, 3)));

/* The run ends because it was cancelled. */
enum task_outcome task_stopped(struct task_run *run) __attribute__((nonnull));

/*
 * Runs `body` and ends the task in one transaction: its changes to the database are made once,
 * however often the task is run. The run went wrong if the database is away, or if another run has
 * claimed the task.
 */
enum task_outcome task_commit(struct task_run *run, const struct buf *json, db_body *body,
                              void *context) __attribute__((nonnull(1, 3)));

/* Reports progress in percent. Cheap: the runner stores it at most once a second. */
void task_progress(struct task_run *run, int percent) __attribute__((nonnull));

/* Has somebody cancelled the task? Long work checks this often. */
bool task_is_cancelled(void);

/*
 * Makes task_is_cancelled follow TASK_CANCEL_SIGNAL. Called in the child before the work begins.
 * The signal is not SIGTERM, which supervisors send to every process they find.
 */
#define TASK_CANCEL_SIGNAL SIGUSR1
void task_catch_cancel(void);

/* Reports that this run is over, and that another one begins in the same process. */
void task_report_next(const struct task_run *run) __attribute__((nonnull));

/*
 * A run writes to `report` a head, then `len` bytes. In native byte order: both ends are one
 * program.
 */
enum task_report {
    REPORT_PROGRESS = 'p', /* one byte: percent */
    REPORT_RESULT = 'r',
    REPORT_WRONG = 'w',
    REPORT_REFUSED = 'x',
    REPORT_STOPPED = 's',
    REPORT_COMMITTED = 'c', /* the run has stored its result itself */
    REPORT_NEXT = 'n', /* the run is over, and the process's next one begins: struct report_next */
};
struct report_next {
    int64_t at_us; /* by clock_mono_us */
};
struct report_head {
    uint32_t type, len;
};

#endif
