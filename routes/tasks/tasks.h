/* The tasks group: work longer than a request. */
#ifndef ROUTES_TASKS_TASKS_H
#define ROUTES_TASKS_TASKS_H

#include "db/tasks.h"
#include "routes/frame/route.h"
#include "routes/frame/task_kind.h"
#include "routes/shapes.h"

extern const struct route_group tasks_group;
extern const struct task_kind *const tasks_kinds[]; /* ends with NULL */

enum { NUM_DIGITS_MAX = 1000 };

struct square_new {
    const char *num;
};
struct square_queued {
    int64_t id;
    const char *num; /* JSON */
    int state;
};
struct task_query {
    int64_t task_id;
};
struct task_list_query {
    int state, mine;
    const char *kind;
    int64_t limit, cursor;
};

extern const struct shape square_new_shape, square_queued_shape, task_query_shape, task_shape,
    task_list_query_shape, task_list_shape;

/* The handlers; what each replies stands above it in views.c. */
HANDLER(queue_square, square_new)
HANDLER(get_task, task_query)
HANDLER(list_tasks, task_list_query)
HANDLER(cancel_task, task_query)
HANDLER(retry_task, task_query)

#endif
