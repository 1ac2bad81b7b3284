/* `fastchat lab`: the table on stdout, progress on stderr if that is a terminal. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fcgi/cli/commands.h"
#include "fcgi/lab/lab.h"
#include "fcgi/lab/say_after.h"

enum { SECOND_MS = 1000 };

static bool
lab_is_never_cancelled(void)
{
    return false;
}

/* Overwrites one line. */
static void
lab_show_progress(void *owner, int percent, const char *now)
{
    bool *shown = owner;

    if (isatty(STDERR_FILENO)) {
        (void)fprintf(stderr, "\r%3d %%  %-40s%s", percent, now, percent == 100 ? "\r\033[K" : "");
        *shown = true;
    }
}

static void
lab_print_result(const struct lab_result *result, bool as_json)
{
    struct buf text = {0};

    if (!as_json) {
        lab_print(result, stdout);
        return;
    }
    lab_write_json(result, &text);
    (void)puts(buf_cstr(&text));
    buf_free(&text);
}

static int
lab_start(const struct app *app, const struct arguments *a)
{
    struct lab_settings usual = LAB_USUAL;
    const struct lab_settings settings = {
        .tasks = (int)argument_number(a, "tasks", usual.tasks),
        .cpu = (int)argument_number(a, "cpu", usual.cpu),
        .wait_ms = (int)argument_number(a, "wait", usual.wait_ms),
        .repeat = (int)argument_number(a, "repeat", usual.repeat),
        .threads = (int)argument_number(a, "threads", usual.threads),
        .processes = (int)argument_number(a, "processes", usual.processes),
        .traps = usual.traps && !argument_given(a, "no-traps"),
    };
    bool shown = false;
    const struct lab_watcher watcher = {lab_is_never_cancelled, lab_show_progress, &shown};
    struct lab_result result;
    const char *wrong = lab_run(app->settings, &settings, &watcher, &result);

    if (wrong != NULL) {
        (void)fputs(shown ? "\n" : "", stderr);
        return command_failure(a, "%s", wrong);
    }
    lab_print_result(&result, argument_given(a, "json"));
    return lab_all_same(&result) ? 0 : 1;
}

/* The example of the course's essay on asyncio. */
static int
lab_say_after(const struct arguments *a)
{
    struct say_after took;

    if (!say_after_run(stdout, SECOND_MS, &took)) {
        return command_failure(a, "%s", strerror(errno));
    }
    (void)printf("sequential %.3f s, concurrent %.3f s: awaiting lets the loop run other tasks; "
                 "awaiting in turn waits in turn\n",
                 (double)took.sequential_ms / 1000, (double)took.concurrent_ms / 1000);
    return 0;
}

static int
lab_command_run(const struct arguments *a)
{
    if (a->operand == NULL) {
        return command_with_app("lab", a, lab_start);
    }
    return strcmp(a->operand, "say_after") == 0
               ? lab_say_after(a)
               : command_usage_error(a, "%s is not an experiment; say_after is one", a->operand);
}

static const struct command_option lab_options[] = {
    {.name = "tasks", .value = "N", .help = "the number of tasks", .min = 1, .max = LAB_TASKS_MAX},
    {.name = "cpu",
     .value = "UNITS",
     .help = "computing in each task, in units of about 1 ms",
     .min = 0,
     .max = LAB_CPU_MAX},
    {.name = "wait",
     .value = "MS",
     .help = "how long each task waits for its request",
     .min = 0,
     .max = LAB_WAIT_MAX_MS},
    {.name = "repeat",
     .value = "N",
     .help = "the number of runs; prints their medians",
     .min = 1,
     .max = LAB_REPEAT_MAX},
    {.name = "threads", .value = "N", .help = "threads in a pool", .min = 1, .max = LAB_TASKS_MAX},
    {.name = "processes",
     .value = "N",
     .help = "processes in a pool",
     .min = 1,
     .max = LAB_TASKS_MAX},
    {.name = "no-traps", .help = "skip the measurements of blocked loops and full pools"},
    {.name = "json", .help = "print JSON"},
    {.name = NULL},
};
const struct command lab_command = {
    .name = "lab",
    .operand = "[say_after]",
    .summary = "measure which process shape suits which work on this machine",
    .options = lab_options,
    .run = lab_command_run,
};
