/* What the lab group takes and gives. */
#include "routes/lab/lab.h"

#include "db/tasks.h"

const struct shape lab_new_shape = SHAPE("LabNew", struct lab_new,
    FIELD(struct lab_new, tasks, FIELD_INT, .min = 1, .max = LAB_TASKS_MAX, .default_value = 20,
          .description = "how many there are to be done"),
    FIELD(struct lab_new, cpu, FIELD_INT, .min = 0, .max = LAB_CPU_MAX, .default_value = 20,
          .description = "units of work of each, of about a millisecond"),
    FIELD(struct lab_new, wait_ms, FIELD_INT, .min = 0, .max = LAB_WAIT_MAX_MS, .default_value = 890,
          .description = "how long the request of each waits for its answer"),
    FIELD(struct lab_new, repeat, FIELD_INT, .min = 1, .max = LAB_REPEAT_MAX, .default_value = 1,
          .description = "how often all of it is done; the figures are medians"));

const struct shape lab_queued_shape = SHAPE("LabQueued", struct lab_queued,
    FIELD(struct lab_queued, id, FIELD_INT, .description = "the task's: GET /api/tasks/{task_id}"),
    FIELD(struct lab_queued, state, FIELD_ENUM, .values = task_state_names));
