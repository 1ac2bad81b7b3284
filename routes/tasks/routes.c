/* The route table of the tasks group, and the kinds of tasks that it brings. */
#include "routes/groups.h"
#include "routes/tasks/schemas.h"

#include "routes/tasks/clean_up.h"
#include "routes/tasks/square.h"

const struct task_kind *const tasks_kinds[] = {
    &square_kind, &clean_sessions_kind, &clean_guesses_kind, &clean_rooms_kind, &clean_tasks_kind, &clean_exports_kind,
    &clean_presence_kind, NULL,
};

static const struct route routes[] = {
    {
        .method = POST, .path = "/api/task/{num}", INPUT(queue_square, square_new),
        .out = &square_queued_shape, .status = 202,
        .problems = PROBLEMS(TOO_MANY_TASKS),
        .summary = "Queue a slow task that squares a number",
        .description = "An example of a background task: it takes a few seconds, and its result is `{\"num\": 12, \"q\": \"144\"}`. Each call queues a task of its own. Poll `GET /api/tasks/{task_id}`, or wait for the event `task`.",
    },
    {
        .method = GET, .path = "/api/task/{num}", INPUT(queue_square, square_new),
        .operation = "queue_square_by_get",
        .has_effect = true,
        .out = &square_queued_shape, .status = 202,
        .problems = PROBLEMS(TOO_MANY_TASKS, NO_PREFETCH),
        .summary = "Queue a slow task that squares a number; each call queues one",
        .description = "The same as the POST, for a browser's address bar. HEAD queues nothing, and a prefetch is refused.",
    },
    {
        .method = GET, .path = "/api/tasks", INPUT(list_tasks, task_list_query),
        .out = &task_list_shape, .status = 200,
        .summary = "List your tasks, or as an admin everybody's, newest first",
        .description = "Without `arguments` and `result`. Admins get everybody's tasks, with `mine=true` only their own. Ended tasks are kept for 7 days, dead ones for 30.",
    },
    {
        .method = GET, .path = "/api/tasks/{task_id}", INPUT(get_task, task_query),
        .out = &task_shape, .status = 200,
        .problems = PROBLEMS(NO_SUCH_TASK),
        .summary = "Get a task: its state, progress, result or error",
        .description = "The `result` is there when `state` is `done`. The task of somebody else is 404 `no_such_task`, except for admins.",
    },
    {
        .method = POST, .path = "/api/tasks/{task_id}/cancel", INPUT(cancel_task, task_query),
        .out = &task_shape, .status = 200,
        .problems = PROBLEMS(NO_SUCH_TASK, TASK_HAS_ENDED),
        .summary = "Cancel a task: a waiting one at once, a running one as soon as it can stop",
        .description = "A task that waits is `cancelled` in the reply. One that runs is asked to end (`cancel_asked`), and does so within seconds.",
    },
    {
        .method = POST, .path = "/api/tasks/{task_id}/retry", INPUT(retry_task, task_query),
        .out = &task_shape, .status = 200,
        .problems = PROBLEMS(NO_SUCH_TASK, TASK_NOT_OVER, TASK_IS_WAITING, TOO_MANY_TASKS),
        .summary = "Queue a failed, dead or cancelled task again",
        .description = "The task is queued to run now. Only after `failed`, `dead` or `cancelled`.",
    },
    ROUTES_END,
};

const struct route_group tasks_group = {
    .tag = "tasks", .description = "Work that outlives a request: queue it, follow it, cancel it.", .routes = routes,
};
