/*
 * The essay's experiment on this machine: the same tasks in four shapes, for work that computes, for work that waits, and for
 * work that does both; and what follows from the figures.
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
    ((struct lab_settings){.tasks = 20, .cpu = 20, .wait_ms = 890, .repeat = 1, .traps = true})

/* A figure over the repeats. */
struct lab_spread {
    double median, least, most;
};

/* One work in one mode. */
struct lab_figure {
    struct lab_spread ms;
    double cpu_ms;
    bool same_work; /* each task came to what it came to in serial mode, and was answered */
};

struct lab_measured {
    struct lab_figure modes[LAB_MODES];
    double slowest_ms; /* the slowest task alone */
    double cpu_ms;     /* what all tasks compute */
    double
        limit_ms; /* no shape can be faster: the larger of the slowest task and that over the cores */
    enum lab_mode take;
};

struct lab_traps {
    /* Requests that come at an even pace while one handler blocks. */
    int block_ms, requests, pool_threads;
    double loop_p50_ms, loop_max_ms, pool_p50_ms, pool_max_ms;
    /* As many threads as a pool has, and a request more, all of which wait. */
    int full_threads, full_requests, full_wait_ms;
    double full_first_ms, full_last_ms, full_loop_last_ms;
};

struct lab_result {
    struct lab_settings settings; /* threads and processes as they were */
    int cores;
    int64_t at; /* milliseconds since 1970 */
    struct lab_measured works[LAB_WORKS];
    struct lab_traps traps; /* where settings.traps */
};

/* Who wants it. */
struct lab_watcher {
    bool (*is_stopped)(void);                                /* is it to end? */
    void (*told)(void *owner, int percent, const char *now); /* `now`: what begins, in words */
    void *owner;
};

/* How long it takes, about, in seconds. */
double lab_seconds(const struct lab_settings *s) __attribute__((nonnull));

/*
 * Run it. NULL where it went well (a mode that did other work says so in its figure); else why it did not: in words, or "stopped".
 * The process may have no other thread. `settings` are for the traps: private copies of the event loop and of a pool.
 */
const char *lab_run(const struct settings *settings, const struct lab_settings *s,
                    const struct lab_watcher *watcher, struct lab_result *result)
    __attribute__((nonnull, warn_unused_result));
extern const char lab_stopped[];

/* Did every mode do the same work? */
bool lab_all_same(const struct lab_result *r) __attribute__((nonnull));

/* The result as JSON; as the essay's table, and what follows from it. */
void lab_write_json(const struct lab_result *r, struct buf *out) __attribute__((nonnull));
void lab_print(const struct lab_result *r, FILE *out) __attribute__((nonnull));

/* Why that shape is to be taken for this work; in the language. Appended. */
void lab_explain(const struct lab_result *r, enum lab_work w, bool chinese, struct buf *out)
    __attribute__((nonnull));
const char *lab_rule(bool chinese) __attribute__((returns_nonnull));

#endif
