/* The handlers of the common group. */
#include "routes/common/readiness.h"
#include "routes/common/schemas.h"

#include "routes/frame/http/conditional.h"
#include "routes/frame/openapi/openapi.h"
#include "routes/frame/reply.h"
#include "routes/frame/route.h"

/* 200. */
void
get_about(struct request *req)
{
    reply(req, &(struct about){
                   .title = arena_printf(req->caller.arena, "%s api", req->settings->app_name),
                   .registration = req->settings->registration,
               });
}

/* 200: a process that replies is alive. */
void
get_health(struct request *req)
{
    reply(req, &(struct health){"ok"});
}

/* 200 if the tables can be read, "degraded" if nothing can be written; 503 unavailable. */
void
get_readiness(struct request *req)
{
    static const char *const redis[] = {
        [REDIS_OFF] = "off", [REDIS_DOWN] = "down", [REDIS_UP] = "ok"};
    struct stores stores = stores_check(&req->caller);

    if (stores.database == DATABASE_DOWN) {
        reply_problem(req, UNAVAILABLE);
        return;
    }
    reply(req, &(struct readiness){
                   .status = stores.database == DATABASE_OK ? "ok" : "degraded",
                   .database = stores.database,
                   .redis = redis[stores.redis],
               });
}

/* The OpenAPI document of all routes. 200; 304 to a caller who has it; 412 precondition_failed. */
void
get_openapi(struct request *req)
{
    const struct openapi_document *document = openapi_of_process(req->router, req->settings);

    reply_cached(req);
    if (conditional_admit(req, document->etag)) {
        reply_bytes(req, 200, "application/json", document->at, document->len);
    }
}
