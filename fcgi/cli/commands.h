/* The commands, in the order of `fastchat --help`; cli.c has their table. */
#ifndef FCGI_CLI_COMMANDS_H
#define FCGI_CLI_COMMANDS_H

#include "fcgi/cli/command.h"

extern const struct command worker_command, events_command, tasks_command; /* start.c */
extern const struct command task_command, user_command, lab_command, migrate_command;
extern const struct command check_command, settings_command;
extern const struct command routes_command, openapi_command; /* routes.c */
extern const struct command errors_command;
extern const struct command nginx_command; /* nginx_command.c */

#endif
