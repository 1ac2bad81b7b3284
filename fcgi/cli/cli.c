/* The table of commands, and what concerns none of them: help and version. */
#include "fcgi/cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "base/version.h"
#include "fcgi/cli/commands.h"

static const struct command *const commands[] = {
    &worker_command,  &events_command, &tasks_command,    &task_command,   &user_command,
    &migrate_command, &check_command,  &settings_command, &routes_command, &openapi_command,
    &errors_command,  &nginx_command,  &lab_command,
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static const struct command *
cli_find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

static int
cli_unknown(const char *name)
{
    (void)fprintf(stderr, "fastchat: %s is not a command; see fastchat --help\n", name);
    return EXIT_USAGE;
}

static int
cli_help(void)
{
    (void)puts("usage: fastchat COMMAND [OPTION]…\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        (void)printf("  %-9s %s\n", commands[i]->name, commands[i]->summary);
    }
    (void)puts("\n"
               "  help      print this text; fastchat COMMAND --help explains one command\n"
               "  version   print the version\n"
               "\n"
               "Settings come from .env (or $FASTCHAT_ENV_FILE) and the environment.\n"
               "A web server that starts the program as CGI, or spawn-fcgi, needs no command.");
    return 0;
}

static int
cli_version(void)
{
    (void)puts("fastchat " FASTCHAT_VERSION);
    return 0;
}

static bool
cli_is(const char *argument, const char *word)
{
    return strcmp(argument, word) == 0 ||
           (strncmp(argument, "--", 2) == 0 && strcmp(argument + 2, word) == 0);
}

static int
cli_refuse_word(const char *command, const char *word)
{
    (void)fprintf(stderr, "fastchat: %s takes no more words, but got %s; see fastchat --help\n",
                  command, word);
    return EXIT_USAGE;
}

/* `words` follow "help": none, the name of a command, or those of a command and a subcommand. */
static int
cli_help_for(int count, char **words)
{
    const struct command *command;

    if (count == 0) {
        return cli_help();
    }
    command = cli_find(words[0]);
    if (command == NULL) {
        return cli_unknown(words[0]);
    }
    return count > 2 ? cli_refuse_word("help", words[2])
                     : command_help_for(command, count == 2 ? words[1] : NULL);
}

int
cli_run(int count, char **args)
{
    const struct command *command;

    if (count < 2) {
        return cli_help();
    }
    if (cli_is(args[1], "version")) {
        return count > 2 ? cli_refuse_word("version", args[2]) : cli_version();
    }
    if (cli_is(args[1], "help")) {
        return cli_help_for(count - 2, args + 2);
    }
    command = cli_find(args[1]);
    return command == NULL ? cli_unknown(args[1]) : command_run(command, NULL, count - 1, args + 1);
}
