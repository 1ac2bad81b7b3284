/*
 * A process that runs one task for the runner, or several short ones in turn (shares_process in
 * routes/frame/task_kind.h): forked without exec, so that it costs a fraction of a millisecond.
 */
#ifndef FCGI_TASKS_CHILD_H
#define FCGI_TASKS_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "db/task_queue.h"
#include "fcgi/app.h"
#include "fcgi/tasks/batch.h"
#include "routes/frame/task_kind.h"

struct child {
    pid_t pid;
    int fd; /* the pipe that the task reports to; -1 after the last report was read */
    const struct task_kind *kind;
    struct batch batch;
    int64_t forked_us;

    /* The current task of the batch. */
    int64_t id, claim_token;
    int attempts, max_attempts;
    int64_t owner_id;

    int64_t started_us, ended_us; /* ended_us is set when the run is over */
    int64_t lease_until_us;       /* by clock_mono_us; a tenth of the lease early, for safety */
    int progress, stored_progress;
    struct buf inbox; /* reports; those before inbox_at were read */
    size_t inbox_at;
    enum task_report outcome; /* 0: none yet */
    struct buf text;          /* the result, or the error */

    bool is_doubted; /* the claim is no longer valid; the run may have ended the task itself */

    /* Why the child was killed, if it did not end by itself. */
    bool is_lost;      /* another runner may have the task */
    bool is_cancelled; /* the task was cancelled, at cancelled_us */
    int64_t cancelled_us;
    bool is_late;            /* the run took longer than its kind allows */
    bool protocol_violation; /* it sent a report that is malformed or too long */
    bool is_blameless;       /* the runner ends, or the process was killed for an earlier run */
};

/*
 * Starts a child for the tasks of a batch, all of one kind. False, with errno, if the system gives
 * no process. The child has no descriptors but 0 to 2 and its pipe, leads a process group of its
 * own, and dies with the runner. On success it owns the batch.
 */
bool child_start(struct child *c, const struct app *app, const struct task_kind *kind,
                 const struct batch *batch) __attribute__((nonnull, warn_unused_result));

/*
 * Reads what the child has reported so far. Returns true as soon as the current run is over and
 * the process has begun the next one: the caller stores the end of the run, calls child_next, and
 * reads on.
 */
bool child_read_reports(struct child *c) __attribute__((nonnull));
void child_next(struct child *c) __attribute__((nonnull));

/* Has its last task reported its outcome, so that only the process has to end? */
bool child_is_ending(const struct child *c) __attribute__((nonnull));

/* Kills the child and all processes that it has started. */
void child_kill(const struct child *c) __attribute__((nonnull));

/*
 * Decides how the current run ended, from its reports and the status of waitpid (0 if the process
 * has gone on to the next run). False if there is nothing to store: the run has stored its end
 * itself, or another runner may have the task. The texts in *end belong to the child, except the
 * error, which is written to `error` (TASK_ERROR_MAX bytes).
 */
bool child_end(struct child *c, int status, struct task_end *end, char *error)
    __attribute__((nonnull));

void child_free(struct child *c) __attribute__((nonnull));

#endif
