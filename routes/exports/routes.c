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
        .description = "A background task packs all of your rooms into one zip file, as of now. While an export of yours waits or runs, this returns that one. Poll the task, or wait for the event `task`; its result has the address of the file.",
    },
    {
        .method = GET, .path = "/api/exports/{export_id}", INPUT(download_export, export_query),
        .download = true,
        .status = 200, .other_status = 206, .media_type = "application/zip",
        .takes_headers = HEADERS("Range", "If-Range", "If-Match", "If-None-Match"),
        .gives_headers = HEADERS("ETag", "Accept-Ranges", "Content-Range", "Content-Disposition"),
        .problems = PROBLEMS(NO_SUCH_EXPORT, PRECONDITION_FAILED, RANGE_NOT_SATISFIABLE),
        .summary = "Download an export's zip file until it expires",
        .description = "Only its owner gets the file, until it expires or the next export is made. The file has pages to read and print, `entries.jsonl` with one entry on each line, and `account.json`. A download that breaks off is continued with `Range` and `If-Range`.",
    },
    ROUTES_END,
};

const struct route_group exports_group = {
    .tag = "exports", .description = "A zip file of all that a user can read.", .routes = routes,
};
