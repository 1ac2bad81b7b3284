/*
 * Dispatches one request again and again: a path parameter, two in the query, and a body of 200
 * bytes. t/bench/instructions counts what each costs.
 *     validation COUNT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/app.h"
#include "routes/frame/dispatch.h"
#include "routes/frame/reply.h"
#include "routes/frame/route.h"

struct measured {
    int64_t room_id, limit, seq;
    const char *q, *client_id, *body;
    int open, role;
};

SCHEMA(measured, "Measured", PATH_ID(struct measured, room_id),
       FIELD(struct measured, limit, FIELD_INT, .from = FROM_QUERY, .min = 1, .max = 100,
             .default_value = 50),
       FIELD(struct measured, q, FIELD_TEXT, .from = FROM_QUERY, .min = 1, .max = 64),
       FIELD(struct measured, client_id, FIELD_TEXT, .required = true, .min = 1, .max = 64),
       FIELD(struct measured, body, FIELD_TEXT, .required = true, .min = 1, .max = 8000),
       FIELD(struct measured, seq, FIELD_INT, .required = true),
       FIELD(struct measured, open, FIELD_BOOL, .default_value = -1),
       FIELD(struct measured, role, FIELD_ENUM, .values = role_words, .default_value = -1));

HANDLER(take_measured, measured)

void
take_measured(struct request *req, const struct measured *in)
{
    if (in->room_id != 1234567 || in->limit != 25 || in->seq != 4242 || in->open != 1) {
        abort();
    }
    reply_empty(req);
}

static const struct route routes[] = {
    {
        .method = POST,
        .path = "/measured/rooms/{room_id}/entries",
        INPUT(take_measured, measured),
        .access = ANYONE,
        .limit = LIMIT_NONE,
        .status = 204,
        .summary = "Take input",
    },
    ROUTES_END,
};
static const struct route_group group = {.tag = "measured", .routes = routes};

static const char body[] =
    "{\"client_id\": \"5e0f8f1c-8f0a-4d53-9e5b-0c4d3c1b2a19\", \"body\": \"The train leaves at "
    "eight, we meet at the east gate, \\u4e1c\\u95e8, and walk from there to the lake.\", "
    "\"seq\": 4242, \"open\": true, \"role\": \"admin\"}";

static size_t
send_body(void *source, char *at, size_t size)
{
    (void)source;
    memcpy(at, body, size);
    return size;
}

static int
measure(const struct app *app, long count)
{
    static char length[40];
    static char *env[] = {
        "REQUEST_METHOD=POST",
        "REQUEST_URI=/measured/rooms/1234567/entries?limit=25&q=lake%20walk",
        "CONTENT_TYPE=application/json",
        length,
        NULL,
    };
    struct resources resources;

    (void)snprintf(length, sizeof(length), "CONTENT_LENGTH=%zu", sizeof(body) - 1);
    resources_open(&resources, app);
    for (long i = 0; i < count; i++) {
        struct request req;

        request_init(&req, &resources, env);
        req.read_body = send_body;
        dispatch(app->router, &req);
        if (req.status != 204) {
            (void)fprintf(stderr, "validation: status %d\n", req.status);
            return 1;
        }
        arena_reset(&resources.arena);
    }
    resources_close(&resources);
    return 0;
}

int
main(int argc, char **argv)
{
    long count = argc == 2 ? atol(argv[1]) : 0;
    struct app *app;
    int status;

    (void)setenv("FASTCHAT_ENV_FILE", "/dev/null", 1);
    (void)setenv("APP_ENV", "test", 1);
    (void)setenv("REDIS_HOST", "", 1);
    app = app_new("validation");
    if (count <= 0 || app == NULL || !router_add(app->router, &group)) {
        (void)fputs("usage: validation COUNT\n", stderr);
        return 2;
    }
    status = measure(app, count);
    app_free(app);
    return status;
}
