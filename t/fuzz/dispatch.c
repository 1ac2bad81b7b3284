/*
 * The whole server in this process, beside a real database and Redis: any requests one after
 * another (t/fuzz/dispatch/script.h), served as the event loop serves them, from FastCGI records to
 * the reply. Every promise of t/fuzz/dispatch/promises.c holds for every reply, and every rule of
 * t/fuzz/dispatch/world.c for the tables afterwards.
 *
 * Each script begins with the same tables and an empty Redis. Only times, tokens and the ids of new
 * rows differ from run to run, so a script that breaks a promise breaks it again.
 */
#include "t/fuzz/fuzz.h"

#include <stdio.h>

#include "t/fuzz/dispatch/promises.h"
#include "t/fuzz/dispatch/script.h"
#include "t/fuzz/dispatch/server.h"
#include "t/fuzz/dispatch/world.h"

/* Reports a failure together with the request, if there was one, and aborts. */
static void
demand_none(const char *failure, struct script_text request, const char *reply)
{
    if (failure != NULL) {
        (void)fprintf(stderr, "BROKEN: %s\n> %.*s\n< %.2000s\n", failure, (int)request.len,
                      request.at == NULL ? "" : request.at, reply);
        abort();
    }
}

static void
report_coverage(void)
{
    size_t reached = 0, i;

    for (i = 0; server_routes()[i] != NULL; i++) {
        const struct route *route = server_routes()[i];

        reached += server_route_runs(i) > 0;
        if (server_route_runs(i) == 0) {
            (void)fprintf(stderr, "has not run: %s %s\n", method_name(route->method), route->path);
        }
    }
    (void)fprintf(stderr, "the handlers of %zu routes of %zu have run\n", reached, i);
}

static void
start_once(void)
{
    static bool started;

    if (!started) {
        demand_none(server_start(), (struct script_text){0}, "");
        (void)atexit(report_coverage);
        started = true;
    }
}

/* Returns whether the database was changed. */
static bool
run_request(struct script_text request, struct script_memory *memory)
{
    struct buf records = {0}, reply = {0};
    struct arena arena = {0};
    struct observation seen;
    struct exchanged with = {.seen = &seen};

    with.user_id = script_send(request, memory, &arena, &records);
    with.request_bytes = records.len;
    server_serve(&records, &seen, &reply);
    with.reply_len = reply.len;
    with.reply = buf_cstr(&reply);
    demand_none(promise_broken(&with, &arena), request, with.reply);
    script_note_reply(memory, with.reply);
    buf_free(&records);
    buf_free(&reply);
    arena_free(&arena);
    return seen.changed;
}

/* Returns whether the database was changed. */
static bool
run_script(struct script_text script)
{
    struct script_text requests[SCRIPT_REQUESTS_MAX];
    struct script_memory memory = {.id = 0};
    size_t count = script_split(script.at, script.len, requests);
    bool changed = false;

    for (size_t i = 0; i < count; i++) {
        if (script_is(requests[i], SCRIPT_CONSENT)) {
            server_ask_consent();
        } else {
            changed |= run_request(requests[i], &memory);
        }
    }
    if (changed) {
        demand_none(world_broken_rule(server_database()), script, "");
    }
    return changed;
}

/* A script that brings a secret along would find it in its own replies. */
static bool
script_has_secrets(struct script_text script)
{
    return script.len > 0 && (memmem(script.at, script.len, "hush", 4) != NULL ||
                              memmem(script.at, script.len, "argon2", 6) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static bool changed;
    struct script_text script = {(const char *)bytes, len};

    start_once();
    if (!script_has_secrets(script)) {
        demand_none(server_reset(changed), (struct script_text){0}, "");
        changed = run_script(script);
    }
    return 0;
}
