/* A process that runs one task for the runner (tasks.h): forked without exec, so that it costs a fraction of a millisecond. */
#ifndef FCGI_TASKS_CHILD_H
#define FCGI_TASKS_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "db/task_queue.h"
#include "fcgi/app.h"
#include "routes/frame/task_kind.h"

struct child {
    pid_t pid;
    int fd; /* what the task reports; -1 when all of it was read */
    const struct task_kind *kind;
    int64_t id, claim_token;
    int attempts, max_attempts;
    int64_t owner_id;

    int64_t started_us;
    int64_t held_until_us;    /* the lease, by our own clock and a little less */
    int progress, told;       /* as reported, and as written down */
    struct buf inbox;         /* bytes of a report that is not whole yet */
    enum task_report outcome; /* 0: none yet */
    struct buf words;         /* the result, or the error */

    /* Why it was ended, if it was not by itself. */
    bool is_doubted;   /* not yet: the task is not ours any more, unless the run has ended it */
    bool is_lost;      /* the task is not ours any more */
    bool is_cancelled; /* it was asked to end, at cancelled_us */
    int64_t cancelled_us;
    bool is_late;    /* it took longer than its kind may */
    bool is_wild;    /* it reported what no task reports */
    bool is_drained; /* we end, and it did not in time */
};

/*
 * Start one. False where the system gives no process: errno says why. All descriptors but 0 to 2 are closed in it, it is
 * the leader of a process group of its own, and ends with the runner.
 */
bool child_start(struct child *c, const struct app *app, const struct task_kind *kind,
                 const struct task_claim *task) __attribute__((nonnull, warn_unused_result));

/* Take in what it has reported so far. */
void child_listen(struct child *c) __attribute__((nonnull));

/* End it and all that it started, now. */
void child_kill(const struct child *c) __attribute__((nonnull));

/*
 * How its run ended, by what it reported and the status of waitpid. False where there is nothing to write down: it did so
 * itself, or the task is another's. The texts belong to the child. `error` has room for TASK_ERROR_MAX.
 */
bool child_end(struct child *c, int status, struct task_end *end, char *error)
    __attribute__((nonnull));

void child_free(struct child *c) __attribute__((nonnull));

#endif
