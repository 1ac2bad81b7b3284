/* The course's task: the square of an integer, which takes its time. */
#ifndef ROUTES_TASKS_SQUARE_H
#define ROUTES_TASKS_SQUARE_H

#include "routes/frame/task_kind.h"

extern const struct task_kind square_kind;

/* A number of digits with or without '-', in its shortest form: "-007" is "-7", "-0" is "0". */
const char *square_canonical(struct arena *a, const char *num) __attribute__((nonnull));

/* The number in JSON: as a string where not every reader would keep it exact (beyond 2^53). */
const char *square_json(struct arena *a, const char *canonical) __attribute__((nonnull));

#endif
