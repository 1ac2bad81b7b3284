/*
 * Four ways to run a number of tasks: one after the other, in threads, in an event loop, in
 * processes.
 */
#ifndef FCGI_LAB_MODES_H
#define FCGI_LAB_MODES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "routes/lab/lab.h"

enum lab_mode { LAB_SERIAL, LAB_THREADS, LAB_EVENT_LOOP, LAB_PROCESSES, LAB_MODES };
extern const char *const lab_mode_names[LAB_MODES];

/* The result of one task. */
struct lab_done {
    uint64_t sum; /* of its work: the same in every mode */
    int64_t took_us, cpu_us;
    bool good; /* it was done, and its request had a reply */
};

/* The tasks of one run, in memory that processes share. Made by lab_tasks_open. */
struct lab_tasks {
    atomic_int next;
    atomic_bool stopped;
    struct lab_done done[LAB_TASKS_MAX];
};

/* NULL with errno without memory. */
struct lab_tasks *lab_tasks_open(void) __attribute__((warn_unused_result));
void lab_tasks_close(struct lab_tasks *t);

struct lab_job {
    int tasks;              /* up to LAB_TASKS_MAX */
    int cpu;                /* units of work in each */
    bool asks;              /* each also sends a request, … */
    int wait_ms;            /* … whose reply comes after so long … */
    int port;               /* … from the endpoint (endpoint.h) */
    int threads, processes; /* the largest numbers in these modes */

    bool (*is_stopped)(void); /* whether to end */
    /* Called in serial mode after each task. */
    void (*on_task)(void *owner);
    void *owner;
};

/* The time of a run: elapsed, and of the processors. */
struct lab_time {
    int64_t us, cpu_us;
};

/*
 * Runs all tasks in a mode; afterwards `tasks` has their results. Returns false with errno if the
 * system gives no thread or process. Tasks that were left undone because the run was stopped are
 * not `good`. No other thread may run meanwhile.
 */
bool lab_run_mode(enum lab_mode mode, const struct lab_job *job, struct lab_tasks *tasks,
                  struct lab_time *time) __attribute__((nonnull, warn_unused_result));

#endif
