/* What the tasks group takes and gives. */
#ifndef ROUTES_TASKS_SCHEMAS_H
#define ROUTES_TASKS_SCHEMAS_H

#include "db/tasks.h"
#include "routes/shapes.h"

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

#endif
