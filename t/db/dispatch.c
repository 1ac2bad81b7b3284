/*
 * Runs the fuzzer of the dispatcher over its corpus, and over requests made from the route table.
 * Breaks each of its promises on purpose, to see that it notices.
 */
#include "t/fuzz/dispatch.c"

#include "t/fuzz/dispatch/compose.h"
#include "t/unit/corpus.h"

#define HEAD_AFTER_STATUS "\r\nX-Request-ID: 0123456789abcdef\r\nCache-Control: no-store\r\n"
#define GOOD_HEAD "Status: 200 OK" HEAD_AFTER_STATUS
#define JSON_TYPE "Content-Type: application/json\r\n"
#define JSON_HEAD(status) "Status: " status HEAD_AFTER_STATUS JSON_TYPE

static const struct route trial = {.method = GET, .path = "/api/trial", .status = 200};

/* A reply to alice, user 1. */
static const struct trial_reply {
    const char *reply, *broken;
} trial_replies[] = {
    {GOOD_HEAD JSON_TYPE "Content-Length: 2\r\n\r\n{}", NULL},
    {"", "a reply has a head of whole lines, and a status"},
    {GOOD_HEAD "Link: a\nb\r\n\r\n", "a reply has a head of whole lines, and a status"},
    {GOOD_HEAD "Link\r\n\r\n", "a reply has a head of whole lines, and a status"},
    {GOOD_HEAD "Status: 200 OK\r\n\r\n", "a reply has a head of whole lines, and a status"},
    {GOOD_HEAD JSON_TYPE JSON_TYPE "\r\n{}", "no header line is there twice"},
    {GOOD_HEAD "X: y\r\n\r\n", "a head has only the lines of this server"},
    {"Status: 200 OK\r\n\r\n", "no reply is kept without asking again"},
    {GOOD_HEAD JSON_TYPE "Content-Length: 3\r\n\r\n{}", "Content-Length is the length of the body"},
    {JSON_HEAD("503 Unavailable") "\r\n{\"detail\":\"x\",\"code\":\"unavailable\"}",
     "no reply misses a store, since both are there"},
    {GOOD_HEAD JSON_TYPE "\r\n\"hush-said-3\"", "hush-said-3\" is shown to user 1"},
    {GOOD_HEAD JSON_TYPE "\r\n\"$argon2id$\"", "the hash of a password is shown"},
};

static void
test_replies(void)
{
    struct arena arena = {0};

    for (size_t i = 0; i < sizeof(trial_replies) / sizeof(trial_replies[0]); i++) {
        const struct trial_reply *t = &trial_replies[i];
        struct observation seen = {.route = &trial, .user_id = 1};
        const struct exchanged with = {
            .seen = &seen, .user_id = 1, .reply = t->reply, .reply_len = strlen(t->reply)};

        is_str(promise_broken(&with, &arena), t->broken,
               arena_printf(&arena, "reply %zu: %s", i,
                            t->broken == NULL ? "no promise is broken" : t->broken));
    }
    arena_free(&arena);
}

static void
test_callers(void)
{
    static const char good[] = GOOD_HEAD JSON_TYPE "\r\n{}";
    struct observation seen = {.route = &trial, .user_id = 2};
    struct exchanged with = {
        .seen = &seen, .user_id = 1, .reply = good, .reply_len = sizeof(good) - 1};
    struct arena arena = {0};

    is_str(promise_broken(&with, &arena), "nobody is taken for somebody else",
           "a caller who was taken for somebody else is noticed");
    seen = (struct observation){.route = &trial, .user_id = 1, .has_no_right = true};
    is_str(promise_broken(&with, &arena), "a handler runs only for those who have the right",
           "a caller without the right is noticed");
    seen = (struct observation){.route = &trial, .user_id = 1, .arena_bytes = 1 << 20};
    is_str(promise_broken(&with, &arena), "a request's memory is bounded: 1048576 bytes for 0",
           "a request that takes much memory is noticed");
    seen = (struct observation){.route = &trial, .user_id = 1, .undeclared = "status"};
    is_str(promise_broken(&with, &arena), "every reply is declared: status",
           "a reply that its route does not declare is noticed");
    arena_free(&arena);
}

/* Whose token a request has, as the script says. */
static void
test_tokens(void)
{
    static const struct {
        const char *request;
        int64_t user_id;
    } calls[] = {
        {"alice GET /api", 1},
        {"dave GET /api", 4},
        {"nobody GET /api", 0},
        {"eve GET /api", 0},
        {"expired GET /api", 0},
        {"new GET /api", 0},
        {"alice GET /api\nHTTP_AUTHORIZATION=Bearer x", 0},
        {"x GET /api\nHTTP_AUTHORIZATION=Bearer bob----------------------------------------", 2},
    };
    struct script_memory memory = {.id = 0};
    struct arena arena = {0};
    struct buf records = {0};

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        struct script_text text = {calls[i].request, strlen(calls[i].request)};

        is_int(script_send(text, &memory, &arena, &records), calls[i].user_id,
               arena_printf(&arena, "the caller is known: %.40s", calls[i].request));
    }
    buf_free(&records);
    arena_free(&arena);
}

static void
test_rules(void)
{
    struct db *db = server_database();

    ok(server_reset(true) == NULL && world_broken_rule(db) == NULL,
       "every script begins with tables that keep the rules");
    ok(db_run_plain(db, "DELETE FROM members WHERE room_id = 1 AND user_id = 2") == DB_OK,
       "a row is deleted");
    is_str(world_broken_rule(db), "a room knows the number of its members",
           "tables that break a rule are noticed");
    ok(server_reset(true) == NULL && world_broken_rule(db) == NULL,
       "a reset undoes every change of the tables");
}

/* The row of a new route suffices: nobody has to write a script for it. */
static void
test_composed(void)
{
    enum { TRIES = 40 };
    struct arena arena = {0};
    struct buf script = {0};
    unsigned seed = 1;

    for (size_t i = 0; server_routes()[i] != NULL; i++) {
        const struct route *route = server_routes()[i];
        size_t before = server_route_runs(i);

        for (int n = 0; n < TRIES && server_route_runs(i) == before; n++) {
            buf_clear(&script);
            compose_request(&script, route, route->access == ADMIN ? "dave" : "alice", false,
                            &seed);
            (void)LLVMFuzzerTestOneInput((const uint8_t *)script.at, script.len);
        }
        ok(server_route_runs(i) > before,
           arena_printf(&arena, "%s %s: a request made from its row reaches the handler",
                        method_name(route->method), route->path));
    }
    buf_free(&script);
    arena_free(&arena);
}

int
main(void)
{
    replay_corpus("dispatch", LLVMFuzzerTestOneInput);
    test_composed();
    test_replies();
    test_callers();
    test_tokens();
    test_rules();
    return done_testing();
}
