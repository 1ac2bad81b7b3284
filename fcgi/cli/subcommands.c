/* Errors go to stderr, with exit status 1, or 2 for words that cannot be understood. */
#include "fcgi/cli/subcommands.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"

enum { USAGE_ERROR = 2, LIMIT_USUAL = 50 };

static const char *current_command = "";

int
verb_complain(int status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)fprintf(stderr, "fastchat %s: ", current_command);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    return status;
}

int
verb_judge(enum db_result r, const char *missing)
{
    switch (r) {
    case DB_OK:
        return 0;
    case DB_NONE:
        return verb_complain(1, "%s", missing);
    case DB_DOWN:
        return verb_complain(1, "the database is away");
    default:
        return verb_complain(1,
                             "the database refused; is it migrated? (`fastchat migrate --status`)");
    }
}

const char *
verb_time(int64_t ms, char *text)
{
    if (ms == 0) {
        return "-";
    }
    text[clock_format(ms, text)] = '\0';
    return text;
}

static bool
read_limit(const char *word, int64_t *n)
{
    return number_read(&word, n) && *word == '\0' && *n > 0 && *n <= VERB_LIST_MAX;
}

/* What stands behind the verb; 0, or the exit status after having said what is wrong. */
static int
read_words(const struct verb *verb, int count, char **words, struct call *call)
{
    static const struct option options[] = {{"state", required_argument, NULL, 's'},
                                            {"kind", required_argument, NULL, 'k'},
                                            {"limit", required_argument, NULL, 'l'},
                                            {"admins", no_argument, NULL, 'a'},
                                            {0}};
    int option;

    while ((option = getopt_long(count, words, "", options, NULL)) != -1) {
        if (option == '?') {
            return USAGE_ERROR;
        }
        if (strchr(verb->options, option) == NULL) {
            return verb_complain(USAGE_ERROR, "%s does not take that option", verb->name);
        }
        if (option == 'l' && !read_limit(optarg, &call->limit)) {
            return verb_complain(USAGE_ERROR, "--limit takes a number from 1 to %d, not %s",
                                 VERB_LIST_MAX, optarg);
        }
        call->state = option == 's' ? optarg : call->state;
        call->kind = option == 'k' ? optarg : call->kind;
        call->admins = call->admins || option == 'a';
    }
    if (verb->subject == NULL) {
        return count == optind ? 0
                               : verb_complain(USAGE_ERROR, "%s takes no such word: %s", verb->name,
                                               words[optind]);
    }
    if (count - optind != 1) {
        return verb_complain(USAGE_ERROR, "%s takes %s", verb->name, verb->subject);
    }
    call->subject = words[optind];
    return 0;
}

static int
run(const struct verb *verb, int count, char **words)
{
    struct call call = {.limit = LIMIT_USUAL};
    struct resources own;
    int status = read_words(verb, count, words, &call);
    struct app *app = status == 0 ? app_new(current_command) : NULL;

    if (app == NULL) {
        return status == 0 ? 1 : status;
    }
    resources_open(&own, app);
    status = verb->run(&own, &call);
    resources_close(&own);
    app_free(app);
    return status;
}

int
verbs_run(const char *command, const struct verb *verbs, int count, char **words)
{
    char names[160] = "";

    current_command = command;
    for (const struct verb *v = verbs; v->name != NULL; v++) {
        size_t len = strlen(names);

        if (count > 1 && strcmp(words[1], v->name) == 0) {
            return run(v, count - 1, words + 1);
        }
        (void)snprintf(names + len, sizeof(names) - len, "%s%s", len == 0 ? "" : ", ", v->name);
    }
    return count > 1
               ? verb_complain(USAGE_ERROR, "there is no %s; what there is: %s", words[1], names)
               : verb_complain(USAGE_ERROR, "one word more is needed: %s", names);
}
