/*
 * A command of the program, beside its options and its help: one table drives the parsing of the
 * arguments and the text of `fastchat COMMAND --help`.
 *
 *     static const struct command_option options[] = {
 *         {.name = "limit", .value = "N", .help = "show at most N tasks", .min = 1, .max = 10000},
 *         {.name = "admins", .help = "only administrators"},
 *         {.name = NULL},
 *     };
 *     const struct command list_command = {
 *         .name = "list", .summary = "list the tasks", .options = options, .run = task_list_run};
 */
#ifndef FCGI_CLI_COMMAND_H
#define FCGI_CLI_COMMAND_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "fcgi/app.h"

enum {
    EXIT_USAGE = 2, /* the exit status for arguments that are not understood */
    COMMAND_OPTIONS_MAX = 12,
};

struct command_option {
    const char *name;  /* "limit" for --limit; NULL ends a table */
    const char *value; /* what stands for the value in the help, "N"; NULL: the option has none */
    const char *help;
    int64_t min, max; /* the value is a number in this range; max 0: it is a text */
};

struct arguments;

struct command {
    const char *name; /* NULL ends a table */
    const char
        *operand; /* "ID": exactly one is required; "[NAME]": it may be omitted; NULL: none */
    const char *summary;
    const struct command_option *options;          /* NULL: none */
    const struct command *subcommands;             /* NULL: none; otherwise one of them is run */
    int (*run)(const struct arguments *arguments); /* returns the exit status */
};

/* The arguments of a command, after they were checked against its tables. */
struct arguments {
    const struct command *command;
    char name[40];       /* for messages: "task list" */
    const char *operand; /* NULL: omitted */
    struct argument_value {
        bool is_given;
        const char *text;
        int64_t number;
    } values[COMMAND_OPTIONS_MAX]; /* of command->options */
};

/*
 * Runs the command with `count` arguments, args[0] being its name: reads them, or prints its help
 * for --help. `parent` is the name of the command it belongs to, or NULL. Returns the exit status.
 */
int command_run(const struct command *command, const char *parent, int count, char **args)
    __attribute__((nonnull(1, 4)));

/*
 * Prints what --help prints for the command, or for its subcommand of this name (NULL: none is
 * wanted). Returns the exit status.
 */
int command_help_for(const struct command *command, const char *subcommand)
    __attribute__((nonnull(1)));

/* Options by name: whether one was given; its text, NULL without it; its number, or `otherwise`. */
bool argument_given(const struct arguments *arguments, const char *option) __attribute__((nonnull));
const char *argument_text(const struct arguments *arguments, const char *option)
    __attribute__((nonnull));
int64_t argument_number(const struct arguments *arguments, const char *option, int64_t otherwise)
    __attribute__((nonnull));

/* Prints "fastchat NAME: …; see fastchat NAME --help" on stderr. Returns EXIT_USAGE. */
int command_usage_error(const struct arguments *arguments, const char *format, ...)
    __attribute__((nonnull(1, 2), format(printf, 2, 3)));

/* Prints "fastchat NAME: …" on stderr. Returns 1. */
int command_failure(const struct arguments *arguments, const char *format, ...)
    __attribute__((nonnull(1, 2), format(printf, 2, 3)));

/*
 * The exit status of a query: 0 for DB_OK, otherwise command_failure with its reason. `missing` is
 * the message for DB_NONE.
 */
int command_db_status(const struct arguments *arguments, enum db_result r, const char *missing)
    __attribute__((nonnull));

/* Run `run` with the application, whose log lines name `part`; with the stores of one thread. */
int command_with_app(const char *part, const struct arguments *arguments,
                     int (*run)(const struct app *app, const struct arguments *arguments))
    __attribute__((nonnull));
int command_with_stores(const char *part, const struct arguments *arguments,
                        int (*run)(struct resources *r, const struct arguments *arguments))
    __attribute__((nonnull));

#endif
