/* The four ways to get a number of tasks done: one after the other, in threads, in an event loop, in processes. */
#ifndef FCGI_LAB_MODES_H
#define FCGI_LAB_MODES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "routes/lab/lab.h"

enum lab_mode { LAB_SERIAL, LAB_THREADS, LAB_EVENT_LOOP, LAB_PROCESSES, LAB_MODES };
extern const char *const lab_mode_names[LAB_MODES];

/* What one task has come to. */
struct lab_done {
    uint64_t sum; /* of its work: the same in every mode */
    int64_t took_us, cpu_us;
    bool good; /* it was done, and its request answered */
};

/* The tasks of one run, in memory that processes share. Made by lab_tasks_open. */
struct lab_tasks {
    atomic_int next;
    atomic_bool stopped;
    struct lab_done done[LAB_TASKS_MAX];
};

/* NULL, with errno, where the system gives no memory. */
struct lab_tasks *lab_tasks_open(void) __attribute__((warn_unused_result));
void lab_tasks_close(struct lab_tasks *t);

struct lab_job {
    int tasks;              /* up to LAB_TASKS_MAX */
    int cpu;                /* units of work of each */
    bool asks;              /* each also makes a request, which is answered … */
    int wait_ms;            /* … after so long … */
    int port;               /* … at the endpoint (endpoint.h) */
    int threads, processes; /* how many there are in these modes, at most */

    bool (*is_stopped)(void); /* is all of it to end? */
    /* In serial mode, after each task. */
    void (*told)(void *owner);
    void *owner;
};

/* What a run took: by the clock, and of the processors. */
struct lab_time {
    int64_t us, cpu_us;
};

/*
 * Do all tasks in that mode; `tasks` says then what each has come to. False, with errno, where the mode cannot be had (no
 * thread, no process); what was left undone because it was stopped is only not `good`. No other thread may run meanwhile.
 */
bool lab_run_mode(enum lab_mode mode, const struct lab_job *job, struct lab_tasks *tasks,
                  struct lab_time *time) __attribute__((nonnull, warn_unused_result));

#endif
