/* The schemas of the lab group: what its routes take and return, and its handlers. */
#ifndef ROUTES_LAB_SCHEMAS_H
#define ROUTES_LAB_SCHEMAS_H

#include "db/tasks.h"
#include "routes/frame/route.h"
#include "routes/frame/shape.h"
#include "routes/lab/lab.h"

SCHEMA(lab_new, "LabNew",
       FIELD(struct lab_new, tasks, FIELD_INT, .min = 1, .max = LAB_TASKS_MAX, .default_value = 20,
             .description = "The number of tasks."),
       FIELD(struct lab_new, cpu, FIELD_INT, .min = 0, .max = LAB_CPU_MAX, .default_value = 20,
             .description = "Units of computing in each task; one takes about a millisecond."),
       FIELD(struct lab_new, wait_ms, FIELD_INT, .min = 0, .max = LAB_WAIT_MAX_MS,
             .default_value = 890,
             .description = "How long each task waits for its request, in milliseconds."),
       FIELD(struct lab_new, repeat, FIELD_INT, .min = 1, .max = LAB_REPEAT_MAX, .default_value = 1,
             .description = "The number of runs; the figures are their medians."));

struct lab_queued {
    int64_t id;
    int state;
};

SCHEMA(lab_queued, "LabQueued",
       FIELD(struct lab_queued, id, FIELD_INT,
             .description = "The task's id, for `GET /api/tasks/{task_id}`."),
       FIELD(struct lab_queued, state, FIELD_ENUM, .values = task_state_words));

/* The handlers; views.c documents their replies. */
HANDLER(queue_lab, lab_new)

#endif
