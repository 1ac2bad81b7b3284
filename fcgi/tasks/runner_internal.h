/* Shared by the files of the task runner. No other file includes this. */
#ifndef FCGI_TASKS_RUNNER_INTERNAL_H
#define FCGI_TASKS_RUNNER_INTERNAL_H

#include "fcgi/tasks/child.h"

#define SECOND_US INT64_C(1000000)

enum {
    KINDS_MAX = 32,
    SLOT_KEY_SIZE = 80,
    QUEUE_CHECK_MS = 1000, /* how often the queue is checked, and leases are renewed */
};

/* A kind of task, as the runner sees it. */
struct kind_state {
    const struct task_kind *kind;
    size_t running;
    bool may_be_due; /* the queue may hold a due task of this kind */
    int64_t mean_us; /* a run's share of its process's time, recently; 0 before the first */
    struct task_claim *backlog; /* claimed, and not begun; in the arena */
    size_t backlog_count;
    int64_t lease_until_us; /* of the backlog, by clock_mono_us; earlier than the database's */
    struct arena arena;
    char slot_key[SLOT_KEY_SIZE]; /* of the last recurring task that was enqueued (schedule.h) */
};

/* A run that is over, or a claimed task that is given back, until the database has stored that. */
struct completion {
    struct completion *next;
    struct task_end end; /* id 0: already stored by the run itself */
    struct buf text;     /* end.result points into it */
    char error[TASK_ERROR_MAX];
    const struct task_kind *kind; /* NULL for a task that was not run */
    int64_t id, owner_id;         /* owner_id 0: nobody is notified */
};

/* When each periodic job is due next, by clock_mono_us. */
struct runner_due {
    int64_t queue_check, lease_renewal, recovery, schedule, subscribe;
};

struct task_runner {
    const struct app *app;
    struct db *db;
    struct redis *redis;
    struct redis *subscription; /* receives what tasks_wake publishes */
    bool is_subscribed;
    struct arena arena; /* for one step */
    char name[100];     /* "host:pid" */
    int64_t lease_ms;
    struct runner_due due;
    int signals; /* a signalfd */
    bool once, draining;
    bool failed; /* with `once`: the queue could not be checked */
    int64_t drain_until_us;

    struct kind_state kinds[KINDS_MAX];
    size_t kind_count;
    size_t turn;            /* the kind whose turn is first */
    size_t slots;           /* children at once; beyond that a kind may still run its first one */
    struct child *children; /* room for the slots, one that ends, and one of each kind */
    size_t child_count;
    struct completion *completions, **completions_end;
    int64_t gather_until_us; /* until then the completions may wait for others */
    bool write_failed;       /* the last attempt to store completions */
};

/* --- claims.c: from the queue to running children */

/* Checks which kinds have waiting tasks. */
void claims_check_queue(struct task_runner *r) __attribute__((nonnull));

/* Claims and starts tasks, kind by kind in turn, until the slots are full or nothing is due. */
void claims_run(struct task_runner *r) __attribute__((nonnull));

/* Starts what has been claimed already, as far as there are slots. */
void claims_start(struct task_runner *r) __attribute__((nonnull));

/* Gives back what has been claimed and does not run. */
void claims_give_back(struct task_runner *r) __attribute__((nonnull));

/* Gives back one claimed task as if it had not run. */
void claim_give_back(struct task_runner *r, const struct task_claim *task) __attribute__((nonnull));

/* --- children.c: what happens to running children */

/* Renews leases, stores progress, and asks children to end whose task was cancelled. */
void children_renew(struct task_runner *r, int64_t now) __attribute__((nonnull));

/* Gives back the tasks that children have not begun. */
void children_take_back(struct task_runner *r) __attribute__((nonnull));

/* Kills children whose time is over. */
void children_check_limits(struct task_runner *r, int64_t now) __attribute__((nonnull));

/* Reads what children have reported, and reaps those that have ended. */
void children_collect(struct task_runner *r) __attribute__((nonnull));

/* --- completions.c: what is to be stored */

/* Adds the child's current run, which is over; takes over what it has reported. */
void completions_add(struct task_runner *r, struct child *c, int status) __attribute__((nonnull));

/* Adds a claimed task that is not run: it is given back, or refused with an error. */
void completions_add_unrun(struct task_runner *r, const struct task_claim *task,
                           const struct task_end *end) __attribute__((nonnull));

/*
 * Do the completions wait for those of tasks that run, so that a commit stores several? Only for
 * some milliseconds.
 */
bool completions_are_gathered(const struct task_runner *r, int64_t now) __attribute__((nonnull));

/*
 * Stores all completions in one transaction. Returns true if none is left; what could not be stored
 * is kept for the next call.
 */
bool completions_write(struct task_runner *r) __attribute__((nonnull));

/* Drops what could not be stored: the leases end, and other runners run those tasks again. */
void completions_free(struct task_runner *r) __attribute__((nonnull));

#endif
