/* The input and output shapes of the exports group. */
#include "routes/exports/exports.h"

#include "db/tasks.h"

const struct shape export_queued_shape = SHAPE("ExportQueued", struct export_queued,
    FIELD(struct export_queued, id, FIELD_INT, .description = "The task's id, for `GET /api/tasks/{task_id}`."),
    FIELD(struct export_queued, state, FIELD_ENUM, .values = task_state_names));

const struct shape export_query_shape = SHAPE("ExportQuery", struct export_query,
    PATH_ID(struct export_query, export_id, .description = "The id of the export's task."));
