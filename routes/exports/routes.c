/* The route table of the exports group, and the kind of task that it brings. */
#include "routes/groups.h"
#include "routes/exports/schemas.h"

const struct task_kind *const exports_kinds[] = {&export_kind, NULL};

static const struct route routes[] = {
    {
        .method = POST, .path = "/api/exports", NO_INPUT(queue_export),
        .out = &export_queued_shape, .status = 202,
        .problems = PROBLEMS(TOO_MANY_TASKS),
        .summary = "Queue an export of all your rooms; returns the one that is queued or running, if any",
    },
    {
        .method = GET, .path = "/api/exports/{export_id}", INPUT(download_export, export_query),
        .download = true,
        .status = 200, .other_status = 206, .media_type = "application/zip",
        .problems = PROBLEMS(NO_SUCH_EXPORT, PRECONDITION_FAILED, RANGE_NOT_SATISFIABLE),
        .summary = "Download an export's zip file until it expires",
    },
    ROUTES_END,
};

const struct route_group exports_group = {.tag = "exports", .routes = routes};
