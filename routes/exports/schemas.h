/* The schemas of the exports group: what its routes take and return, and its handlers. */
#ifndef ROUTES_EXPORTS_SCHEMAS_H
#define ROUTES_EXPORTS_SCHEMAS_H

#include "db/tasks.h"
#include "routes/exports/exports.h"
#include "routes/frame/route.h"
#include "routes/frame/shape.h"
#include "routes/frame/task_kind.h"

struct export_queued {
    int64_t id;
    int state;
};

SCHEMA(export_queued, "ExportQueued",
       FIELD(struct export_queued, id, FIELD_INT,
             .description = "The task's id, for `GET /api/tasks/{task_id}`."),
       FIELD(struct export_queued, state, FIELD_ENUM, .values = task_state_words));

struct export_query {
    int64_t export_id;
};

SCHEMA(export_query, "ExportQuery",
       PATH_ID(struct export_query, export_id, .description = "The id of the export's task."));

/* The handlers; views.c documents their replies. */
HANDLER_WITHOUT_INPUT(queue_export)
HANDLER(download_export, export_query)

#endif
