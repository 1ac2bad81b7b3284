/*
 * The experiment of the course's essay, on this machine: the same tasks in four shapes, for work
 * that computes, work that waits, and work that does both; and a recommendation for each.
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
    int threads, processes; /* 0: one a task, one a core */
    bool traps;             /* measure them, too */
};

/* The essay's: twenty tasks of 890 ms. */
#define LAB_USUAL                                                                                  \
    {                                                                                              \
        .tasks = 20, .cpu = 20, .wait_ms = 890, .repeat = 1, .traps = true                         \
    }

/* A figure's distribution over the repeats. */
struct lab_spread {
    double median, least, most;
};

/* One kind of work in one mode. */
struct lab_figure {
    struct lab_spread ms;
    double cpu_ms;
    bool same_work; /* each task had its result of serial mode, and its reply */
};

struct lab_measured {
    struct lab_figure modes[LAB_MODES];
    double slowest_ms; /* the slowest task alone */
    double cpu_ms;     /* CPU time of all tasks */
    double limit_ms;   /* no shape can be faster: max(slowest_ms, cpu_ms / cores) */
    enum lab_mode recommended;
};

struct lab_traps {
    /* Requests at an even pace while one handler blocks. */
    int block_ms, requests, pool_threads;
    double loop_p50_ms, loop_max_ms, pool_p50_ms, pool_max_ms;
    /* One request more than the pool has threads; all of them wait. */
    int full_threads, full_requests, full_wait_ms;
    double full_first_ms, full_last_ms, full_loop_last_ms;
};

struct lab_result {
    struct lab_settings settings; /* with the numbers of threads and processes used */
    int cores;
    int64_t at; /* milliseconds since 1970 */
    struct lab_measured works[LAB_WORKS];
    struct lab_traps traps; /* only if settings.traps */
};

/* How a run is stopped, and where its progress goes. */
struct lab_watcher {
    bool (*is_stopped)(void);                                      /* returns true to end the run */
    void (*progress)(void *context, int percent, const char *now); /* `now`: the part that begins */
    void *context;
};

/* About how long a run takes, in seconds. */
double lab_seconds(const struct lab_settings *s) __attribute__((nonnull));

/*
 * Runs the experiment. Returns NULL, or why it failed; lab_stopped if is_stopped ended it. A mode
 * that did other work than serial mode is not a failure: its figure has same_work = false. The
 * process may have no other thread. `settings` are for the traps' copies of event loop and pool.
 */
const char *lab_run(const struct settings *settings, const struct lab_settings *s,
                    const struct lab_watcher *watcher, struct lab_result *result)
    __attribute__((nonnull, warn_unused_result));
extern const char lab_stopped[];

/* Did every mode do the same work? */
bool lab_all_same(const struct lab_result *r) __attribute__((nonnull));

/* Compares two doubles, for qsort. */
int lab_compare_doubles(const void *a, const void *b) __attribute__((nonnull));

/* The result as JSON; as a table with its explanations. */
void lab_write_json(const struct lab_result *r, struct buf *out) __attribute__((nonnull));
void lab_print(const struct lab_result *r, FILE *out) __attribute__((nonnull));

/* Appends why the recommended shape suits this work, in English or Chinese. */
void lab_explain(const struct lab_result *r, enum lab_work w, bool chinese, struct buf *out)
    __attribute__((nonnull));
const char *lab_rule(bool chinese) __attribute__((returns_nonnull));

#endif
