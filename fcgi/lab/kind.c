/* Reads the arguments, runs the lab in the task's process, and reports the figures. */
#include "fcgi/lab/kind.h"

#include "fcgi/lab/lab.h"
#include "routes/lab/lab.h"

/* Returns false if the argument is missing or out of its range. */
static bool
lab_read_number(struct json_value arguments, const char *name, int least, int most, int *n)
{
    struct json_value member = json_member(arguments, name);
    int64_t value = member.kind == JSON_INTEGER ? json_int64(member) : -1;

    *n = (int)value;
    return value >= least && value <= most;
}

static bool
lab_read_arguments(const struct task_run *run, struct lab_settings *s)
{
    struct json_value arguments = task_arguments(run);

    return lab_read_number(arguments, "tasks", 1, LAB_TASKS_MAX, &s->tasks) &&
           lab_read_number(arguments, "cpu", 0, LAB_CPU_MAX, &s->cpu) &&
           lab_read_number(arguments, "wait_ms", 0, LAB_WAIT_MAX_MS, &s->wait_ms) &&
           lab_read_number(arguments, "repeat", 1, LAB_REPEAT_MAX, &s->repeat);
}

static void
lab_report_progress(void *context, int percent, const char *now)
{
    (void)now;
    task_progress(context, percent);
}

static enum task_outcome
lab_work_task(struct task_run *run)
{
    struct lab_settings settings = LAB_USUAL;
    const struct lab_watcher watcher = {task_is_cancelled, lab_report_progress, run};
    struct lab_result result;
    struct buf json = {0};
    enum task_outcome outcome;
    const char *wrong;

    if (!lab_read_arguments(run, &settings)) {
        return task_refuse(run,
                           "its arguments must be {\"tasks\": 1 to %d, \"cpu\": 0 to %d, "
                           "\"wait_ms\": 0 to %d, \"repeat\": 1 to %d}",
                           LAB_TASKS_MAX, LAB_CPU_MAX, LAB_WAIT_MAX_MS, LAB_REPEAT_MAX);
    }
    wrong = lab_run(run->settings, &settings, &watcher, &result);
    if (wrong == lab_stopped) {
        return task_stopped(run);
    }
    if (wrong != NULL) {
        return task_wrong(run, "%s", wrong);
    }
    lab_write_json(&result, &json);
    outcome = task_result(run, &json);
    buf_free(&json);
    return outcome;
}

static const struct task_kind lab_kind = {
    .name = LAB_KIND, .work = lab_work_task, .limit_seconds = 3600, .max_attempts = 1};

const struct task_kind *const lab_kinds[] = {&lab_kind, NULL};
