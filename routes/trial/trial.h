/*
 * The trial group: routes that only exist with APP_ENV=test, for tests and measurements of the
 * process shapes.
 */
#ifndef ROUTES_TRIAL_TRIAL_H
#define ROUTES_TRIAL_TRIAL_H

#include "routes/frame/route.h"
#include "routes/frame/task_kind.h"

extern const struct route_group trial_group;
extern const struct task_kind *const trial_kinds[]; /* ends with NULL */

#endif
