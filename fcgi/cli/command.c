/* Parses arguments with getopt_long; a fault is reported with its option and a remedy. */
#include "fcgi/cli/command.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/number.h"

enum { HELP_COLUMN = 26 };

/* The command's options; a table without any if it has none. */
static const struct command_option *
command_options(const struct command *command)
{
    static const struct command_option none[] = {{.name = NULL}};

    return command->options != NULL ? command->options : none;
}

__attribute__((format(printf, 2, 0))) static void
command_print_error(const struct arguments *a, const char *format, va_list args)
{
    (void)fprintf(stderr, "fastchat %s: ", a->name);
    (void)vfprintf(stderr, format, args);
}

int
command_usage_error(const struct arguments *a, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    command_print_error(a, format, args);
    va_end(args);
    (void)fprintf(stderr, "; see fastchat %s --help\n", a->name);
    return EXIT_USAGE;
}

int
command_failure(const struct arguments *a, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    command_print_error(a, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
    return 1;
}

int
command_db_status(const struct arguments *a, enum db_result r, const char *missing)
{
    switch (r) {
    case DB_OK:
        return 0;
    case DB_NONE:
        return command_failure(a, "%s", missing);
    case DB_DOWN:
        return command_failure(a, "the database is away");
    default:
        return command_failure(a, "the database refused; check that it is migrated with "
                                  "`fastchat migrate --status`");
    }
}

/* Aborts for a name that is not in the command's table: a bug. */
static const struct argument_value *
argument_find(const struct arguments *a, const char *option)
{
    const struct command_option *options = command_options(a->command);

    for (size_t i = 0; options[i].name != NULL; i++) {
        if (strcmp(options[i].name, option) == 0) {
            return &a->values[i];
        }
    }
    log_error("fastchat %s has no option --%s", a->name, option);
    abort();
}

bool
argument_given(const struct arguments *a, const char *option)
{
    return argument_find(a, option)->is_given;
}

const char *
argument_text(const struct arguments *a, const char *option)
{
    return argument_find(a, option)->text;
}

int64_t
argument_number(const struct arguments *a, const char *option, int64_t otherwise)
{
    const struct argument_value *value = argument_find(a, option);

    return value->is_given ? value->number : otherwise;
}

static void
command_help_line(FILE *out, const char *name, const char *value, const char *help)
{
    int width = fprintf(out, "  %s%s%s", name, value != NULL ? " " : "",
                        value != NULL ? value : "");

    (void)fprintf(out, "%*s%s\n", width < HELP_COLUMN ? HELP_COLUMN - width : 2, "", help);
}

void
command_help(const struct command *command, const char *parent, FILE *out)
{
    (void)fprintf(out, "usage: fastchat %s%s%s%s%s%s%s\n\n%s\n", parent != NULL ? parent : "",
                  parent != NULL ? " " : "", command->name,
                  command->subcommands != NULL ? " SUBCOMMAND" : "",
                  command->options != NULL ? " [OPTION]…" : "", command->operand != NULL ? " " : "",
                  command->operand != NULL ? command->operand : "", command->summary);
    if (command->subcommands != NULL) {
        (void)fputs("\nSubcommands, each with a --help of its own:\n", out);
    }
    for (const struct command *c = command->subcommands; c != NULL && c->name != NULL; c++) {
        command_help_line(out, c->name, c->operand, c->summary);
    }
    (void)fputs("\nOptions:\n", out);
    for (const struct command_option *o = command_options(command); o->name != NULL; o++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "--%s", o->name);
        command_help_line(out, name, o->value, o->help);
    }
    command_help_line(out, "--help", NULL, "print this text");
}

/* Stores the value of option `i`. Returns 0 or the exit status. */
static int
arguments_store(struct arguments *a, size_t i, const char *text)
{
    const struct command_option *option = command_options(a->command) + i;
    struct argument_value *value = &a->values[i];

    value->is_given = true;
    value->text = text;
    if (option->max > 0) {
        const char *rest = text;

        if (!number_read(&rest, &value->number) || *rest != '\0' || value->number < option->min ||
            value->number > option->max) {
            return command_usage_error(
                a, "--%s takes a number from %" PRId64 " to %" PRId64 ", not %s", option->name,
                option->min, option->max, text);
        }
    }
    return 0;
}

/* Returns 0 or the exit status. */
static int
arguments_read_operand(struct arguments *a, int count, char **args)
{
    const char *operand = a->command->operand;

    if (count > (operand != NULL ? 1 : 0)) {
        return command_usage_error(a,
                                   operand == NULL ? "takes no operand, but got %s"
                                                   : "takes one operand, but also got %s",
                                   args[operand == NULL ? 0 : 1]);
    }
    if (operand != NULL && operand[0] != '[' && count == 0) {
        return command_usage_error(a, "the operand %s is missing", operand);
    }
    a->operand = count > 0 ? args[0] : NULL;
    return 0;
}

enum { OPTION_HELP = COMMAND_OPTIONS_MAX };

/* Reads the arguments. Returns 0, or -1 if the help is wanted, or the exit status. */
static int
arguments_read(struct arguments *a, int count, char **args)
{
    const struct command_option *options = command_options(a->command);
    struct option known[COMMAND_OPTIONS_MAX + 2] = {{"help", no_argument, NULL, OPTION_HELP}};
    int i, status;

    for (int k = 0; options[k].name != NULL; k++) {
        known[k + 1] = (struct option){
            options[k].name, options[k].value != NULL ? required_argument : no_argument, NULL, k};
    }
    opterr = 0; /* faults are reported here */
    while ((i = getopt_long(count, args, ":", known, NULL)) != -1) {
        if (i == OPTION_HELP) {
            return -1;
        }
        if (i == '?') {
            return command_usage_error(a, "%s is not an option of this command", args[optind - 1]);
        }
        if (i == ':') {
            return command_usage_error(a, "%s needs a value", args[optind - 1]);
        }
        status = arguments_store(a, (size_t)i, optarg);
        if (status != 0) {
            return status;
        }
    }
    return arguments_read_operand(a, count - optind, args + optind);
}

static int
command_run_subcommand(const struct command *command, int count, char **args)
{
    struct arguments a = {.command = command};
    char names[160] = "";

    (void)snprintf(a.name, sizeof(a.name), "%s", command->name);
    for (const struct command *c = command->subcommands; c->name != NULL; c++) {
        size_t len = strlen(names);

        if (count > 1 && strcmp(args[1], c->name) == 0) {
            return command_run(c, command->name, count - 1, args + 1);
        }
        (void)snprintf(names + len, sizeof(names) - len, "%s%s", len > 0 ? ", " : "", c->name);
    }
    if (count > 1 && strcmp(args[1], "--help") == 0) {
        command_help(command, NULL, stdout);
        return 0;
    }
    return count > 1 ? command_usage_error(&a, "%s is not one of: %s", args[1], names)
                     : command_usage_error(&a, "one of these must follow: %s", names);
}

int
command_run(const struct command *command, const char *parent, int count, char **args)
{
    struct arguments a = {.command = command};
    int status;

    if (command->subcommands != NULL) {
        return command_run_subcommand(command, count, args);
    }
    (void)snprintf(a.name, sizeof(a.name), "%s%s%s", parent != NULL ? parent : "",
                   parent != NULL ? " " : "", command->name);
    status = arguments_read(&a, count, args);
    if (status < 0) {
        command_help(command, parent, stdout);
        return 0;
    }
    return status == 0 ? command->run(&a) : status;
}

int
command_with_app(const char *part, const struct arguments *a,
                 int (*run)(const struct app *app, const struct arguments *a))
{
    struct app *app = app_new(part); /* its log lines go to stderr, too */
    int status;

    if (app == NULL) {
        return 1;
    }
    status = run(app, a);
    app_free(app);
    return status;
}

int
command_with_stores(const char *part, const struct arguments *a,
                    int (*run)(struct resources *r, const struct arguments *a))
{
    struct app *app = app_new(part);
    struct resources resources;
    int status;

    if (app == NULL) {
        return 1;
    }
    resources_open(&resources, app);
    status = run(&resources, a);
    resources_close(&resources);
    app_free(app);
    return status;
}
