/* The tasks group: work longer than a request. */
#ifndef ROUTES_TASKS_TASKS_H
#define ROUTES_TASKS_TASKS_H

#include "routes/frame/route.h"
#include "routes/frame/task_kind.h"

extern const struct route tasks_routes[];
extern const struct task_kind *const tasks_kinds[]; /* ends with NULL */

#endif
