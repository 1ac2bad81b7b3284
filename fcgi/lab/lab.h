/*
 * The essay's experiment on this machine: the same tasks in four process shapes, for computing, for
 * waiting, and for both; and the conclusions from the figures.
 */
#ifndef FCGI_LAB_LAB_H
#define FCGI_LAB_LAB_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/settings.h"
#include "fcgi/lab/modes.h"

enum lab_work { LAB_MIXED, LAB_CPU, LAB_WAIT, LAB_WORKS };
extern const char *const lab_work_names[LAB_WORKS];

struct lab_settings {
    int tasks, cpu, wait_ms, repeat;
    int threads, processes; /* 0: one per task, one per core */
    bool traps;             /* also measure the traps */
};

/* The essay's numbers: twenty tasks of 890 ms. */
#define LAB_USUAL                                                                                  \
    ((struct lab_settings){.tasks = 20, .cpu = 20, .wait_ms = 890, .repeat = 1, .traps = true})

/* A figure over all repeats. */
struct lab_spread {
    double median, least, most;
};

/* One work in one mode. */
struct lab_figure {
    struct lab_spread ms;
    double cpu_ms;
    bool same_work; /* every task had the result of serial mode, and a reply */
};

struct lab_measured {
    struct lab_figure modes[LAB_MODES];
    double slowest_ms; /* the slowest task alone */
    double cpu_ms;     /* what all tasks compute */
    /* No shape can be faster: the slowest task, or cpu_ms over the cores if that is more. */
    double limit_ms;
    enum lab_mode take;
};

struct lab_traps {
    /* Requests at an even pace while one handler blocks. */
    int block_ms, requests, pool_threads;
    double loop_p50_ms, loop_max_ms, pool_p50_ms, pool_max_ms;
    /* One request more than a pool has threads, and all of them wait. */
    int full_threads, full_requests, full_wait_ms;
    double full_first_ms, full_last_ms, full_loop_last_ms;
};

struct lab_result {
    struct lab_settings settings; /* with the numbers of threads and processes that were used */
    int cores;
    int64_t at; /* milliseconds since 1970 */
    struct lab_measured works[LAB_WORKS];
    struct lab_traps traps; /* if settings.traps */
};

/* Receives the progress. */
struct lab_watcher {
    bool (*is_stopped)(void);                                       /* whether to end */
    void (*on_progress)(void *owner, int percent, const char *now); /* `now`: what begins */
    void *owner;
};

/* The estimated duration, in seconds. */
double lab_seconds(const struct lab_settings *s) __attribute__((nonnull));

/*
 * Runs the experiment. Returns NULL, or why it failed as a phrase, or "stopped"; a mode that did
 * other work is marked in its figure. The process must have no other thread. `settings` are for the
 * traps, which copy the event loop and a pool.
 */
const char *lab_run(const struct settings *settings, const struct lab_settings *s,
                    const struct lab_watcher *watcher, struct lab_result *result)
    __attribute__((nonnull, warn_unused_result));
extern const char lab_stopped[];

/* Whether every mode did the same work. */
bool lab_all_same(const struct lab_result *r) __attribute__((nonnull));

/* Write the result as JSON; as the essay's table with its conclusions. */
void lab_write_json(const struct lab_result *r, struct buf *out) __attribute__((nonnull));
void lab_print(const struct lab_result *r, FILE *out) __attribute__((nonnull));

/* Appends why that shape suits this work, in the language. */
void lab_explain(const struct lab_result *r, enum lab_work w, bool chinese, struct buf *out)
    __attribute__((nonnull));
const char *lab_rule(bool chinese) __attribute__((returns_nonnull));

#endif
