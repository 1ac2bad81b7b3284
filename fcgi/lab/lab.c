/* Each repeat goes through all works and modes, so that what disturbs the machine for a while falls on all of them alike. */
#include "fcgi/lab/lab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "fcgi/lab/endpoint.h"
#include "fcgi/lab/http.h"
#include "fcgi/lab/traps.h"

const char *const lab_work_names[LAB_WORKS] = {"mixed", "cpu", "wait"};
const char lab_stopped[] = "stopped";

/* A shape that is within this of the fastest one is as fast: the choice is then by what else it costs. */
static const double as_fast = 1.1;

/* The cheaper first. In C threads compute side by side; processes also keep a crash to themselves. */
static const enum lab_mode preferred[LAB_WORKS][LAB_MODES] = {
    [LAB_MIXED] = {LAB_EVENT_LOOP, LAB_THREADS, LAB_PROCESSES, LAB_SERIAL},
    [LAB_CPU] = {LAB_PROCESSES, LAB_THREADS, LAB_EVENT_LOOP, LAB_SERIAL},
    [LAB_WAIT] = {LAB_EVENT_LOOP, LAB_THREADS, LAB_PROCESSES, LAB_SERIAL},
};

/* What was measured in each repeat. */
struct samples {
    double ms[LAB_WORKS][LAB_MODES][LAB_REPEAT_MAX];
    double cpu[LAB_WORKS][LAB_MODES][LAB_REPEAT_MAX];
    double slowest[LAB_WORKS][LAB_REPEAT_MAX]; /* in serial mode */
    double computed[LAB_WORKS][LAB_REPEAT_MAX];
};

struct lab {
    struct lab_result *result;
    const struct lab_watcher *watcher;
    struct endpoint endpoint;
    struct lab_tasks *tasks;
    uint64_t sums[LAB_TASKS_MAX]; /* of the tasks in serial mode */
    struct samples samples;
    double done_s, all_s; /* of the estimated time */
};

static double
largest(double a, double b)
{
    return a > b ? a : b;
}

/* What each part of it takes, about, in seconds: for progress. A unit of work is about a millisecond. */
static double
estimate(const struct lab_settings *s, enum lab_work w, enum lab_mode m)
{
    double cpu = w == LAB_WAIT ? 0 : s->cpu / 1000.0, wait = w == LAB_CPU ? 0 : s->wait_ms / 1000.0;
    double n = s->tasks;

    switch (m) {
    case LAB_SERIAL:
        return n * (cpu + wait);
    case LAB_THREADS:
        return largest(n * cpu / s->processes, cpu) + wait * (n / s->threads);
    case LAB_EVENT_LOOP:
        return n * cpu + wait;
    default:
        return n / s->processes * (cpu + wait);
    }
}

static struct lab_settings
completed(const struct lab_settings *s)
{
    struct lab_settings all = *s;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    all.processes = s->processes > 0 ? s->processes : cores > 0 ? (int)cores : 1;
    all.processes = all.processes < LAB_TASKS_MAX ? all.processes : LAB_TASKS_MAX;
    all.threads = s->threads > 0 ? s->threads : s->tasks;
    return all;
}

double
lab_seconds(const struct lab_settings *s)
{
    struct lab_settings all = completed(s);
    double seconds = s->traps ? LAB_TRAPS_SECONDS : 0;

    for (int w = 0; w < LAB_WORKS; w++) {
        for (int m = 0; m < LAB_MODES; m++) {
            seconds += all.repeat * estimate(&all, w, m);
        }
    }
    return seconds;
}

static void
tell(struct lab *l, const char *now)
{
    const struct lab_watcher *w = l->watcher;

    w->told(w->owner, l->all_s > 0 ? (int)(100 * l->done_s / l->all_s) : 0, now);
}

static const char *
title(enum lab_work w, enum lab_mode m)
{
    static const char *const titles[LAB_WORKS][LAB_MODES] = {
        {"computing and waiting, serial", "computing and waiting, threads",
         "computing and waiting, event loop", "computing and waiting, processes"},
        {"computing, serial", "computing, threads", "computing, event loop",
         "computing, processes"},
        {"waiting, serial", "waiting, threads", "waiting, event loop", "waiting, processes"},
    };

    return titles[w][m];
}

/* A task in serial mode is over. */
struct serial_told {
    struct lab *lab;
    double each_s;
    const char *now;
};

static void
serial_told(void *owner)
{
    struct serial_told *t = owner;

    t->lab->done_s += t->each_s;
    tell(t->lab, t->now);
}

/* What the tasks came to in serial mode is what they must come to in all. */
static void
note_serial(struct lab *l, enum lab_work w, int k)
{
    struct samples *s = &l->samples;

    s->slowest[w][k] = s->computed[w][k] = 0;
    for (int i = 0; i < l->result->settings.tasks; i++) {
        const struct lab_done *d = &l->tasks->done[i];

        l->sums[i] = d->sum;
        s->slowest[w][k] = largest(s->slowest[w][k], (double)d->took_us / 1000);
        s->computed[w][k] += (double)d->cpu_us / 1000;
    }
}

static bool
is_same(const struct lab *l)
{
    for (int i = 0; i < l->result->settings.tasks; i++) {
        if (!l->tasks->done[i].good || l->tasks->done[i].sum != l->sums[i]) {
            return false;
        }
    }
    return true;
}

static const char *
measure_one(struct lab *l, enum lab_work w, enum lab_mode m, int k)
{
    const struct lab_settings *s = &l->result->settings;
    double seconds = estimate(s, w, m), before = l->done_s;
    struct serial_told told = {l, seconds / s->tasks, title(w, m)};
    struct lab_job job = {
        .tasks = s->tasks,
        .cpu = w == LAB_WAIT ? 0 : s->cpu,
        .asks = w != LAB_CPU,
        .wait_ms = s->wait_ms,
        .port = l->endpoint.port,
        .threads = s->threads,
        .processes = s->processes,
        .is_stopped = l->watcher->is_stopped,
        .told = serial_told,
        .owner = &told,
    };
    struct lab_figure *figure = &l->result->works[w].modes[m];
    struct lab_time time;

    tell(l, told.now);
    if (!lab_run_mode(m, &job, l->tasks, &time)) {
        return strerror(errno);
    }
    if (l->watcher->is_stopped()) {
        return lab_stopped;
    }
    l->samples.ms[w][m][k] = (double)time.us / 1000;
    l->samples.cpu[w][m][k] = (double)time.cpu_us / 1000;
    if (m == LAB_SERIAL) {
        note_serial(l, w, k);
    }
    figure->same_work = (k == 0 || figure->same_work) && is_same(l);
    l->done_s = before + seconds;
    return NULL;
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static struct lab_spread
spread(const double *samples, int count)
{
    double sorted[LAB_REPEAT_MAX];

    memcpy(sorted, samples, (size_t)count * sizeof(*sorted));
    qsort(sorted, (size_t)count, sizeof(*sorted), compare);
    return (struct lab_spread){
        .median = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2,
        .least = sorted[0],
        .most = sorted[count - 1],
    };
}

/* The cheapest of those that are as fast as the fastest. */
static enum lab_mode
choose(const struct lab_measured *w, const enum lab_mode order[static LAB_MODES])
{
    double fastest = w->modes[LAB_SERIAL].ms.median;

    for (int m = 0; m < LAB_MODES; m++) {
        fastest = w->modes[m].ms.median < fastest ? w->modes[m].ms.median : fastest;
    }
    for (int i = 0; i < LAB_MODES; i++) {
        if (w->modes[order[i]].ms.median <= fastest * as_fast) {
            return order[i];
        }
    }
    return LAB_SERIAL;
}

static void
judge(struct lab *l)
{
    struct lab_result *r = l->result;
    int repeat = r->settings.repeat;

    for (int w = 0; w < LAB_WORKS; w++) {
        struct lab_measured *measured = &r->works[w];

        for (int m = 0; m < LAB_MODES; m++) {
            measured->modes[m].ms = spread(l->samples.ms[w][m], repeat);
            measured->modes[m].cpu_ms = spread(l->samples.cpu[w][m], repeat).median;
        }
        measured->slowest_ms = spread(l->samples.slowest[w], repeat).median;
        measured->cpu_ms = spread(l->samples.computed[w], repeat).median;
        measured->limit_ms = largest(measured->slowest_ms, measured->cpu_ms / r->cores);
        measured->take = choose(measured, preferred[w]);
    }
}

static const char *
measure(struct lab *l, const struct settings *settings)
{
    struct lab_result *r = l->result;
    const char *wrong = NULL;

    for (int k = 0; k < r->settings.repeat; k++) {
        for (int w = 0; w < LAB_WORKS; w++) {
            for (int m = 0; m < LAB_MODES && wrong == NULL; m++) {
                wrong = measure_one(l, w, m, k);
            }
        }
    }
    if (wrong == NULL && r->settings.traps) {
        tell(l, "the two traps");
        wrong = traps_measure(settings, l->endpoint.port, l->tasks, l->watcher->is_stopped,
                              &r->traps);
    }
    if (wrong == NULL && l->watcher->is_stopped()) {
        wrong = lab_stopped;
    }
    return wrong;
}

const char *
lab_run(const struct settings *settings, const struct lab_settings *s,
        const struct lab_watcher *watcher, struct lab_result *result)
{
    struct lab *l = calloc(1, sizeof(*l));
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const char *wrong = http_load();

    if (l == NULL || wrong != NULL) {
        free(l);
        return wrong != NULL ? wrong : strerror(ENOMEM);
    }
    *result = (struct lab_result){
        .settings = completed(s), .cores = cores > 0 ? (int)cores : 1, .at = clock_now_ms()};
    l->result = result;
    l->watcher = watcher;
    l->all_s = lab_seconds(s);
    l->tasks = lab_tasks_open();
    if (l->tasks == NULL || !endpoint_start(&l->endpoint)) {
        wrong = strerror(errno);
    } else {
        wrong = measure(l, settings);
        endpoint_stop(&l->endpoint);
    }
    if (wrong == NULL) {
        judge(l);
        watcher->told(watcher->owner, 100, "done");
    }
    lab_tasks_close(l->tasks);
    free(l);
    return wrong;
}

bool
lab_all_same(const struct lab_result *r)
{
    for (int w = 0; w < LAB_WORKS; w++) {
        for (int m = 0; m < LAB_MODES; m++) {
            if (!r->works[w].modes[m].same_work) {
                return false;
            }
        }
    }
    return true;
}
