/* Each desk has its own database and Redis connection, and serves a request as a worker does. */
#include "fcgi/events/dispatcher.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "fcgi/serve.h"

enum {
    STACK_BYTES = 512 * 1024,
    IDLE_MS = 60 * 1000, /* after which a desk closes its database connection */
};

struct desks {
    const struct app *app;
    struct mailbox in, *done;
    bool (*admit)(void *loop, int64_t session_id);
    void *loop;
    int count;
    pthread_t threads[];
};

/* A request at its desk. */
struct desk {
    struct errand *errand;
    struct deferred_reply deferred;
    size_t body_read;
};

void
errand_free(struct errand *e)
{
    if (e != NULL) {
        if (e->intake != NULL) {
            intake_free(e->intake);
            free(e->intake);
        }
        buf_free(&e->answer);
        free(e->rooms);
        free(e);
    }
}

static size_t
read_body(void *peer, char *at, size_t size)
{
    struct desk *desk = peer;
    const struct buf *body = &desk->errand->intake->body;
    size_t left = body->len - desk->body_read, some = left < size ? left : size;

    if (some > 0) {
        memcpy(at, body->at + desk->body_read, some);
    }
    desk->body_read += some;
    return some;
}

static bool
write_answer(void *peer, const char *at, size_t len)
{
    struct desk *desk = peer;

    buf_add(&desk->errand->answer, at, len);
    return true;
}

static void
copy_deferred(void *peer, const struct request *req)
{
    struct desk *desk = peer;
    struct errand *e = desk->errand;
    const struct deferred_reply *deferred = &desk->deferred;

    e->user_id = req->caller.user_id;
    e->session_id = req->session.id;
    e->expires_at = req->session.expires_at;
    e->changes = deferred->changes;
    e->lines = deferred->ndjson;
    e->wait_ms = deferred->wait_ms;
    (void)snprintf(e->after, sizeof(e->after), "%s",
                   deferred->after == NULL ? "" : deferred->after);
    e->rooms = calloc(deferred->room_count + 1, sizeof(*e->rooms));
    if (e->rooms == NULL) {
        log_error("out of memory");
        abort();
    }
    for (size_t i = 0; i < deferred->room_count; i++) {
        e->rooms[i] = (struct live_mark){deferred->rooms[i].room_id, deferred->rooms[i].seq};
    }
    e->room_count = deferred->room_count;
}

static void
refuse(struct errand *e)
{
    buf_str(&e->answer, "Status: 400\r\nContent-Type: application/json\r\n\r\n"
                        "{\"detail\":\"The request cannot be read.\",\"code\":\"bad_request\"}");
}

static void
serve_errand(struct desks *d, struct resources *resources, struct errand *e)
{
    struct desk desk = {.errand = e, .deferred = {.admit = d->admit, .loop = d->loop}};
    struct exchange exchange = {
        .read = read_body,
        .write = write_answer,
        .context = &desk,
        .deferred = e->may_hold ? &desk.deferred : NULL,
        .on_deferred = copy_deferred,
        .counted = e->counted,
    };

    e->kind = REPLY_NOW;
    exchange.env = intake_env(e->intake, &resources->arena);
    if (exchange.env == NULL || e->intake->body_cut) {
        refuse(e);
        arena_reset(&resources->arena);
        return;
    }
    (void)serve(d->app, resources, &exchange); /* no route of the loop answers in pieces */
    e->kind = desk.deferred.mode;
}

static void *
run_desk(void *context)
{
    struct desks *d = context;
    struct resources resources;

    resources_open(&resources, d->app);
    while (!mailbox_is_closed(&d->in)) {
        struct errand *e = (struct errand *)mailbox_wait(&d->in, IDLE_MS);

        if (e == NULL) {
            db_close_idle(resources.db, IDLE_MS);
            continue;
        }
        serve_errand(d, &resources, e);
        mailbox_put(d->done, &e->letter);
    }
    resources_close(&resources);
    return NULL;
}

void
desks_put(struct desks *d, struct errand *e)
{
    mailbox_put(&d->in, &e->letter);
}

struct desks *
desks_open(const struct app *app, int count, struct mailbox *done,
           bool (*admit)(void *loop, int64_t session_id), void *loop)
{
    struct desks *d = calloc(1, sizeof(*d) + (size_t)count * sizeof(pthread_t));
    pthread_attr_t attributes;

    if (d == NULL || !mailbox_open(&d->in, false)) {
        free(d);
        return NULL;
    }
    d->app = app;
    d->done = done;
    d->admit = admit;
    d->loop = loop;
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
    while (d->count < count &&
           pthread_create(&d->threads[d->count], &attributes, run_desk, d) == 0) {
        d->count++;
    }
    (void)pthread_attr_destroy(&attributes);
    if (d->count == 0) {
        desks_close(d);
        return NULL;
    }
    return d;
}

void
desks_close(struct desks *d)
{
    struct letter *left;

    if (d == NULL) {
        return;
    }
    mailbox_close(&d->in);
    for (int i = 0; i < d->count; i++) {
        (void)pthread_join(d->threads[i], NULL);
    }
    left = mailbox_take(&d->in);
    while (left != NULL) {
        struct errand *e = (struct errand *)left;

        left = left->next;
        errand_free(e);
    }
    mailbox_free(&d->in);
    free(d);
}
