/* The course's example of a task: squares an integer, slowly on purpose (TASK_DEMO_SECONDS). */
#ifndef ROUTES_TASKS_SQUARE_H
#define ROUTES_TASKS_SQUARE_H

#include "routes/frame/task_kind.h"

extern const struct task_kind square_kind;

/* The shortest form of an integer (digits, after an optional '-'): "-007" is "-7", "-0" is "0". */
const char *square_canonical(struct arena *a, const char *num) __attribute__((nonnull));

/*
 * The integer as JSON: a number up to 2^53, beyond that a string, since not every reader keeps
 * larger numbers exact.
 */
const char *square_json(struct arena *a, const char *canonical) __attribute__((nonnull));

#endif
