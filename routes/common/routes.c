/* The route table of the common group. */
#include "routes/groups.h"
#include "routes/common/schemas.h"

static const struct route routes[] = {
    {
        .method = GET, .path = "/api", NO_INPUT(get_about),
        .access = ANYONE, .limit = LIMIT_NONE,
        .out = &about_shape, .status = 200,
        .summary = "The server's name, and who may sign up",
    },
    {
        .method = GET, .path = "/api/healthz", NO_INPUT(get_health),
        .access = ANYONE, .limit = LIMIT_NONE,
        .out = &health_shape, .status = 200,
        .summary = "Liveness: the process replies",
    },
    {
        .method = GET, .path = "/api/readyz", NO_INPUT(get_readiness),
        .access = ANYONE, .limit = LIMIT_NONE,
        .out = &readiness_shape, .status = 200,
        .problems = PROBLEMS(UNAVAILABLE),
        .summary = "Readiness: the database replies; whether it takes writes",
    },
    {
        .method = GET, .path = "/openapi.json", NO_INPUT(get_openapi),
        .access = ANYONE, .limit = LIMIT_GENERAL,
        .status = 200,
        .summary = "This document",
    },
    ROUTES_END,
};

const struct route_group common_group = {.tag = "common", .routes = routes};
