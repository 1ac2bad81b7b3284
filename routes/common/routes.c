/* The route table of the common group. */
#include "routes/groups.h"
#include "routes/common/schemas.h"

static const struct route routes[] = {
    {
        .method = GET, .path = "/api", NO_INPUT(get_about),
        .access = ANYONE, .limit = LIMIT_NONE,
        .out = &about_shape, .status = 200,
        .summary = "The server's name, and who may sign up",
        .description = "The title of this server, and whether it lets people sign up. If `registration` is `closed`, the operator makes the accounts: do not offer a form for it.",
    },
    {
        .method = GET, .path = "/api/healthz", NO_INPUT(get_health),
        .access = ANYONE, .limit = LIMIT_NONE,
        .out = &health_shape, .status = 200,
        .summary = "Liveness: the process replies",
        .description = "For a supervisor: any reply means that the process lives. It does not touch the stores.",
    },
    {
        .method = GET, .path = "/api/readyz", NO_INPUT(get_readiness),
        .access = ANYONE, .limit = LIMIT_NONE,
        .out = &readiness_shape, .status = 200,
        .problems = PROBLEMS(UNAVAILABLE),
        .summary = "Readiness: the database replies; whether it takes writes",
        .description = "For a load balancer. The stores are checked at most once a second, so the reply may be a second old. `status` is `degraded` while the database is read but takes no writes; Redis is reported, not required.",
    },
    {
        .method = GET, .path = "/openapi.json", NO_INPUT(get_openapi),
        .access = ANYONE, .limit = LIMIT_GENERAL,
        .status = 200,
        .takes_headers = HEADERS("If-None-Match", "If-Match"), .gives_headers = HEADERS("ETag"),
        .problems = PROBLEMS(PRECONDITION_FAILED),
        .summary = "This document",
        .description = "This server's own description of its routes in OpenAPI 3.1. Keep it with its `ETag`: it changes only with the version of the server and its name.",
    },
    ROUTES_END,
};

const struct route_group common_group = {
    .tag = "common", .description = "The server itself: its name, its health, this document.", .routes = routes,
};
