/* The tasks group: work that outlives a request. */
#ifndef ROUTES_TASKS_TASKS_H
#define ROUTES_TASKS_TASKS_H

#include "routes/frame/task_kind.h"

extern const struct task_kind *const tasks_kinds[]; /* ends with NULL */

enum { NUM_DIGITS_MAX = 1000 };

#endif
