/*
 * The tasks of one child: usually one, several if they share the process. The process begins one
 * after another; the runner may take back those that it has not begun. Both have a copy of this
 * struct, and share `begun`.
 */
#ifndef FCGI_TASKS_BATCH_H
#define FCGI_TASKS_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/task_queue.h"

struct batch {
    struct task_claim *tasks;
    size_t count;
    size_t current;         /* the one that runs; for the runner: as far as it has read reports */
    int64_t lease_until_us; /* of all, by clock_mono_us; a tenth of the lease early, for safety */
    int64_t begin_until_us; /* after that, the process begins no further task */
    _Atomic size_t *begun;  /* how many the process has begun; NULL for one task */
};

/* Copies the tasks; their arguments stay where they are. False, with errno, without memory. */
bool batch_open(struct batch *b, const struct task_claim *tasks, size_t count)
    __attribute__((nonnull, warn_unused_result));
void batch_close(struct batch *b) __attribute__((nonnull));

/* Do tasks follow the current one? */
bool batch_has_more(const struct batch *b) __attribute__((nonnull));

/* In the process: makes the next task the current one. False if it must not begin another one. */
bool batch_begin_next(struct batch *b) __attribute__((nonnull));

/*
 * In the runner: removes the tasks that the process has not begun, and now never begins. Returns
 * how many; they are at tasks[count].
 */
size_t batch_take_back(struct batch *b) __attribute__((nonnull));

#endif
