/* `fastchat task`: lists and changes background tasks, for operators. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "db/tasks.h"
#include "fcgi/cli/commands.h"

enum { LIST_DEFAULT = 50, LIST_MAX = 10000, KINDS_MAX = 100, ROWS_AT_ONCE = 1000 };

/* Operators see the tasks of all users. */
static const struct task_viewer everybody = {.all = true};

/* Reads --state, -1 without it. Returns 0 or the exit status. */
static int
task_read_state(const struct arguments *a, int *state)
{
    const char *name = argument_text(a, "state");

    *state = -1;
    for (int i = 0; name != NULL && task_state_words[i] != NULL; i++) {
        if (strcmp(name, task_state_words[i]) == 0) {
            *state = i;
        }
    }
    return name != NULL && *state < 0 ? command_usage_error(a, "--state: %s is not a state", name)
                                      : 0;
}

/* Reads the operand. Returns 0 or the exit status. */
static int
task_read_id(const struct arguments *a, int64_t *id)
{
    const char *text = a->operand;

    return number_read(&text, id) && *text == '\0' && *id > 0
               ? 0
               : command_usage_error(a, "%s is not the number of a task", a->operand);
}

/* A readable time; "-" for 0. `text` has room for CLOCK_TEXT_SIZE. */
static const char *
task_time(int64_t ms, char *text)
{
    if (ms == 0) {
        return "-";
    }
    text[clock_format(ms, text)] = '\0';
    return text;
}

static int
task_db_status(const struct arguments *a, enum db_result r, int64_t id)
{
    char missing[64];

    (void)snprintf(missing, sizeof(missing), "task %" PRId64 " does not exist", id);
    return command_db_status(a, r, missing);
}

static int
task_list_print(struct resources *r, const struct arguments *a)
{
    struct task_filter filter = {.kind = argument_text(a, "kind"),
                                 .limit = (size_t)argument_number(a, "limit", LIST_DEFAULT)};
    struct task *tasks = arena_array(&r->arena, filter.limit, sizeof(*tasks));
    char text[CLOCK_TEXT_SIZE];
    size_t count;
    int status;

    status = task_read_state(a, &filter.state);
    if (status != 0) {
        return status;
    }
    status = task_db_status(a, task_list(r->db, &r->arena, &everybody, &filter, tasks, &count), 0);
    if (status != 0) {
        return status;
    }
    (void)printf("%8s %-22s %-9s %4s %7s %-29s %7s %s\n", "ID", "KIND", "STATE", "%", "RUNS",
                 "CREATED", "OWNER", "ERROR");
    for (size_t i = 0; i < count; i++) {
        const struct task *t = &tasks[i];

        (void)printf("%8" PRId64 " %-22s %-9s %4" PRId64 " %3" PRId64 "/%-3" PRId64
                     " %-29s %7" PRId64 " %.60s\n",
                     t->id, t->kind, task_state_words[t->state], t->progress, t->attempts,
                     t->max_attempts, task_time(t->created_at, text), t->owner_id,
                     t->error == NULL ? "" : t->error);
    }
    if (count == filter.limit) {
        (void)printf("(the newest %zu; --limit N shows more)\n", count);
    }
    return 0;
}

static int
task_show(struct resources *r, const struct arguments *a)
{
    struct task t;
    char text[CLOCK_TEXT_SIZE];
    int64_t id;
    int status;

    status = task_read_id(a, &id);
    if (status != 0) {
        return status;
    }
    status = task_db_status(a, task_find(r->db, &r->arena, &everybody, id, &t), id);
    if (status != 0) {
        return status;
    }
    (void)printf("id         %" PRId64 "\nkind       %s\nstate      %s%s\nprogress   %" PRId64
                 " %%\nruns       %" PRId64 " of %" PRId64 "\n",
                 t.id, t.kind, task_state_words[t.state],
                 t.cancel_asked && t.state == TASK_RUNNING ? ", asked to end" : "", t.progress,
                 t.attempts, t.max_attempts);
    (void)printf("owner      %" PRId64 "\nrunner     %s\n", t.owner_id,
                 t.runner[0] == '\0' ? "-" : t.runner);
    (void)printf("created    %s\n", task_time(t.created_at, text));
    (void)printf("run at     %s\n", task_time(t.run_at, text));
    (void)printf("started    %s\n", task_time(t.started_at, text));
    (void)printf("ended      %s\n", task_time(t.ended_at, text));
    (void)printf("arguments  %s\nresult     %s\nerror      %s\n", t.arguments,
                 t.result == NULL ? "-" : t.result, t.error == NULL ? "-" : t.error);
    return 0;
}

static int
task_retry_one(struct resources *r, const struct arguments *a)
{
    enum db_result result;
    struct task task;
    int64_t id;
    int status = task_read_id(a, &id);

    if (status != 0) {
        return status;
    }
    result = task_retry(r->db, &r->arena, &everybody, id, &task);
    if (result == DB_CONFLICT) {
        return command_failure(a, "task %" PRId64 " has not failed: it waits, runs or is done", id);
    }
    if (result == DB_OK) {
        tasks_wake(r->redis);
        (void)printf("task %" PRId64 " is queued\n", id);
    }
    return task_db_status(a, result, id);
}

static int
task_cancel_one(struct resources *r, const struct arguments *a)
{
    enum db_result result;
    struct task task;
    int64_t id;
    int status = task_read_id(a, &id);

    if (status != 0) {
        return status;
    }
    result = task_cancel(r->db, &r->arena, &everybody, id, &task);
    if (result == DB_CONFLICT) {
        return command_failure(a, "task %" PRId64 " has ended already", id);
    }
    if (result == DB_OK) {
        (void)printf("task %" PRId64 " is cancelled; if it runs, it was asked to end\n", id);
    }
    return task_db_status(a, result, id);
}

static int
task_purge_all(struct resources *r, const struct arguments *a)
{
    uint64_t total = 0, deleted = ROWS_AT_ONCE;
    int state, status = task_read_state(a, &state);

    if (status != 0) {
        return status;
    }
    if (state == TASK_QUEUED || state == TASK_RUNNING || state == TASK_FAILED) {
        return command_usage_error(a, "--state: only done, dead or cancelled tasks are deleted");
    }
    while (deleted == ROWS_AT_ONCE) {
        enum db_result result = state < 0 ? task_purge(r->db, ROWS_AT_ONCE, &deleted)
                                          : task_purge_state(r->db, (enum task_state)state,
                                                             ROWS_AT_ONCE, &deleted);

        if (result != DB_OK) {
            return task_db_status(a, result, 0);
        }
        total += deleted;
    }
    (void)printf("%" PRIu64 " tasks were deleted\n", total);
    return 0;
}

static int
task_stats_print(struct resources *r, const struct arguments *a)
{
    struct task_count *kinds = arena_array(&r->arena, KINDS_MAX, sizeof(*kinds));
    size_t count;
    int status = task_db_status(a, task_stats(r->db, &r->arena, kinds, KINDS_MAX, &count), 0);

    if (status != 0) {
        return status;
    }
    (void)printf("%-22s", "KIND");
    for (int s = 0; s < TASK_STATES; s++) {
        (void)printf(" %9s", task_state_words[s]);
    }
    (void)printf(" %12s\n", "waits for");
    for (size_t i = 0; i < count; i++) {
        (void)printf("%-22s", kinds[i].kind);
        for (int s = 0; s < TASK_STATES; s++) {
            (void)printf(" %9" PRId64, kinds[i].states[s]);
        }
        (void)printf(" %10.1f s\n", (double)kinds[i].oldest_ms / 1000);
    }
    return 0;
}

static const struct command_option list_options[] = {
    {.name = "state", .value = "STATE", .help = "queued, running, done, failed, dead or cancelled"},
    {.name = "kind", .value = "KIND", .help = "only tasks of this kind"},
    {.name = "limit", .value = "N", .help = "at most N (default: 50)", .min = 1, .max = LIST_MAX},
    {.name = NULL},
};
static const struct command_option purge_options[] = {
    {.name = "state",
     .value = "STATE",
     .help = "delete all tasks in this state: done, dead or cancelled"},
    {.name = NULL},
};

/* Each subcommand's body runs with the stores of one thread. */
#define TASK_SUBCOMMAND(function)                                                                  \
    static int function##_run(const struct arguments *a)                                           \
    {                                                                                              \
        return command_with_stores("task", a, function);                                           \
    }
TASK_SUBCOMMAND(task_list_print)
TASK_SUBCOMMAND(task_show)
TASK_SUBCOMMAND(task_retry_one)
TASK_SUBCOMMAND(task_cancel_one)
TASK_SUBCOMMAND(task_purge_all)
TASK_SUBCOMMAND(task_stats_print)

static const struct command subcommands[] = {
    {.name = "list",
     .summary = "list tasks, the newest first",
     .options = list_options,
     .run = task_list_print_run},
    {.name = "show",
     .operand = "ID",
     .summary = "show a task with its arguments, result and error",
     .run = task_show_run},
    {.name = "retry",
     .operand = "ID",
     .summary = "queue a failed, dead or cancelled task again",
     .run = task_retry_one_run},
    {.name = "cancel", .operand = "ID", .summary = "cancel a task", .run = task_cancel_one_run},
    {.name = "purge",
     .summary = "delete tasks that ended long ago, or all of one state",
     .options = purge_options,
     .run = task_purge_all_run},
    {.name = "stats", .summary = "count the tasks by kind and state", .run = task_stats_print_run},
    {.name = NULL},
};
const struct command task_command = {
    .name = "task",
    .summary = "list, show, retry, cancel and delete background tasks",
    .subcommands = subcommands,
};
