/* The schemas of the tasks group: what its routes take and return, and its handlers. */
#ifndef ROUTES_TASKS_SCHEMAS_H
#define ROUTES_TASKS_SCHEMAS_H

#include "db/tasks.h"
#include "routes/frame/route.h"
#include "routes/frame/task_kind.h"
#include "routes/shapes.h"
#include "routes/tasks/tasks.h"

struct square_new {
    const char *num;
};

SCHEMA(square_new, "SquareNew",
       FIELD(struct square_new, num, FIELD_DIGITS, .from = FROM_PATH, .required = true,
             .max = NUM_DIGITS_MAX, .description = "An integer of up to 1,000 digits.",
             .example = "\"12\""));

struct square_queued {
    int64_t id;
    const char *num; /* JSON */
    int state;
};

SCHEMA(square_queued, "SquareQueued",
       FIELD(struct square_queued, id, FIELD_INT,
             .description = "The task's id, for `GET /api/tasks/{task_id}`."),
       FIELD(struct square_queued, num, FIELD_JSON,
             .description = "The number; a string if it is beyond 2^53."),
       FIELD(struct square_queued, state, FIELD_ENUM, .values = task_state_words));

struct task_query {
    int64_t task_id;
};

SCHEMA(task_query, "TaskQuery",
       PATH_ID(struct task_query, task_id, .description = "The task's id."));

#define TASK_STATE_HELP "`failed`: runs again at `run_at`; `dead`: runs again only if retried."
#define TASK_SUMMARY                                                                               \
    FIELD(struct task, id, FIELD_INT),                                                             \
        FIELD(struct task, kind, FIELD_TEXT, .example = "\"square\""),                             \
        FIELD(struct task, state, FIELD_ENUM, .values = task_state_words,                          \
              .description = TASK_STATE_HELP),                                                     \
        FIELD(struct task, progress, FIELD_INT, .description = "In percent."),                     \
        FIELD(struct task, attempts, FIELD_INT, .description = "The number of runs so far."),      \
        FIELD(struct task, max_attempts, FIELD_INT), FIELD(struct task, cancel_asked, FIELD_BOOL), \
        FIELD(struct task, owner_id, FIELD_INT, .nullable = true,                                  \
              .description = "The user whose task it is; null for the server's own."),             \
        FIELD(struct task, error, FIELD_TEXT, .nullable = true,                                    \
              .description = "The error of the last run."),                                        \
        FIELD(struct task, created_at, FIELD_TIME), FIELD(struct task, run_at, FIELD_TIME),        \
        FIELD(struct task, started_at, FIELD_TIME, .nullable = true),                              \
        FIELD(struct task, ended_at, FIELD_TIME, .nullable = true)

SCHEMA(task, "Task", TASK_SUMMARY, FIELD(struct task, arguments, FIELD_JSON),
       FIELD(struct task, result, FIELD_JSON));

static const struct shape task_summary_shape = SHAPE("TaskSummary", struct task, TASK_SUMMARY);

struct task_list_query {
    int state, mine;
    const char *kind;
    int64_t limit, cursor;
};

SCHEMA(
    task_list_query, "TaskListQuery",
    FIELD(struct task_list_query, state, FIELD_ENUM, .from = FROM_QUERY, .values = task_state_words,
          .default_value = -1, .description = "Only tasks in this state."),
    FIELD(struct task_list_query, kind, FIELD_TEXT, .from = FROM_QUERY, .min = 1, .max = 40,
          .description = "Only tasks of this kind."),
    FIELD(struct task_list_query, mine, FIELD_BOOL, .from = FROM_QUERY,
          .description = "Only your own tasks; matters for admins, who otherwise get everybody's."),
    PAGE_FIELDS(struct task_list_query));

static const struct shape task_list_shape = NUMBER_PAGE("TaskList", task_summary_shape, PAGE_NEXT);

/* The handlers; views.c documents their replies. */
HANDLER(queue_square, square_new)
HANDLER(get_task, task_query)
HANDLER(list_tasks, task_list_query)
HANDLER(cancel_task, task_query)
HANDLER(retry_task, task_query)

#endif
