/* The four ways to run a number of tasks: serially, in threads, in an event loop, in processes. */
#ifndef FCGI_LAB_MODES_H
#define FCGI_LAB_MODES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "routes/lab/lab.h"

enum lab_mode { LAB_SERIAL, LAB_THREADS, LAB_EVENT_LOOP, LAB_PROCESSES, LAB_MODES };
extern const char *const lab_mode_names[LAB_MODES];

/* The outcome of one task. */
struct lab_done {
    uint64_t sum; /* its result: the same in every mode */
    int64_t took_us, cpu_us;
    bool good; /* it ran, and its request got the expected reply */
};

/* The tasks of one run, in memory that processes share. Made by lab_tasks_open. */
struct lab_tasks {
    atomic_int next;
    atomic_bool stopped;
    struct lab_done done[LAB_TASKS_MAX];
};

/* Returns NULL, with errno, if the system has no memory. */
struct lab_tasks *lab_tasks_open(void) __attribute__((warn_unused_result));
void lab_tasks_close(struct lab_tasks *t);

struct lab_job {
    int tasks;              /* up to LAB_TASKS_MAX */
    int cpu;                /* units of work in each */
    bool requests;          /* each also makes a request … */
    int wait_ms;            /* … that is answered after so long … */
    int port;               /* … by the endpoint (endpoint.h) */
    int threads, processes; /* at most, in these modes */

    bool (*is_stopped)(void); /* returns true to end the run */
    /* In serial mode, after each task. */
    void (*task_done)(void *context);
    void *context;
};

/* The duration of a run, and its CPU time. */
struct lab_time {
    int64_t us, cpu_us;
};

/*
 * Runs all tasks in that mode and stores the outcome of each in `tasks`. Returns false, with errno,
 * if a thread or process cannot be started. Tasks that did not run because is_stopped ended the run
 * are not `good`. No other thread may run meanwhile.
 */
bool lab_run_mode(enum lab_mode mode, const struct lab_job *job, struct lab_tasks *tasks,
                  struct lab_time *time) __attribute__((nonnull, warn_unused_result));

#endif
