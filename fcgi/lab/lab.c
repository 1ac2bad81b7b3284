/*
 * Each repeat measures every kind of work in every mode, so that a disturbance of the machine
 * affects all of them alike.
 */
#include "fcgi/lab/lab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "fcgi/lab/endpoint.h"
#include "fcgi/lab/http.h"
#include "fcgi/lab/traps.h"

const char *const lab_work_names[LAB_WORKS] = {"mixed", "cpu", "wait"};
const char lab_stopped[] = "stopped";

/* A shape within this factor of the fastest counts as equally fast: other costs then decide. */
static const double as_fast = 1.1;

/* Cheapest first. C threads compute in parallel; processes also contain a crash. */
static const enum lab_mode preferred[LAB_WORKS][LAB_MODES] = {
    [LAB_MIXED] = {LAB_EVENT_LOOP, LAB_THREADS, LAB_PROCESSES, LAB_SERIAL},
    [LAB_CPU] = {LAB_PROCESSES, LAB_THREADS, LAB_EVENT_LOOP, LAB_SERIAL},
    [LAB_WAIT] = {LAB_EVENT_LOOP, LAB_THREADS, LAB_PROCESSES, LAB_SERIAL},
};

/* The measurements of each repeat. */
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
double_larger(double a, double b)
{
    return a > b ? a : b;
}

/* About how many seconds a part takes, for the progress. A unit of work is about a millisecond. */
static double
lab_estimate(const struct lab_settings *s, enum lab_work w, enum lab_mode m)
{
    double cpu = w == LAB_WAIT ? 0 : s->cpu / 1000.0, wait = w == LAB_CPU ? 0 : s->wait_ms / 1000.0;
    double n = s->tasks;

    switch (m) {
    case LAB_SERIAL:
        return n * (cpu + wait);
    case LAB_THREADS:
        return double_larger(n * cpu / s->processes, cpu) + wait * (n / s->threads);
    case LAB_EVENT_LOOP:
        return n * cpu + wait;
    default:
        return n / s->processes * (cpu + wait);
    }
}

static struct lab_settings
settings_completed(const struct lab_settings *s)
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
    struct lab_settings all = settings_completed(s);
    double seconds = s->traps ? LAB_TRAPS_SECONDS : 0;

    for (int w = 0; w < LAB_WORKS; w++) {
        for (int m = 0; m < LAB_MODES; m++) {
            seconds += all.repeat * lab_estimate(&all, w, m);
        }
    }
    return seconds;
}

static void
lab_report(struct lab *l, const char *now)
{
    const struct lab_watcher *w = l->watcher;

    w->progress(w->context, l->all_s > 0 ? (int)(100 * l->done_s / l->all_s) : 0, now);
}

static const char *
lab_title(enum lab_work w, enum lab_mode m)
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

/* The context of serial_task_done, which runs after each task in serial mode. */
struct serial_progress {
    struct lab *lab;
    double each_s;
    const char *now;
};

static void
serial_task_done(void *context)
{
    struct serial_progress *t = context;

    t->lab->done_s += t->each_s;
    lab_report(t->lab, t->now);
}

/* The results in serial mode are the ones that every other mode must reach. */
static void
lab_note_serial(struct lab *l, enum lab_work w, int k)
{
    struct samples *s = &l->samples;

    s->slowest[w][k] = s->computed[w][k] = 0;
    for (int i = 0; i < l->result->settings.tasks; i++) {
        const struct lab_done *d = &l->tasks->done[i];

        l->sums[i] = d->sum;
        s->slowest[w][k] = double_larger(s->slowest[w][k], (double)d->took_us / 1000);
        s->computed[w][k] += (double)d->cpu_us / 1000;
    }
}

static bool
lab_is_same(const struct lab *l)
{
    for (int i = 0; i < l->result->settings.tasks; i++) {
        if (!l->tasks->done[i].good || l->tasks->done[i].sum != l->sums[i]) {
            return false;
        }
    }
    return true;
}

static const char *
lab_measure_one(struct lab *l, enum lab_work w, enum lab_mode m, int k)
{
    const struct lab_settings *s = &l->result->settings;
    double seconds = lab_estimate(s, w, m), before = l->done_s;
    struct serial_progress serial = {l, seconds / s->tasks, lab_title(w, m)};
    struct lab_job job = {
        .tasks = s->tasks,
        .cpu = w == LAB_WAIT ? 0 : s->cpu,
        .requests = w != LAB_CPU,
        .wait_ms = s->wait_ms,
        .port = l->endpoint.port,
        .threads = s->threads,
        .processes = s->processes,
        .is_stopped = l->watcher->is_stopped,
        .task_done = serial_task_done,
        .context = &serial,
    };
    struct lab_figure *figure = &l->result->works[w].modes[m];
    struct lab_time time;

    lab_report(l, serial.now);
    if (!lab_run_mode(m, &job, l->tasks, &time)) {
        return strerror(errno);
    }
    if (l->watcher->is_stopped()) {
        return lab_stopped;
    }
    l->samples.ms[w][m][k] = (double)time.us / 1000;
    l->samples.cpu[w][m][k] = (double)time.cpu_us / 1000;
    if (m == LAB_SERIAL) {
        lab_note_serial(l, w, k);
    }
    figure->same_work = (k == 0 || figure->same_work) && lab_is_same(l);
    l->done_s = before + seconds;
    return NULL;
}

int
lab_compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static struct lab_spread
samples_spread(const double *samples, int count)
{
    double sorted[LAB_REPEAT_MAX];

    memcpy(sorted, samples, (size_t)count * sizeof(*sorted));
    qsort(sorted, (size_t)count, sizeof(*sorted), lab_compare_doubles);
    return (struct lab_spread){
        .median = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2,
        .least = sorted[0],
        .most = sorted[count - 1],
    };
}

/* Returns the cheapest of the shapes that are as fast as the fastest. */
static enum lab_mode
lab_recommend(const struct lab_measured *w, const enum lab_mode order[static LAB_MODES])
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
lab_evaluate(struct lab *l)
{
    struct lab_result *r = l->result;
    int repeat = r->settings.repeat;

    for (int w = 0; w < LAB_WORKS; w++) {
        struct lab_measured *measured = &r->works[w];

        for (int m = 0; m < LAB_MODES; m++) {
            measured->modes[m].ms = samples_spread(l->samples.ms[w][m], repeat);
            measured->modes[m].cpu_ms = samples_spread(l->samples.cpu[w][m], repeat).median;
        }
        measured->slowest_ms = samples_spread(l->samples.slowest[w], repeat).median;
        measured->cpu_ms = samples_spread(l->samples.computed[w], repeat).median;
        measured->limit_ms = double_larger(measured->slowest_ms, measured->cpu_ms / r->cores);
        measured->recommended = lab_recommend(measured, preferred[w]);
    }
}

static const char *
lab_measure(struct lab *l, const struct settings *settings)
{
    struct lab_result *r = l->result;
    const char *wrong = NULL;

    for (int k = 0; k < r->settings.repeat; k++) {
        for (int w = 0; w < LAB_WORKS; w++) {
            for (int m = 0; m < LAB_MODES && wrong == NULL; m++) {
                wrong = lab_measure_one(l, w, m, k);
            }
        }
    }
    if (wrong == NULL && r->settings.traps) {
        lab_report(l, "the two traps");
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
    struct lab *l;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const char *wrong = http_load();

    if (wrong != NULL) {
        return wrong;
    }
    l = memory_new(struct lab);
    *result = (struct lab_result){.settings = settings_completed(s),
                                  .cores = cores > 0 ? (int)cores : 1,
                                  .at = clock_now_ms()};
    l->result = result;
    l->watcher = watcher;
    l->all_s = lab_seconds(s);
    l->tasks = lab_tasks_open();
    if (l->tasks == NULL || !endpoint_start(&l->endpoint)) {
        wrong = strerror(errno);
    } else {
        wrong = lab_measure(l, settings);
        endpoint_stop(&l->endpoint);
    }
    if (wrong == NULL) {
        lab_evaluate(l);
        watcher->progress(watcher->context, 100, "done");
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
