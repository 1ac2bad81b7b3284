/* What the tasks group answers, and the kinds of tasks that it brings. */
#include "routes/tasks/tasks.h"

#include "routes/tasks/clean_up.h"
#include "routes/tasks/schemas.h"
#include "routes/tasks/square.h"
#include "routes/tasks/views.h"

const struct task_kind *const tasks_kinds[] = {
    &square_kind, &clean_sessions_kind, &clean_tasks_kind, &clean_exports_kind, &clean_presence_kind, NULL,
};

const struct route tasks_routes[] = {
    {
        .method = POST, .path = "/api/task/{num}", .handler = queue_square,
        .runs = FAST_IO, .who = USER,
        .in = &square_new_shape, .out = &square_queued_shape, .status = 202, .tag = "tasks",
        .summary = "Queue a task that takes its time and squares the number",
    },
    {
        .method = GET, .path = "/api/task/{num}", .handler = queue_square,
        .runs = FAST_IO, .who = USER,
        .in = &square_new_shape, .out = &square_queued_shape, .status = 202, .tag = "tasks",
        .summary = "The same, as the course calls it: each call queues a task",
    },
    {
        .method = GET, .path = "/api/tasks", .handler = list_tasks,
        .runs = FAST_IO, .who = USER,
        .in = &task_list_query_shape, .out = &task_list_shape, .status = 200, .tag = "tasks",
        .summary = "My tasks, an admin's everybody's, the newest first",
    },
    {
        .method = GET, .path = "/api/tasks/{task_id}", .handler = get_task,
        .runs = FAST_IO, .who = USER,
        .in = &task_query_shape, .out = &task_shape, .status = 200, .tag = "tasks",
        .problems = PROBLEMS(NO_SUCH_TASK),
        .summary = "A task: its state, progress, result or error",
    },
    {
        .method = POST, .path = "/api/tasks/{task_id}/cancel", .handler = cancel_task,
        .runs = FAST_IO, .who = USER,
        .in = &task_query_shape, .out = &task_shape, .status = 200, .tag = "tasks",
        .problems = PROBLEMS(NO_SUCH_TASK, TASK_HAS_ENDED),
        .summary = "Cancel a task: at once where it waits; one that runs is told to end",
    },
    {
        .method = POST, .path = "/api/tasks/{task_id}/retry", .handler = retry_task,
        .runs = FAST_IO, .who = USER,
        .in = &task_query_shape, .out = &task_shape, .status = 200, .tag = "tasks",
        .problems = PROBLEMS(NO_SUCH_TASK, TASK_NOT_OVER),
        .summary = "Run a task again that failed, is dead or was cancelled",
    },
    ROUTES_END,
};
