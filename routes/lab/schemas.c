/* What the lab group takes and gives. */
#include "routes/lab/schemas.h"

#include "db/tasks.h"
#include "routes/lab/lab.h"

const struct shape lab_new_shape = SHAPE(
    "LabNew", struct lab_new,
    FIELD(struct lab_new, tasks, FIELD_INT, .min = 1, .max = LAB_TASKS_MAX, .fallback = 20,
          .about = "how many there are to be done"),
    FIELD(struct lab_new, cpu, FIELD_INT, .min = 0, .max = LAB_CPU_MAX, .fallback = 20,
          .about = "units of work of each, of about a millisecond"),
    FIELD(struct lab_new, wait_ms, FIELD_INT, .min = 0, .max = LAB_WAIT_MAX_MS, .fallback = 890,
          .about = "how long the request of each waits for its answer"),
    FIELD(struct lab_new, repeat, FIELD_INT, .min = 1, .max = LAB_REPEAT_MAX, .fallback = 1,
          .about = "how often all of it is done; the figures are medians"));

const struct shape lab_queued_shape = SHAPE(
    "LabQueued", struct lab_queued,
    FIELD(struct lab_queued, id, FIELD_INT, .about = "the task's: GET /api/tasks/{task_id}"),
    FIELD(struct lab_queued, state, FIELD_WORD, .words = task_state_names));
