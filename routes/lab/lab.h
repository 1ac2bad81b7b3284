/* The lab group: an admin has the server measure which process shape suits which work here. */
#ifndef ROUTES_LAB_LAB_H
#define ROUTES_LAB_LAB_H

#include "routes/frame/route.h"
#include "routes/frame/shape.h"

extern const struct route_group lab_group;

/* The kind of the task that a run is, and its numbers, of which its arguments are a JSON object. */
#define LAB_KIND "lab"
enum {
    LAB_TASKS_MAX = 100,
    LAB_CPU_MAX = 1000, /* units of work of a task */
    LAB_WAIT_MAX_MS = 5000,
    LAB_REPEAT_MAX = 9,
};
struct lab_new {
    int64_t tasks, cpu, wait_ms, repeat;
};

struct lab_queued {
    int64_t id;
    int state;
};

extern const struct shape lab_new_shape, lab_queued_shape;

/* The handlers; what each replies stands above it in views.c. */
HANDLER(queue_lab, lab_new)

#endif
