/* Each thread has its own database and Redis connection, and serves a request as a worker does. */
#include "fcgi/events/dispatcher.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "fcgi/serve.h"
#include "routes/frame/auth.h"

enum {
    STACK_BYTES = 512 * 1024,
    IDLE_MS = 60 * 1000, /* a thread that is idle this long closes its database connection */
};

struct dispatcher {
    const struct app *app;
    struct queue jobs, *done;
    struct holds *holds;
    struct turns turns;
    pthread_t *threads;
    int thread_count;
    size_t share; /* a thread takes one of so many equal shares of the jobs that wait */
};

/* A job while it is being served: the context of the exchange's callbacks. */
struct job_exchange {
    struct job *job;
    struct deferred_reply deferred;
    size_t body_read;
};

void
job_free(struct job *job)
{
    if (job != NULL) {
        input_free(&job->input);
        buf_free(&job->reply);
        free(job->rooms);
        free(job);
    }
}

static size_t
job_read_body(void *context, char *at, size_t size)
{
    struct job_exchange *exchange = context;
    const struct buf *body = &exchange->job->input.body;
    size_t left = body->len - exchange->body_read, count = left < size ? left : size;

    if (count > 0) {
        memcpy(at, body->at + exchange->body_read, count);
    }
    exchange->body_read += count;
    return count;
}

static bool
job_write_reply(void *context, const char *at, size_t len)
{
    struct job_exchange *exchange = context;

    buf_add(&exchange->job->reply, at, len);
    return true;
}

/* The handler's values live in the request's arena, which is about to be reset. */
static void
job_copy_deferred(void *context, const struct request *req)
{
    struct job_exchange *exchange = context;
    struct job *job = exchange->job;
    const struct deferred_reply *deferred = &exchange->deferred;

    job->session = req->session;
    job->changes = deferred->changes;
    job->ndjson = deferred->ndjson;
    job->wait_ms = deferred->wait_ms;
    (void)snprintf(job->after, sizeof(job->after), "%s",
                   deferred->after == NULL ? "" : deferred->after);
    job->rooms = memory_array(deferred->room_count, sizeof(*job->rooms));
    for (size_t i = 0; i < deferred->room_count; i++) {
        job->rooms[i] = (struct live_mark){deferred->rooms[i].room_id, deferred->rooms[i].seq,
                                           deferred->rooms[i].at};
    }
    job->room_count = deferred->room_count;
}

/* Fills in the job, unless it is put off (turn_is_put_off). */
static void
dispatcher_serve(const struct dispatcher *d, struct resources *resources, struct job *job,
                 struct turn *turn)
{
    struct job_exchange context = {
        .job = job, .deferred = {.admit = holds_admit, .holds = d->holds, .opening = job->opening}};
    struct exchange exchange = {
        .read = job_read_body,
        .write = job_write_reply,
        .context = &context,
        .deferred = job->may_defer ? &context.deferred : NULL,
        .on_deferred = job_copy_deferred,
        .take_turn = d->turns.most > 0 ? turn_take : NULL,
        .turn = turn,
        .counted = job->counted || job->was_put_off,
        .waited_us = clock_mono_us() - job->submitted_us,
    };

    job->mode = REPLY_NOW;
    exchange.env = input_env(&job->input, &resources->arena);
    if (exchange.env == NULL) {
        buf_str(&job->reply, serve_bad_request);
        arena_reset(&resources->arena);
        return;
    }
    (void)serve(d->app, resources, &exchange); /* fails only for replies in pieces: none here */
    job->mode = context.deferred.mode;
}

/*
 * Serves a job, or puts it off. Returns the job that this thread has to serve next: it was put off
 * before, and has its turn now. NULL: none.
 */
static struct job *
dispatcher_work(struct dispatcher *d, struct resources *resources, struct job *job)
{
    struct turn turn = {.turns = &d->turns};
    struct waiting_turn *next;

    dispatcher_serve(d, resources, job, &turn);
    job->opening = NULL;
    if (turn_is_put_off(&turn)) {
        job->was_put_off = true;
        return turn_wait(&turn, &job->waiting) ? NULL : job;
    }
    if (job->was_put_off) { /* also if it took no turn: its session has ended meanwhile */
        turn.user_id = job->waiting.user_id;
    }
    queue_put(d->done, &job->message);
    next = turn_end(&turn);
    return next == NULL ? NULL
                        : (struct job *)(void *)((char *)next - offsetof(struct job, waiting));
}

/* Would this be a stream? Then `hash` is that of its token. */
static bool
job_opens_stream(const struct job *job, struct resources *resources, uint8_t *hash)
{
    char **env = input_env(&job->input, &resources->arena);
    bool opens = false;
    struct request req;

    if (env != NULL) {
        const char *method;

        request_init(&req, resources, env);
        method = request_env(&req, "REQUEST_METHOD");
        opens = method != NULL && strcmp(method, "GET") == 0 && auth_token_hash(&req, hash);
    }
    arena_reset(&resources->arena);
    return opens;
}

/* Reads at once what the streams among the jobs need. One alone reads it while it is served. */
static void
dispatcher_read_ahead(const struct dispatcher *d, struct resources *resources, struct job *first,
                      struct openings *openings)
{
    struct caller caller = {.db = resources->db, .redis = resources->redis};

    if (first == NULL || first->message.next == NULL) {
        return;
    }
    for (struct job *job = first; job != NULL; job = (struct job *)job->message.next) {
        struct opening *opening = &openings->all[openings->count];

        if (job_opens_stream(job, resources, opening->hash)) {
            job->opening = opening;
            openings->count++;
        }
    }
    if (openings->count > 1) {
        db_set_deadline(resources->db,
                        clock_mono_us() + (int64_t)d->app->settings->request_deadline_ms * 1000);
        openings_read(&caller, d->app->settings->session_days, openings);
    }
}

static void
dispatcher_serve_all(struct dispatcher *d, struct resources *resources, struct job *first)
{
    struct openings openings = {.count = 0};

    dispatcher_read_ahead(d, resources, first, &openings);
    while (first != NULL) {
        struct job *job = first;

        first = (struct job *)job->message.next;
        while (job != NULL) {
            job = dispatcher_work(d, resources, job);
        }
    }
    openings_free(&openings);
}

static void *
dispatcher_thread(void *context)
{
    struct dispatcher *d = context;
    struct resources resources;

    resources_open(&resources, d->app);
    while (!queue_is_closed(&d->jobs)) {
        struct message *first = queue_wait_share(&d->jobs, IDLE_MS, d->share, OPENINGS_MAX);

        if (first == NULL) {
            db_close_idle(resources.db, IDLE_MS);
        }
        dispatcher_serve_all(d, &resources, (struct job *)first);
    }
    resources_close(&resources);
    return NULL;
}

void
dispatcher_submit(struct dispatcher *d, struct job *job)
{
    job->submitted_us = clock_mono_us();
    queue_put(&d->jobs, &job->message);
}

/* Returns 0 or an errno value. */
static int
dispatcher_start_threads(struct dispatcher *d, int count)
{
    pthread_attr_t attributes;
    int error = 0;

    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
    while (error == 0 && d->thread_count < count) {
        error = pthread_create(&d->threads[d->thread_count], &attributes, dispatcher_thread, d);
        d->thread_count += error == 0;
    }
    (void)pthread_attr_destroy(&attributes);
    return error;
}

/* A quarter of the threads, at least one, stays free for reads while writes wait for a lock. */
static size_t
dispatcher_writers(size_t threads)
{
    size_t reserved = threads / 4 > 1 ? threads / 4 : 1;

    return threads > reserved ? threads - reserved : threads;
}

struct dispatcher *
dispatcher_open(const struct app *app, int count, struct queue *done, struct holds *holds)
{
    struct dispatcher *d = memory_new(struct dispatcher);
    int error;

    d->app = app;
    d->done = done;
    d->holds = holds;
    d->share = (size_t)count;
    d->threads = memory_array((size_t)count, sizeof(*d->threads));
    queue_open(&d->jobs);
    db_limit_writers(dispatcher_writers((size_t)count));
    turns_open(&d->turns, (size_t)count, 0, app->settings->limit_general > 0);
    error = dispatcher_start_threads(d, count);
    if (d->thread_count == 0) {
        dispatcher_close(d);
        errno = error;
        return NULL;
    }
    return d;
}

void
dispatcher_close(struct dispatcher *d)
{
    struct message *left;

    if (d == NULL) {
        return;
    }
    queue_close(&d->jobs);
    for (int i = 0; i < d->thread_count; i++) {
        (void)pthread_join(d->threads[i], NULL);
    }
    left = queue_take_all(&d->jobs);
    while (left != NULL) {
        struct job *job = (struct job *)left;

        left = left->next;
        job_free(job);
    }
    queue_free(&d->jobs);
    turns_close(&d->turns);
    free(d->threads);
    free(d);
}
