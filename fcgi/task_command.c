/* Tables and lines for a terminal; errors on stderr, exit status 1, or 2 for words that cannot be understood. */
#include "fcgi/task_command.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "db/tasks.h"
#include "fcgi/app.h"

enum { USAGE_ERROR = 2, KINDS_SHOWN = 100, ROWS_AT_ONCE = 1000, LIST_MAX = 10000 };

struct call {
    int64_t id;
    int state; /* -1: not given */
    const char *kind;
    int64_t limit;
};

/* An operator sees everybody's. */
static const struct task_viewer operator= {.all = true};

/* Returns `status`. */
__attribute__((format(printf, 2, 3))) static int
complain(int status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)fputs("fastchat task: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    return status;
}

static int
judge(enum db_result r, int64_t id)
{
    switch (r) {
    case DB_OK:
        return 0;
    case DB_NONE:
        return complain(1, "there is no task %" PRId64, id);
    case DB_DOWN:
        return complain(1, "the database is away");
    default:
        return complain(1, "the database refused; is it migrated? (`fastchat migrate --status`)");
    }
}

static const char *
when(int64_t ms, char text[static CLOCK_TEXT_SIZE])
{
    if (ms == 0) {
        return "-";
    }
    text[clock_format(ms, text)] = '\0';
    return text;
}

static int
list(struct resources *r, const struct call *call)
{
    struct task_filter filter = {
        .state = call->state, .kind = call->kind, .limit = (size_t)call->limit};
    struct task *tasks = arena_array(&r->arena, filter.limit, sizeof(*tasks));
    char text[CLOCK_TEXT_SIZE];
    size_t count;
    int status = judge(task_list(r->db, &r->arena, &operator, & filter, tasks, &count), 0);

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
                     t->max_attempts, when(t->created_at, text), t->owner_id,
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
    int status = judge(task_find(r->db, &r->arena, &operator, call->id, &t), call->id);

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
    (void)printf("created    %s\n", when(t.created_at, text));
    (void)printf("run at     %s\n", when(t.run_at, text));
    (void)printf("started    %s\n", when(t.started_at, text));
    (void)printf("ended      %s\n", when(t.ended_at, text));
    (void)printf("arguments  %s\nresult     %s\nerror      %s\n", t.arguments,
                 t.result == NULL ? "-" : t.result, t.error == NULL ? "-" : t.error);
    return 0;
}

static int
retry(struct resources *r, const struct call *call)
{
    enum db_result result = task_retry(r->db, &operator, call->id);

    if (result == DB_CONFLICT) {
        return complain(1, "task %" PRId64 " has not failed: it waits, runs or is done", call->id);
    }
    if (result == DB_OK) {
        tasks_wake(r->redis);
        (void)printf("task %" PRId64 " is queued\n", call->id);
    }
    return judge(result, call->id);
}

static int
cancel(struct resources *r, const struct call *call)
{
    enum db_result result = task_cancel(r->db, &operator, call->id);

    if (result == DB_CONFLICT) {
        return complain(1, "task %" PRId64 " has ended already", call->id);
    }
    if (result == DB_OK) {
        (void)printf("task %" PRId64 " is cancelled; one that runs is told to end\n", call->id);
    }
    return judge(result, call->id);
}

static int
purge(struct resources *r, const struct call *call)
{
    uint64_t total = 0, deleted = ROWS_AT_ONCE;

    if (call->state == TASK_QUEUED || call->state == TASK_RUNNING || call->state == TASK_FAILED) {
        return complain(1, "only what has ended is deleted: done, dead or cancelled");
    }
    while (deleted == ROWS_AT_ONCE) {
        enum db_result result = call->state < 0
                                    ? task_purge(r->db, ROWS_AT_ONCE, &deleted)
                                    : task_purge_state(r->db, (enum task_state)call->state,
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

static const struct verb {
    const char *name;
    int (*run)(struct resources *r, const struct call *call);
    bool takes_id;
    const char *options; /* of getopt, by their first letters */
} verbs[] = {
    {"list", list, false, "skl"}, {"show", show, true, ""},     {"retry", retry, true, ""},
    {"cancel", cancel, true, ""}, {"purge", purge, false, "s"}, {"stats", stats, false, ""},
};

static bool
read_state(const char *word, int *state)
{
    for (int i = 0; task_state_names[i] != NULL; i++) {
        if (strcmp(word, task_state_names[i]) == 0) {
            *state = i;
            return true;
        }
    }
    return false;
}

static bool
read_count(const char *word, int64_t most, int64_t *n)
{
    return number_read(&word, n) && *word == '\0' && *n > 0 && *n <= most;
}

/* What stands behind the verb; 0, or the exit status after having said what is wrong. */
static int
read_words(const struct verb *verb, int count, char **words, struct call *call)
{
    static const struct option options[] = {{"state", required_argument, NULL, 's'},
                                            {"kind", required_argument, NULL, 'k'},
                                            {"limit", required_argument, NULL, 'l'},
                                            {0}};
    int option;

    while ((option = getopt_long(count, words, "", options, NULL)) != -1) {
        if (option == '?' || strchr(verb->options, option) == NULL) {
            return option == '?'
                       ? USAGE_ERROR
                       : complain(USAGE_ERROR, "%s does not take that option", verb->name);
        }
        if (option == 's' && !read_state(optarg, &call->state)) {
            return complain(USAGE_ERROR, "there is no state %s", optarg);
        }
        if (option == 'l' && !read_count(optarg, LIST_MAX, &call->limit)) {
            return complain(USAGE_ERROR, "--limit takes a number from 1 to 10000, not %s", optarg);
        }
        call->kind = option == 'k' ? optarg : call->kind;
    }
    if (verb->takes_id &&
        (count - optind != 1 || !read_count(words[optind], INT64_MAX, &call->id))) {
        return complain(USAGE_ERROR, "%s takes the number of one task", verb->name);
    }
    return !verb->takes_id && count > optind
               ? complain(USAGE_ERROR, "%s takes no such word", verb->name)
               : 0;
}

int
task_command(int count, char **words)
{
    struct call call = {.state = -1, .limit = 50};
    struct resources own;
    struct app *app;
    int status;

    for (size_t i = 0; count > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(words[1], verbs[i].name) == 0) {
            status = read_words(&verbs[i], count - 1, words + 1, &call);
            app = status == 0 ? create_app("task") : NULL;
            if (app == NULL) {
                return status == 0 ? 1 : status;
            }
            resources_open(&own, app);
            status = verbs[i].run(&own, &call);
            resources_close(&own);
            free_app(app);
            return status;
        }
    }
    return complain(USAGE_ERROR, "%s",
                    count > 1 ? "list, show, retry, cancel, purge and stats are what it does"
                              : "list, show, retry, cancel, purge or stats?");
}
