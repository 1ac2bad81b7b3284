/* Parses arguments with getopt_long; a fault is reported with its option and a remedy. */
#include "fcgi/cli/command.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/number.h"
#include "base/utf8.h"

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

static void
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
    if (count > 0 && !utf8_valid(args[0], strlen(args[0]))) {
        return command_usage_error(a, "the operand %s is not valid UTF-8", operand);
    }
    a->operand = count > 0 ? args[0] : NULL;
    return 0;
}

/* What getopt_long returns for an option: above every character that it returns for a fault. */
enum { OPTION_FIRST = 256, OPTION_HELP = OPTION_FIRST + COMMAND_OPTIONS_MAX };

/* Returns the exit status. `word` is the argument that getopt_long refused. */
static int
arguments_refuse_option(const struct arguments *a, const char *word)
{
    if (optopt == OPTION_HELP) {
        return command_usage_error(a, "--help takes no value");
    }
    if (optopt >= OPTION_FIRST) {
        return command_usage_error(a, "--%s takes no value",
                                   a->command->options[optopt - OPTION_FIRST].name);
    }
    if (optopt > 0) {
        return command_usage_error(a, "-%c is not an option of this command", optopt);
    }
    return command_usage_error(a, "%s is not an option of this command", word);
}

/* Reads the arguments. Returns 0, or -1 if the help is wanted, or the exit status. */
static int
arguments_read(struct arguments *a, int count, char **args)
{
    const struct command_option *options = command_options(a->command);
    struct option known[COMMAND_OPTIONS_MAX + 2] = {{"help", no_argument, NULL, OPTION_HELP}};
    int i, status;

    for (int k = 0; options[k].name != NULL; k++) {
        known[k + 1] = (struct option){options[k].name,
                                       options[k].value != NULL ? required_argument : no_argument,
                                       NULL, OPTION_FIRST + k};
    }
    opterr = 0; /* faults are reported here */
    while ((i = getopt_long(count, args, ":", known, NULL)) != -1) {
        if (i == OPTION_HELP) {
            return -1;
        }
        if (i == '?') {
            return arguments_refuse_option(a, args[optind - 1]);
        }
        if (i == ':') {
            return command_usage_error(a, "%s needs a value", args[optind - 1]);
        }
        status = arguments_store(a, (size_t)(i - OPTION_FIRST), optarg);
        if (status != 0) {
            return status;
        }
    }
    return arguments_read_operand(a, count - optind, args + optind);
}

/* Returns NULL if the command has no subcommand of this name. */
static const struct command *
command_find_subcommand(const struct command *command, const char *name)
{
    for (const struct command *c = command->subcommands; c != NULL && c->name != NULL; c++) {
        if (strcmp(name, c->name) == 0) {
            return c;
        }
    }
    return NULL;
}

/* `name` is not a subcommand, or NULL: there is none. Returns the exit status. */
static int
command_refuse_subcommand(const struct command *command, const char *name)
{
    struct arguments a = {.command = command};
    struct buf names = {0};
    int status;

    (void)snprintf(a.name, sizeof(a.name), "%s", command->name);
    for (const struct command *c = command->subcommands; c != NULL && c->name != NULL; c++) {
        buf_printf(&names, "%s%s", names.len > 0 ? ", " : "", c->name);
    }
    if (name == NULL) {
        status = command_usage_error(&a, "one of these must follow: %s", buf_cstr(&names));
    } else if (names.len == 0) {
        status = command_usage_error(&a, "has no subcommand %s", name);
    } else {
        status = command_usage_error(&a, "%s is not one of: %s", name, buf_cstr(&names));
    }
    buf_free(&names);
    return status;
}

static int
command_run_subcommand(const struct command *command, int count, char **args)
{
    const char *name = count > 1 ? args[1] : NULL;
    const struct command *subcommand = name == NULL ? NULL : command_find_subcommand(command, name);

    if (subcommand != NULL) {
        return command_run(subcommand, command->name, count - 1, args + 1);
    }
    if (name != NULL && strcmp(name, "--help") == 0) {
        command_help(command, NULL, stdout);
        return 0;
    }
    return command_refuse_subcommand(command, name);
}

int
command_help_for(const struct command *command, const char *subcommand)
{
    const struct command *found = NULL;

    if (subcommand != NULL) {
        found = command_find_subcommand(command, subcommand);
        if (found == NULL) {
            return command_refuse_subcommand(command, subcommand);
        }
    }
    command_help(found != NULL ? found : command, found != NULL ? command->name : NULL, stdout);
    return 0;
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
