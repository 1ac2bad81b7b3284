/* Shared by worker.c, which starts and ends the threads, and connections.c, which serves. */
#ifndef FCGI_WORKER_WORKER_INTERNAL_H
#define FCGI_WORKER_WORKER_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi/serve.h"
#include "fcgi/turns.h"
#include "fcgi/worker/ready_threads.h"
#include "fcgi/worker/worker.h"

enum { DRAIN_STEP_MS = 100 /* how often a draining thread checks whether it may end */ };

struct worker {
    const struct app *app;
    int epoll;
    struct ready_threads ready;
    bool has_ready; /* it is open */
    struct turns turns;
    size_t thread_count, relief_count, started_count;
    size_t kept_count;    /* threads that keep their database connection */
    bool has_local_peers; /* the web server runs on this host, with the same clock */
    struct worker_thread *threads;
    int64_t started_us;
    long last_request; /* the number of requests after which the process ends; 0: never */
    atomic_long requests;
    atomic_long connections;
    atomic_bool draining;
    atomic_llong close_from_us, drain_until_us; /* by clock_mono_us; while draining */
};

struct worker_thread {
    struct worker *worker;
    bool keeps_database; /* its connection stays open while there is nothing to do */
    struct ready_thread ready;
    bool relieves; /* it serves only while writes hold all other threads */
    pthread_t id;
};

bool worker_is_draining(struct worker *w) __attribute__((nonnull));

/* Accepts one connection, not all that wait, so that the processes of a pool share them evenly. */
void worker_connection_accept(struct worker *w) __attribute__((nonnull));

struct kept_connection;

/* Serves the connection of an event of the epoll set: reads a request, and replies. */
void worker_connection_serve(struct worker *w, struct resources *resources,
                             struct kept_connection *c) __attribute__((nonnull));

#endif
