/* The input and output shapes of the lab group. */
#include "routes/lab/lab.h"

#include "db/tasks.h"

const struct shape lab_new_shape = SHAPE("LabNew", struct lab_new,
    FIELD(struct lab_new, tasks, FIELD_INT, .min = 1, .max = LAB_TASKS_MAX, .default_value = 20,
          .description = "The number of tasks."),
    FIELD(struct lab_new, cpu, FIELD_INT, .min = 0, .max = LAB_CPU_MAX, .default_value = 20,
          .description = "Units of computing in each task; one takes about a millisecond."),
    FIELD(struct lab_new, wait_ms, FIELD_INT, .min = 0, .max = LAB_WAIT_MAX_MS, .default_value = 890,
          .description = "How long each task waits for its request, in milliseconds."),
    FIELD(struct lab_new, repeat, FIELD_INT, .min = 1, .max = LAB_REPEAT_MAX, .default_value = 1,
          .description = "The number of runs; the figures are their medians."));

const struct shape lab_queued_shape = SHAPE("LabQueued", struct lab_queued,
    FIELD(struct lab_queued, id, FIELD_INT, .description = "The task's id, for `GET /api/tasks/{task_id}`."),
    FIELD(struct lab_queued, state, FIELD_ENUM, .values = task_state_names));
