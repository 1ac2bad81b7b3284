/* The table on stdout, progress on stderr where that is a terminal. */
#include "fcgi/lab/command.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/number.h"
#include "fcgi/app.h"
#include "fcgi/lab/lab.h"
#include "fcgi/lab/say_after.h"

enum { USAGE_ERROR = 2, SECOND_MS = 1000 };

/* An option that takes a number. */
struct number_option {
    const char *name;
    int *at;
    int least, most;
};

static bool
never(void)
{
    return false;
}

/* One line that is written over. */
static void
show_progress(void *owner, int percent, const char *now)
{
    bool *shown = owner;

    if (isatty(STDERR_FILENO)) {
        (void)fprintf(stderr, "\r%3d %%  %-40s%s", percent, now, percent == 100 ? "\r\033[K" : "");
        *shown = true;
    }
}

static int
run(const struct lab_settings *s, bool json)
{
    struct app *app = app_new("lab");
    bool shown = false;
    const struct lab_watcher watcher = {never, show_progress, &shown};
    struct lab_result result;
    const char *wrong;

    if (app == NULL) {
        return 1;
    }
    wrong = lab_run(app->settings, s, &watcher, &result);
    app_free(app);
    if (wrong != NULL) {
        (void)fprintf(stderr, "%sfastchat lab: %s\n", shown ? "\n" : "", wrong);
        return 1;
    }
    if (json) {
        struct buf text = {0};

        lab_write_json(&result, &text);
        (void)puts(buf_cstr(&text));
        buf_free(&text);
    } else {
        lab_print(&result, stdout);
    }
    return lab_all_same(&result) ? 0 : 1;
}

static int
run_say_after(void)
{
    struct say_after took;

    if (!say_after_run(stdout, SECOND_MS, &took)) {
        (void)fprintf(stderr, "fastchat lab: %s\n", strerror(errno));
        return 1;
    }
    (void)printf("sequential %.3f s, concurrent %.3f s: whoever awaits gives the loop to the "
                 "others, and whoever awaits in turn waits in turn\n",
                 (double)took.sequential_ms / 1000, (double)took.concurrent_ms / 1000);
    return 0;
}

/* False after having said what is wrong. */
static bool
read_number(const struct number_option *o, const char *word)
{
    const char *rest = word;
    int64_t n;

    if (!number_read(&rest, &n) || *rest != '\0' || n < o->least || n > o->most) {
        (void)fprintf(stderr, "fastchat lab: --%s takes a number from %d to %d, not %s\n", o->name,
                      o->least, o->most, word);
        return false;
    }
    *o->at = (int)n;
    return true;
}

int
lab_command(int count, char **words)
{
    struct lab_settings s = LAB_USUAL;
    const struct number_option numbers[] = {
        {"tasks", &s.tasks, 1, LAB_TASKS_MAX},     {"cpu", &s.cpu, 0, LAB_CPU_MAX},
        {"wait", &s.wait_ms, 0, LAB_WAIT_MAX_MS},  {"repeat", &s.repeat, 1, LAB_REPEAT_MAX},
        {"threads", &s.threads, 1, LAB_TASKS_MAX}, {"processes", &s.processes, 1, LAB_TASKS_MAX},
    };
    enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]), JSON = NUMBERS, NO_TRAPS };
    struct option options[NUMBERS + 3] = {{0}};
    bool json = false;
    int option;

    for (int i = 0; i < NUMBERS; i++) {
        options[i] = (struct option){numbers[i].name, required_argument, NULL, i};
    }
    options[JSON] = (struct option){"json", no_argument, NULL, JSON};
    options[NO_TRAPS] = (struct option){"no-traps", no_argument, NULL, NO_TRAPS};
    while ((option = getopt_long(count, words, "", options, NULL)) != -1) {
        if (option == '?' || (option < NUMBERS && !read_number(&numbers[option], optarg))) {
            return USAGE_ERROR;
        }
        json = json || option == JSON;
        s.traps = s.traps && option != NO_TRAPS;
    }
    if (count - optind == 1 && strcmp(words[optind], "say_after") == 0) {
        return run_say_after();
    }
    if (optind < count) {
        (void)fprintf(stderr, "fastchat lab: there is no lab %s; say_after is one\n",
                      words[optind]);
        return USAGE_ERROR;
    }
    return run(&s, json);
}
