/*
 * Requests are due at an even pace, whether or not the previous one was answered, and latency
 * counts from when a request was due: otherwise a blocked server would receive fewer requests and
 * look faster than it is (coordinated omission).
 */
#include "fcgi/lab/traps.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "fcgi/lab/copy.h"

enum {
    CLIENTS = 4,
    REQUESTS = 200, /* of each */
    PACE_US = 5000,
    BLOCK_AFTER_US = 200 * 1000,
    POOL_THREADS = 8,
    FULL_THREADS = 40, /* the size of the thread pool for FastAPI's plain functions */
    FULL_WAIT_MS = 200,
};

struct load_client {
    pthread_t thread;
    int fd;
    int64_t begin_us;
    bool good;
    double took_ms[REQUESTS];
};

static void
sleep_until(int64_t us)
{
    int64_t left = us - clock_mono_us();

    if (left > 0) {
        (void)usleep((useconds_t)left);
    }
}

static void *
load_client_run(void *context)
{
    struct load_client *c = context;

    c->good = true;
    for (int i = 0; i < REQUESTS && c->good; i++) {
        int64_t due = c->begin_us + (int64_t)i * PACE_US;

        sleep_until(due);
        c->good = copy_request(c->fd, false);
        c->took_ms[i] = (double)(clock_mono_us() - due) / 1000;
    }
    return NULL;
}

/* Lets one handler block while the clients send requests. */
static bool
traps_block(const struct copy *copy, enum copy_kind kind, int64_t begin_us)
{
    int fd = kind == COPY_POOL ? copy_connect(copy) : -1;
    bool good = true;

    sleep_until(begin_us + BLOCK_AFTER_US);
    if (kind == COPY_EVENTS) {
        copy_block(copy);
    } else {
        good = fd >= 0 && copy_request(fd, true);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return good;
}

static bool
load_run(const struct copy *copy, enum copy_kind kind, struct load_client *load_clients)
{
    int64_t begin_us;
    int count = 0;
    bool good = true;

    for (int i = 0; i < CLIENTS; i++) {
        load_clients[i].fd = copy_connect(copy);
        good = good && load_clients[i].fd >= 0 &&
               copy_request(load_clients[i].fd, false); /* it has started */
    }
    begin_us = clock_mono_us() + PACE_US;
    while (good && count < CLIENTS) {
        load_clients[count].begin_us = begin_us;
        good = pthread_create(&load_clients[count].thread, NULL, load_client_run,
                              &load_clients[count]) == 0;
        count += good;
    }
    good = good && traps_block(copy, kind, begin_us);
    for (int i = 0; i < count; i++) {
        (void)pthread_join(load_clients[i].thread, NULL);
        good = good && load_clients[i].good;
    }
    for (int i = 0; i < CLIENTS; i++) {
        if (load_clients[i].fd >= 0) {
            (void)close(load_clients[i].fd);
        }
    }
    return good;
}

/* Measures other requests while one handler blocks a private copy of that kind. */
static const char *
traps_measure_block(const struct settings *settings, enum copy_kind kind, double *p50_ms,
                    double *max_ms)
{
    struct load_client *load_clients = memory_array(CLIENTS, sizeof(*load_clients));
    double all[CLIENTS * REQUESTS];
    struct copy copy;
    bool good;

    if (!copy_start(&copy, settings, kind, POOL_THREADS)) {
        free(load_clients);
        return strerror(errno);
    }
    good = load_run(&copy, kind, load_clients);
    copy_stop(&copy);
    for (int i = 0; i < CLIENTS; i++) {
        memcpy(all + (size_t)i * REQUESTS, load_clients[i].took_ms,
               sizeof(load_clients[i].took_ms));
    }
    qsort(all, CLIENTS * REQUESTS, sizeof(*all), lab_compare_doubles);
    *p50_ms = all[CLIENTS * REQUESTS / 2];
    *max_ms = all[CLIENTS * REQUESTS - 1];
    free(load_clients);
    return good ? NULL : "a private copy of the server did not answer";
}

/* One thread fewer than requests; then an event loop for the same requests. */
static const char *
traps_measure_full(int port, struct lab_tasks *tasks, bool (*is_stopped)(void),
                   struct lab_traps *traps)
{
    struct lab_job job = {
        .tasks = traps->full_requests,
        .requests = true,
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
        .requests = CLIENTS * REQUESTS,
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
