/* What the tasks group answers, and the kinds of tasks that it brings. */
#include "routes/tasks/tasks.h"

#include "routes/tasks/clean_up.h"
#include "routes/tasks/square.h"

const struct task_kind *const tasks_kinds[] = {
    &square_kind, &clean_sessions_kind, &clean_tasks_kind, &clean_exports_kind, &clean_presence_kind, NULL,
};

static const struct route routes[] = {
    {
        .method = POST, .path = "/api/task/{num}", INPUT(queue_square, square_new),
        .out = &square_queued_shape, .status = 202,
        .summary = "Queue a task that takes its time and squares the number",
    },
    {
        .method = GET, .path = "/api/task/{num}", INPUT(queue_square, square_new),
        .out = &square_queued_shape, .status = 202,
        .summary = "The same, as the course calls it: each call queues a task",
    },
    {
        .method = GET, .path = "/api/tasks", INPUT(list_tasks, task_list_query),
        .out = &task_list_shape, .status = 200,
        .summary = "My tasks, an admin's everybody's, the newest first",
    },
    {
        .method = GET, .path = "/api/tasks/{task_id}", INPUT(get_task, task_query),
        .out = &task_shape, .status = 200,
        .problems = PROBLEMS(NO_SUCH_TASK),
        .summary = "A task: its state, progress, result or error",
    },
    {
        .method = POST, .path = "/api/tasks/{task_id}/cancel", INPUT(cancel_task, task_query),
        .out = &task_shape, .status = 200,
        .problems = PROBLEMS(NO_SUCH_TASK, TASK_HAS_ENDED),
        .summary = "Cancel a task: at once where it waits; one that runs is told to end",
    },
    {
        .method = POST, .path = "/api/tasks/{task_id}/retry", INPUT(retry_task, task_query),
        .out = &task_shape, .status = 200,
        .problems = PROBLEMS(NO_SUCH_TASK, TASK_NOT_OVER),
        .summary = "Run a task again that failed, is dead or was cancelled",
    },
    ROUTES_END,
};

const struct route_group tasks_group = {.tag = "tasks", .routes = routes};
