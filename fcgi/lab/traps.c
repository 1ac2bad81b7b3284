/*
 * Requests come at an even pace, whether or not the previous one had its reply. A request that has
 * to wait for the connection is measured from the time at which it should have been sent; otherwise
 * a server that stands still would get fewer requests and look better.
 */
#include "fcgi/lab/traps.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "fcgi/lab/copy.h"

enum {
    CALLERS = 4,
    CALLS = 200, /* of each */
    PACE_US = 5000,
    BLOCK_AFTER_US = 200 * 1000,
    POOL_THREADS = 8,
    FULL_THREADS = 40, /* the size of the pool for FastAPI's plain functions */
    FULL_WAIT_MS = 200,
};

struct client {
    pthread_t thread;
    int fd;
    int64_t begin_us;
    bool good;
    double took_ms[CALLS];
};

static void
traps_sleep_until(int64_t us)
{
    int64_t left = us - clock_mono_us();

    if (left > 0) {
        (void)usleep((useconds_t)left);
    }
}

static void *
traps_client(void *context)
{
    struct client *c = context;

    c->good = true;
    for (int i = 0; i < CALLS && c->good; i++) {
        int64_t due = c->begin_us + (int64_t)i * PACE_US;

        traps_sleep_until(due);
        c->good = copy_ask(c->fd, false);
        c->took_ms[i] = (double)(clock_mono_us() - due) / 1000;
    }
    return NULL;
}

static int
traps_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* One handler blocks while the clients send requests. */
static bool
traps_block(const struct copy *copy, enum copy_kind kind, int64_t begin_us)
{
    int fd = kind == COPY_POOL ? copy_connect(copy) : -1;
    bool good = true;

    traps_sleep_until(begin_us + BLOCK_AFTER_US);
    if (kind == COPY_EVENTS) {
        copy_block(copy);
    } else {
        good = fd >= 0 && copy_ask(fd, true);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return good;
}

static bool
traps_call_all(const struct copy *copy, enum copy_kind kind, struct client *callers)
{
    int64_t begin_us;
    int count = 0;
    bool good = true;

    for (int i = 0; i < CALLERS; i++) {
        callers[i].fd = copy_connect(copy);
        good = good && callers[i].fd >= 0 && copy_ask(callers[i].fd, false); /* the copy is awake */
    }
    begin_us = clock_mono_us() + PACE_US;
    while (good && count < CALLERS) {
        callers[count].begin_us = begin_us;
        good = pthread_create(&callers[count].thread, NULL, traps_client, &callers[count]) == 0;
        count += good;
    }
    good = good && traps_block(copy, kind, begin_us);
    for (int i = 0; i < count; i++) {
        (void)pthread_join(callers[i].thread, NULL);
        good = good && callers[i].good;
    }
    for (int i = 0; i < CALLERS; i++) {
        if (callers[i].fd >= 0) {
            (void)close(callers[i].fd);
        }
    }
    return good;
}

/* Measures the other requests while one handler traps_block, in a private copy. */
static const char *
traps_measure_block(const struct settings *settings, enum copy_kind kind, double *p50_ms,
                    double *max_ms)
{
    struct client *callers = calloc(CALLERS, sizeof(*callers));
    double all[CALLERS * CALLS];
    struct copy copy;
    bool good;

    if (callers == NULL || !copy_start(&copy, settings, kind, POOL_THREADS)) {
        free(callers);
        return strerror(errno);
    }
    good = traps_call_all(&copy, kind, callers);
    copy_stop(&copy);
    for (int i = 0; i < CALLERS; i++) {
        memcpy(all + (size_t)i * CALLS, callers[i].took_ms, sizeof(callers[i].took_ms));
    }
    qsort(all, CALLERS * CALLS, sizeof(*all), traps_compare);
    *p50_ms = all[CALLERS * CALLS / 2];
    *max_ms = all[CALLERS * CALLS - 1];
    free(callers);
    return good ? NULL : "a private copy of the server did not answer";
}

/* A thread for every request except one; then threads for none. */
static const char *
traps_measure_full(int port, struct lab_tasks *tasks, bool (*is_stopped)(void),
                   struct lab_traps *traps)
{
    struct lab_job job = {
        .tasks = traps->full_requests,
        .asks = true,
        .wait_ms = traps->full_wait_ms,
        .port = port,
        .threads = traps->full_threads,
        .is_stopped = is_stopped,
    };
    struct lab_time time;
    int64_t first = INT64_MAX;

    if (!lab_run_mode(LAB_THREADS, &job, tasks, &time)) {
        return strerror(errno);
    }
    for (int i = 0; i < job.tasks; i++) {
        first = tasks->done[i].took_us < first ? tasks->done[i].took_us : first;
    }
    traps->full_first_ms = (double)first / 1000;
    traps->full_last_ms = (double)time.us / 1000;
    if (!lab_run_mode(LAB_EVENT_LOOP, &job, tasks, &time)) {
        return strerror(errno);
    }
    traps->full_loop_last_ms = (double)time.us / 1000;
    return NULL;
}

const char *
traps_measure(const struct settings *settings, int port, struct lab_tasks *tasks,
              bool (*is_stopped)(void), struct lab_traps *traps)
{
    const char *wrong;

    *traps = (struct lab_traps){
        .block_ms = COPY_BLOCK_MS,
        .requests = CALLERS * CALLS,
        .pool_threads = POOL_THREADS,
        .full_threads = FULL_THREADS,
        .full_requests = FULL_THREADS + 1,
        .full_wait_ms = FULL_WAIT_MS,
    };
    wrong = traps_measure_block(settings, COPY_EVENTS, &traps->loop_p50_ms, &traps->loop_max_ms);
    if (wrong == NULL) {
        wrong = traps_measure_block(settings, COPY_POOL, &traps->pool_p50_ms, &traps->pool_max_ms);
    }
    return wrong != NULL ? wrong : traps_measure_full(port, tasks, is_stopped, traps);
}
