/* What the common group answers. */
#include "routes/common/common.h"

#include "routes/common/schemas.h"
#include "routes/common/views.h"

const struct route common_routes[] = {
    {
        .method = GET, .path = "/api", .handler = get_about,
        .runs = FAST_IO, .who = ANYONE, .limit = LIMIT_NONE,
        .out = &about_shape, .status = 200, .tag = "common",
        .summary = "What this is",
    },
    {
        .method = GET, .path = "/api/healthz", .handler = get_health,
        .runs = FAST_IO, .who = ANYONE, .limit = LIMIT_NONE,
        .out = &health_shape, .status = 200, .tag = "common",
        .summary = "The process is alive",
    },
    {
        .method = GET, .path = "/api/readyz", .handler = get_readiness,
        .runs = FAST_IO, .who = ANYONE, .limit = LIMIT_NONE,
        .out = &readiness_shape, .status = 200, .tag = "common",
        .problems = PROBLEMS(UNAVAILABLE),
        .summary = "The database answers, so requests can be served",
    },
    {
        .method = GET, .path = "/openapi.json", .handler = get_openapi,
        .runs = FAST_IO, .who = ANYONE, .limit = LIMIT_GENERAL,
        .status = 200, .tag = "common",
        .summary = "This document",
    },
    ROUTES_END,
};
