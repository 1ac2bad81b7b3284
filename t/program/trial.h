/* The trial group: routes and kinds of tasks that only the test program has. */
#ifndef T_PROGRAM_TRIAL_H
#define T_PROGRAM_TRIAL_H

#include "routes/frame/route.h"
#include "routes/frame/task_kind.h"

extern const struct route_group trial_group;
extern const struct task_kind *const trial_kinds[]; /* ends with NULL */

#endif
