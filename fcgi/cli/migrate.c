/* `fastchat migrate`. */
#include <limits.h>

#include "db/mysql/migrate.h"
#include "db/user_index.h"
#include "fcgi/cli/commands.h"

/* Indexes the users who have no keys yet, or keys of an older Unicode. */
static int
migrate_index_users(struct resources *r, const struct arguments *a)
{
    int64_t count;
    int status = command_db_status(a, users_index_old(r->db, &count), "");

    if (status == 0 && count > 0) {
        (void)printf("names indexed: %lld\n", (long long)count);
    }
    return status;
}

static int
migrate_start(const struct app *app, const struct arguments *a)
{
    int64_t to = argument_number(a, "to", MIGRATE_ALL);
    struct resources resources;
    int status;

    if (argument_given(a, "status")) {
        return migrate_status(app->settings, stdout, stderr);
    }
    status = migrate_run(app->settings, (int)to, stdout, stderr);
    if (status == 0 && to == MIGRATE_ALL) {
        resources_open(&resources, app);
        status = migrate_index_users(&resources, a);
        resources_close(&resources);
    }
    return status;
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
