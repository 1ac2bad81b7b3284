/* The handlers of the common group. */
#include "routes/common/schemas.h"

#include "routes/frame/openapi.h"
#include "routes/frame/reply.h"
#include "routes/frame/route.h"

/* 200. */
void
get_about(struct request *req)
{
    reply(req, &(struct about){arena_printf(req->caller.arena, "%s api", req->settings->app_name)});
}

/* 200: a process that replies is alive. */
void
get_health(struct request *req)
{
    reply(req, &(struct health){"ok"});
}

/*
 * 200 if the tables can be read; 503 unavailable. Reads a table, since a Galera node without quorum
 * still replies to SELECT 1.
 */
void
get_readiness(struct request *req)
{
    static const char *const redis[] = {
        [REDIS_OFF] = "off", [REDIS_DOWN] = "down", [REDIS_UP] = "ok"};
    enum db_result r = db_one(req->caller.db, "SELECT id FROM users WHERE id = ?", db_int(1));

    if (r == DB_OK) {
        r = db_done(req->caller.db);
    }
    if (r != DB_OK && r != DB_NONE) {
        reply_problem(req, UNAVAILABLE); /* also before `fastchat migrate` */
        return;
    }
    reply(req, &(struct readiness){"ok", "ok", redis[redis_ping(req->caller.redis)]});
}

/* The OpenAPI document of all routes. 200. */
void
get_openapi(struct request *req)
{
    struct buf document = {0};

    openapi_write(req->router, req->settings, &document);
    reply_bytes(req, 200, "application/json", document.at, document.len);
    buf_free(&document);
}
