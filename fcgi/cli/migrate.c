/* `fastchat migrate`. */
#include <limits.h>

#include "db/mysql/migrate.h"
#include "fcgi/cli/commands.h"

static int
migrate_start(const struct app *app, const struct arguments *a)
{
    return argument_given(a, "status")
               ? migrate_status(app->settings, stdout, stderr)
               : migrate_run(app->settings, (int)argument_number(a, "to", MIGRATE_ALL), stdout,
                             stderr);
}

static int
migrate_command_run(const struct arguments *a)
{
    return command_with_app("migrate", a, migrate_start);
}

static const struct command_option migrate_options[] = {
    {.name = "status", .help = "only list the migrations; exit status 1 if any is missing"},
    {.name = "to", .value = "N", .help = "stop after migration N", .min = 0, .max = INT_MAX},
    {.name = NULL},
};
const struct command migrate_command = {
    .name = "migrate",
    .summary = "bring the database to the version of this program",
    .options = migrate_options,
    .run = migrate_command_run,
};
