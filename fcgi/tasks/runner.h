/* What the files of the task runner share: tasks.c, its loop, and ends.c, what it writes down. Nobody else includes this. */
#ifndef FCGI_TASKS_RUNNER_H
#define FCGI_TASKS_RUNNER_H

#include "fcgi/tasks/child.h"

enum {
    KINDS_MAX = 32,
    SLOT_SIZE = 80, /* of a recurring task's key */
};

/* A task that is ours and does not run yet. */
struct waiting_task {
    struct task_claim task;
    int64_t held_until_us;
};

/* What the runner knows of a kind. */
struct kind_state {
    const struct task_kind *kind;
    size_t running;
    bool is_due;     /* there may be more in the queue */
    int64_t mean_us; /* of the last runs */
    struct waiting_task backlog[TASK_CLAIM_MAX];
    size_t first, count;
    struct arena arena;   /* the arguments of the backlog */
    char slot[SLOT_SIZE]; /* the key of the last recurring task that was enqueued */
};

/* A run that is over and has to be written down. */
struct ended {
    struct ended *next;
    struct task_end end;
    struct buf words;
    char error[TASK_ERROR_MAX];
    const struct task_kind *kind; /* NULL: one that was not run */
    int64_t id, owner_id;
};

struct runner {
    const struct app *app;
    struct db *db;
    struct redis *redis, *ears; /* ears: hears that there is something to do */
    struct arena arena;
    char name[100];
    struct kind_state kinds[KINDS_MAX];
    size_t kind_count, turn; /* turn: the kind that is asked first */
    size_t slots;            /* processes at once, beyond which each kind may have one */
    struct child *children;
    size_t child_count;
    struct ended *ended, **ended_end;
    int64_t lease_ms;
};

/* Write down what is over, in one transaction. What cannot be written now is kept for the next call; true where nothing is left. */
bool ends_write(struct runner *r) __attribute__((nonnull));

/* Let go of what could not be written down: its leases end, and others run it again. */
void ends_free(struct runner *r) __attribute__((nonnull));

/* A run is over: take over what it reported. */
void ends_add(struct runner *r, struct child *c, int status) __attribute__((nonnull));

/* A task that was claimed is not run: given back, or refused with an error. */
void ends_add_unrun(struct runner *r, const struct task_claim *task, const struct task_end *end)
    __attribute__((nonnull));

#endif
