/* What the exports group answers, and the kind of task that it brings. */
#include "routes/exports/exports.h"

#include "routes/exports/schemas.h"
#include "routes/exports/views.h"

const struct task_kind *const exports_kinds[] = {&export_kind, NULL};

const struct route exports_routes[] = {
    {
        .method = POST, .path = "/api/exports", .handler = queue_export,
        .runs = FAST_IO, .who = USER,
        .out = &export_queued_shape, .status = 202, .tag = "exports",
        .summary = "Queue an export of all my rooms; the one that waits or runs, where there is one",
    },
    {
        .method = GET, .path = "/api/exports/{export_id}", .handler = download_export,
        .runs = FAST_IO, .who = USER,
        .in = &export_query_shape, .status = 200, .media_type = "application/zip", .tag = "exports",
        .problems = PROBLEMS(NO_SUCH_EXPORT),
        .summary = "The zip file that an export has made, until it expires",
    },
    ROUTES_END,
};
