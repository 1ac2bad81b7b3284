/* What an operator sees of the tasks, and does to them. */
#include "fcgi/cli/task_command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "db/tasks.h"
#include "fcgi/cli/subcommands.h"

enum { USAGE_ERROR = 2, KINDS_SHOWN = 100, ROWS_AT_ONCE = 1000 };

/* An operator sees everybody's. */
static const struct task_viewer everybody = {.all = true};

/* The state of --state; -1 where it was not given. False after having said that there is no such state. */
static bool
read_state(const struct call *call, int *state)
{
    *state = -1;
    for (int i = 0; call->state != NULL && task_state_names[i] != NULL; i++) {
        if (strcmp(call->state, task_state_names[i]) == 0) {
            *state = i;
        }
    }
    if (call->state != NULL && *state < 0) {
        (void)verb_complain(USAGE_ERROR, "there is no state %s", call->state);
        return false;
    }
    return true;
}

/* The task that was named; false after having said that it is no number. */
static bool
read_id(const struct call *call, int64_t *id)
{
    const char *word = call->subject;

    if (!number_read(&word, id) || *word != '\0' || *id <= 0) {
        (void)verb_complain(USAGE_ERROR, "a task has a number, not %s", call->subject);
        return false;
    }
    return true;
}

static int
judge(enum db_result r, int64_t id)
{
    char missing[64];

    (void)snprintf(missing, sizeof(missing), "there is no task %" PRId64, id);
    return verb_judge(r, missing);
}

static int
list(struct resources *r, const struct call *call)
{
    struct task_filter filter = {.kind = call->kind, .limit = (size_t)call->limit};
    struct task *tasks = arena_array(&r->arena, filter.limit, sizeof(*tasks));
    char text[CLOCK_TEXT_SIZE];
    size_t count;
    int status;

    if (!read_state(call, &filter.state)) {
        return USAGE_ERROR;
    }
    status = judge(task_list(r->db, &r->arena, &everybody, &filter, tasks, &count), 0);
    if (status != 0) {
        return status;
    }
    (void)printf("%8s %-22s %-9s %4s %7s %-29s %7s %s\n", "ID", "KIND", "STATE", "%", "RUNS",
                 "CREATED", "OWNER", "ERROR");
    for (size_t i = 0; i < count; i++) {
        const struct task *t = &tasks[i];

        (void)printf("%8" PRId64 " %-22s %-9s %4" PRId64 " %3" PRId64 "/%-3" PRId64
                     " %-29s %7" PRId64 " %.60s\n",
                     t->id, t->kind, task_state_names[t->state], t->progress, t->attempts,
                     t->max_attempts, verb_time(t->created_at, text), t->owner_id,
                     t->error == NULL ? "" : t->error);
    }
    if (count == filter.limit) {
        (void)printf("(the newest %zu; --limit N shows more)\n", count);
    }
    return 0;
}

static int
show(struct resources *r, const struct call *call)
{
    struct task t;
    char text[CLOCK_TEXT_SIZE];
    int64_t id;
    int status;

    if (!read_id(call, &id)) {
        return USAGE_ERROR;
    }
    status = judge(task_find(r->db, &r->arena, &everybody, id, &t), id);
    if (status != 0) {
        return status;
    }
    (void)printf("id         %" PRId64 "\nkind       %s\nstate      %s%s\nprogress   %" PRId64
                 " %%\nruns       %" PRId64 " of %" PRId64 "\n",
                 t.id, t.kind, task_state_names[t.state],
                 t.cancel_asked && t.state == TASK_RUNNING ? ", told to end" : "", t.progress,
                 t.attempts, t.max_attempts);
    (void)printf("owner      %" PRId64 "\nrunner     %s\n", t.owner_id,
                 t.runner[0] == '\0' ? "-" : t.runner);
    (void)printf("created    %s\n", verb_time(t.created_at, text));
    (void)printf("run at     %s\n", verb_time(t.run_at, text));
    (void)printf("started    %s\n", verb_time(t.started_at, text));
    (void)printf("ended      %s\n", verb_time(t.ended_at, text));
    (void)printf("arguments  %s\nresult     %s\nerror      %s\n", t.arguments,
                 t.result == NULL ? "-" : t.result, t.error == NULL ? "-" : t.error);
    return 0;
}

static int
retry(struct resources *r, const struct call *call)
{
    enum db_result result;
    struct task task;
    int64_t id;

    if (!read_id(call, &id)) {
        return USAGE_ERROR;
    }
    result = task_retry(r->db, &r->arena, &everybody, id, &task);
    if (result == DB_CONFLICT) {
        return verb_complain(1, "task %" PRId64 " has not failed: it waits, runs or is done", id);
    }
    if (result == DB_OK) {
        tasks_wake(r->redis);
        (void)printf("task %" PRId64 " is queued\n", id);
    }
    return judge(result, id);
}

static int
cancel(struct resources *r, const struct call *call)
{
    enum db_result result;
    struct task task;
    int64_t id;

    if (!read_id(call, &id)) {
        return USAGE_ERROR;
    }
    result = task_cancel(r->db, &r->arena, &everybody, id, &task);
    if (result == DB_CONFLICT) {
        return verb_complain(1, "task %" PRId64 " has ended already", id);
    }
    if (result == DB_OK) {
        (void)printf("task %" PRId64 " is cancelled; one that runs is told to end\n", id);
    }
    return judge(result, id);
}

static int
purge(struct resources *r, const struct call *call)
{
    uint64_t total = 0, deleted = ROWS_AT_ONCE;
    int state;

    if (!read_state(call, &state)) {
        return USAGE_ERROR;
    }
    if (state == TASK_QUEUED || state == TASK_RUNNING || state == TASK_FAILED) {
        return verb_complain(USAGE_ERROR,
                             "only what has ended is deleted: done, dead or cancelled");
    }
    while (deleted == ROWS_AT_ONCE) {
        enum db_result result = state < 0 ? task_purge(r->db, ROWS_AT_ONCE, &deleted)
                                          : task_purge_state(r->db, (enum task_state)state,
                                                             ROWS_AT_ONCE, &deleted);

        if (result != DB_OK) {
            return judge(result, 0);
        }
        total += deleted;
    }
    (void)printf("%" PRIu64 " tasks are deleted\n", total);
    return 0;
}

static int
stats(struct resources *r, const struct call *call)
{
    struct task_count *kinds = arena_array(&r->arena, KINDS_SHOWN, sizeof(*kinds));
    size_t count;
    int status = judge(task_stats(r->db, &r->arena, kinds, KINDS_SHOWN, &count), 0);

    (void)call;
    if (status != 0) {
        return status;
    }
    (void)printf("%-22s", "KIND");
    for (int s = 0; s < TASK_STATES; s++) {
        (void)printf(" %9s", task_state_names[s]);
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

static const struct verb verbs[] = {
    {"list", list, NULL, "skl"},
    {"show", show, "the number of a task", ""},
    {"retry", retry, "the number of a task", ""},
    {"cancel", cancel, "the number of a task", ""},
    {"purge", purge, NULL, "s"},
    {"stats", stats, NULL, ""},
    {0},
};

int
task_command(int count, char **words)
{
    return verbs_run("task", verbs, count, words);
}
