/*
 * Every route of the table is replaced by a copy whose handler notes what it was called with, and
 * then calls the route's own.
 */
#include "t/fuzz/dispatch/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/test_seams.h"
#include "db/known.h"
#include "db/redis/revocations.h"
#include "fcgi/events/holds.h"
#include "fcgi/record.h"
#include "fcgi/serve.h"
#include "routes/frame/deferred.h"
#include "t/fuzz/dispatch/world.h"
#include "t/program/answers.h"

/*
 * Low limits, so that a script reaches them. The deadline is far above what a busy machine needs.
 */
static const char *const environment[][2] = {
    {"FASTCHAT_ENV_FILE", "/dev/null"},
    {"APP_ENV", "test"},
    {"DB_USER", "root"},
    {"DB_PASSWORD", ""},
    {"DB_DATABASE", "fastchat"},
    {"CORS_ORIGINS", "https://a.example"},
    {"LIMIT_LOGIN", "4"},
    {"LIMIT_REGISTER", "4"},
    {"LIMIT_SEND", "6"},
    {"LIMIT_GENERAL", "12"},
    {"LIMIT_ADD", "6"},
    {"ROOMS_PER_DAY", WORLD_LIMIT},
    {"STRANGERS_PER_DAY", WORLD_LIMIT},
    {"SESSIONS_MAX", WORLD_LIMIT},
    {"TASKS_PER_USER", WORLD_LIMIT},
    {"EVENTS_PER_SESSION", "2"},
    {"EVENTS_PER_USER", "3"},
    {"REQUEST_DEADLINE_MS", "120000"},
    {"SLOW_REQUEST_MS", "120000"},
};

static struct {
    struct app *app;
    struct resources resources;
    struct db *questions;
    struct holds holds;
    const struct route *const *originals; /* of the table */
    struct route *copies;                 /* of them, in the same order */
    struct router *router;                /* the table's, which the app does not use any more */
    size_t *runs;
    struct observation *seen; /* of the request that is being served */
} server;

bool
test_fault_injected(enum test_fault fault)
{
    (void)fault;
    return false;
}

bool
test_cheap_passwords(void)
{
    return true;
}

const struct route_group *
test_routes(void)
{
    return NULL;
}

const struct task_kind *const *
test_task_kinds(void)
{
    return NULL;
}

static void
server_note_undeclared(const struct buf *fault, const char *of)
{
    char *to = server.seen->undeclared;

    (void)snprintf(to, sizeof(server.seen->undeclared), "%s: %.*s", of, (int)fault->len, fault->at);
}

void
test_check_reply(const struct request *req)
{
    struct buf fault = {0};

    if (!answer_check(req, &fault)) {
        server_note_undeclared(&fault, req->route == NULL ? "no route" : req->route->path);
    }
    buf_free(&fault);
}

void
test_check_event(const char *name, const struct shape *shape, const char *json, size_t len)
{
    struct buf fault = {0};

    if (!answer_check_event(shape, json, len, &fault)) {
        server_note_undeclared(&fault, name);
    }
    buf_free(&fault);
}

/* Does the caller have the session, and the right that the route demands? */
static bool
caller_is_good(const struct request *req)
{
    const struct caller *caller = &req->caller;

    if (caller->user_id == 0) {
        return req->route->access == ANYONE;
    }
    return db_one(server.questions,
                  "SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id "
                  "WHERE s.id = ? AND u.id = ? AND u.state = 0 "
                  "AND s.expires_at > UNIX_TIMESTAMP() * 1000 AND u.is_admin >= ?",
                  db_int(req->session.id), db_int(caller->user_id),
                  db_int(req->route->access == ADMIN)) == DB_OK &&
           db_done(server.questions) == DB_OK;
}

static void
observe(struct request *req, const void *input)
{
    size_t i = (size_t)(req->route - server.copies);

    server.seen->route = server.originals[i];
    server.seen->user_id = req->caller.user_id;
    server.seen->has_no_right = !caller_is_good(req);
    server.runs[i]++;
    server.originals[i]->handler(req, input);
    if (req->caller.arena->used > server.seen->arena_bytes) {
        server.seen->arena_bytes = req->caller.arena->used;
    }
}

static bool
server_observe_routes(void)
{
    static struct route_group group = {.tag = "all", .description = "All routes"};
    size_t count = 0;

    server.router = server.app->router;
    server.originals = router_all(server.router);
    while (server.originals[count] != NULL) {
        count++;
    }
    server.copies = memory_array(count + 1, sizeof(*server.copies));
    server.runs = memory_array(count, sizeof(*server.runs));
    for (size_t i = 0; i < count; i++) {
        server.copies[i] = *server.originals[i];
        server.copies[i].handler = observe;
    }
    group.routes = server.copies;
    server.app->router = router_new();
    return router_add(server.app->router, &group);
}

static const char *
server_start_once(void)
{
    for (size_t i = 0; i < sizeof(environment) / sizeof(environment[0]); i++) {
        (void)setenv(environment[i][0], environment[i][1], 1);
    }
    if (getenv("DB_SOCKET") == NULL || getenv("REDIS_HOST") == NULL) {
        return "DB_SOCKET and REDIS_HOST are not set: t/fuzz/beside-stores runs this program";
    }
    server.app = app_new("fuzz");
    if (server.app == NULL || !server_observe_routes()) {
        return "the application does not start";
    }
    log_open("fuzz", false, LOG_LEVEL_ERROR);
    server.questions = db_open(server.app->settings);
    resources_open(&server.resources, server.app);
    holds_open(&server.holds, server.app->settings);
    return world_make(server.app->settings, server.questions);
}

const char *
server_start(void)
{
    return server.app != NULL ? NULL : server_start_once();
}

/* On a busy machine Redis may be too slow for its time-out. */
static bool
redis_empty(struct redis *redis)
{
    enum { TRIES = 20 };
    bool done = false;

    for (int i = 0; !done && i < TRIES; i++) {
        redisReply *reply = redis_run(redis, redis_text("FLUSHALL"));

        done = reply != NULL;
        freeReplyObject(reply);
        redis_try_now(redis);
    }
    return done;
}

/*
 * The process would otherwise remember for a second or two what was true of the users, and that a
 * token was nobody's.
 */
static void
server_forget_users(void)
{
    for (int64_t id = 1; world_users[id - 1].name != NULL; id++) {
        uint8_t hash[TOKEN_HASH_BYTES];
        char token[TOKEN_TEXT_SIZE];

        names_invalidate(id);
        revocation_announce(server.resources.redis, id);
        world_token(world_users[id - 1].name, token);
        if (token_hash(token, hash)) {
            known_session_put(hash, &(struct session){.id = id, .user_id = id}, 0);
        }
    }
}

const char *
server_reset(bool changed)
{
    const char *why = changed ? world_reset(server.questions) : NULL;

    server_forget_users();
    holds_free(&server.holds);
    holds_open(&server.holds, server.app->settings);
    server.app->settings->rooms_consent = false;
    if (!redis_empty(server.resources.redis)) {
        return "Redis cannot be emptied";
    }
    return why;
}

void
server_ask_consent(void)
{
    server.app->settings->rooms_consent = true;
}

/* One dispatch of a request: the context of its exchange. */
struct visit {
    const struct buf *body;
    size_t body_read;
    struct buf *reply;
};

static size_t
visit_read(void *context, char *at, size_t size)
{
    struct visit *v = context;
    size_t left = v->body->len - v->body_read, count = left < size ? left : size;

    if (count > 0) {
        memcpy(at, v->body->at + v->body_read, count);
    }
    v->body_read += count;
    return count;
}

static bool
visit_write(void *context, const char *at, size_t len)
{
    struct visit *v = context;

    buf_add(v->reply, at, len);
    return true;
}

/* A held request gets whatever happens in these rooms. */
static void
visit_check_deferred(void *context, const struct request *req)
{
    const struct deferred_reply *deferred = req->deferred;

    (void)context;
    for (size_t i = 0; i < deferred->room_count; i++) {
        if (db_one(server.questions, "SELECT 1 FROM members WHERE user_id = ? AND room_id = ?",
                   db_int(req->session.user_id), db_int(deferred->rooms[i].room_id)) != DB_OK ||
            db_done(server.questions) != DB_OK) {
            server.seen->has_no_right = true;
        }
    }
}

/* Returns how the handler has deferred the reply. */
static enum reply_mode
server_dispatch(const struct request_input *input, bool may_defer, struct buf *reply)
{
    struct deferred_reply deferred = {.admit = holds_admit, .holds = &server.holds};
    struct visit visit = {.body = &input->body, .reply = reply};
    const struct exchange exchange = {
        .env = input_env(input, &server.resources.arena),
        .read = visit_read,
        .write = visit_write,
        .context = &visit,
        .deferred = may_defer ? &deferred : NULL,
        .on_deferred = visit_check_deferred,
        .counted = !may_defer,
    };

    if (exchange.env == NULL) {
        buf_str(reply, serve_bad_request);
        server.seen->unreadable = true;
        arena_reset(&server.resources.arena);
        return REPLY_NOW;
    }
    if (!serve(server.app, &server.resources, &exchange)) {
        buf_clear(reply); /* the reply is cut: no promise allows an empty one */
    }
    server.seen->changed |= db_has_committed(server.resources.db);
    return deferred.mode;
}

void
server_serve(const struct buf *records, struct observation *seen, struct buf *reply)
{
    struct request_parser parser = {.body_max = router_body_max(server.app->router)};
    struct buf out = {0};
    size_t used;

    *seen = (struct observation){.route = NULL};
    server.seen = seen;
    if (parser_feed(&parser, records->at, records->len, &used, &out) != PARSER_COMPLETE) {
        buf_str(reply, serve_bad_request);
        seen->unreadable = true;
    } else if (server_dispatch(&parser.input, true, reply) == REPLY_LATER) {
        (void)server_dispatch(&parser.input, false, reply);
    }
    parser_free(&parser);
    buf_free(&out);
}

const struct route *const *
server_routes(void)
{
    return server.originals;
}

size_t
server_route_runs(size_t i)
{
    return server.runs[i];
}

struct db *
server_database(void)
{
    return server.questions;
}
