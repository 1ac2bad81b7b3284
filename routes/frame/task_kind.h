/*
 * Kinds of background work, as rows: BACKGROUND is the fourth process shape, run by `fastchat
 * tasks` in a child process of its own, so that a crash or a runaway takes nobody along.
 */
#ifndef ROUTES_FRAME_TASK_KIND_H
#define ROUTES_FRAME_TASK_KIND_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/settings.h"
#include "db/mysql/db.h"
#include "db/names.h"
#include "db/redis/redis.h"

/* One run of a task, in its process. */
struct task_run {
    const struct settings *settings;
    struct arena *arena;
    struct db *db;
    struct redis *redis;
    struct names *names;
    int64_t id, owner_id, claim_token;
    int attempt; /* 1 for the first */
    const char *arguments;
    int report; /* where the runner listens */
};

/*
 * How it went. What went wrong is tried again, up to the task's attempts; what is refused never can
 * go well.
 */
enum task_outcome { TASK_WENT_WELL, TASK_WENT_WRONG, TASK_IS_REFUSED, TASK_WAS_STOPPED };

enum task_every { NOT_BY_ITSELF, HOURLY, DAILY };

struct task_kind {
    const char *name; /* "sessions.clean_up" */
    /*
     * What it returns has been reported: by task_result, task_wrong, task_refuse, task_stopped or
     * task_commit.
     */
    enum task_outcome (*work)(struct task_run *run);
    int limit_seconds; /* a run that takes longer is killed */
    int max_attempts;
    int priority; /* lower is sooner */
    enum task_every every;
    int at_minute; /* of the hour, or with DAILY of the day in APP_TIMEZONE */
};

/*
 * The run ends well; its result is JSON, at most TASK_RESULT_MAX bytes: beyond that it is refused.
 * NULL for none.
 */
enum task_outcome task_result(struct task_run *run, const struct buf *json)
    __attribute__((nonnull(1)));

/* It went wrong, or never can go well; in words. */
enum task_outcome task_wrong(struct task_run *run, const char *format, ...)
    __attribute__((nonnull(1, 2), format(printf, 2, 3)));
enum task_outcome task_refuse(struct task_run *run, const char *format, ...)
    __attribute__((nonnull(1, 2), format(printf, 2, 3)));

/* It ends because it is cancelled. */
enum task_outcome task_stopped(struct task_run *run) __attribute__((nonnull));

/*
 * `body` and the task's end in one transaction: what it changes in the database happens once,
 * however often the task is run. Went wrong where the database is away, or the task is not this
 * run's any more.
 */
enum task_outcome task_commit(struct task_run *run, const struct buf *json, db_body *body,
                              void *context) __attribute__((nonnull(1, 3)));

/* How far it is, in percent. Cheap: the runner writes it down at most once a second. */
void task_progress(struct task_run *run, int percent) __attribute__((nonnull));

/* Does somebody want it to end? Work that takes long asks often. */
bool task_is_cancelled(void);

/*
 * In the child, before the work: be told of that by this signal; SIGTERM, which supervisors send to
 * all they find, is not for it.
 */
#define TASK_CANCEL_SIGNAL SIGUSR1
void task_listen(void);

/*
 * What runs write to `report`: a head, and `len` bytes behind it. Native: both ends are one
 * program.
 */
enum task_report {
    REPORT_PROGRESS = 'p', /* one byte: percent */
    REPORT_RESULT = 'r',
    REPORT_WRONG = 'w',
    REPORT_REFUSED = 'x',
    REPORT_STOPPED = 's',
    REPORT_COMMITTED = 'c', /* ended, and written down by the run itself */
};
struct report_head {
    uint32_t type, len;
};

#endif
