/* The commands that start a process shape. */
#include "fcgi/cli/start.h"

#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "fcgi/cli/commands.h"
#include "fcgi/events/events.h"
#include "fcgi/tasks/runner.h"
#include "fcgi/worker/cgi.h"
#include "fcgi/worker/worker.h"

bool
start_has_socket(void)
{
    int is_listening = 0;
    socklen_t size = sizeof(is_listening);

    return getsockopt(WORKER_SOCKET, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size) == 0 &&
           is_listening != 0;
}

static int
start_without_socket(const struct arguments *a)
{
    return command_usage_error(a,
                               "standard input is not a listening socket; start it with "
                               "`spawn-fcgi -n -s SOCKET -- fastchat %s`",
                               a->name);
}

/* Logs what an operator may not have meant. */
static void
start_report(const struct app *app)
{
    const char *warning = settings_redis_warning(app->settings);

    if (warning != NULL) {
        log_warning("%s", warning);
    }
    if (!settings_registration_is_open(app->settings)) {
        log_info("signing up is closed (REGISTRATION)");
    }
}

static int
worker_command_start(const struct app *app, const struct arguments *a)
{
    const char *pool = argument_text(a, "pool");

    start_report(app);
    return worker_run(app, pool != NULL && strcmp(pool, "cpu") == 0 ? POOL_CPU : POOL_API);
}

static int
worker_command_run(const struct arguments *a)
{
    const char *pool = argument_text(a, "pool");

    if (pool != NULL && strcmp(pool, "api") != 0 && strcmp(pool, "cpu") != 0) {
        return command_usage_error(a, "--pool takes api or cpu, not %s", pool);
    }
    return start_has_socket()
               ? command_with_app(pool != NULL ? pool : "api", a, worker_command_start)
               : start_without_socket(a);
}

static const struct command_option worker_options[] = {
    {.name = "pool", .value = "api|cpu", .help = "the pool to serve (default: api)"},
    {.name = NULL},
};
const struct command worker_command = {
    .name = "worker",
    .summary = "serve the FastCGI requests of a pool",
    .options = worker_options,
    .run = worker_command_run,
};

int
start_api_worker(void)
{
    struct arguments a = {.command = &worker_command, .name = "worker"};

    return worker_command_run(&a);
}

static int
cgi_command_start(const struct app *app, const struct arguments *a)
{
    (void)a;
    return cgi_run(app);
}

int
start_cgi(void)
{
    struct arguments none = {0};

    return command_with_app("cgi", &none, cgi_command_start);
}

static int
events_command_start(const struct app *app, const struct arguments *a)
{
    (void)a;
    start_report(app);
    return events_run(app);
}

static int
events_command_run(const struct arguments *a)
{
    return start_has_socket() ? command_with_app("events", a, events_command_start)
                              : start_without_socket(a);
}

const struct command events_command = {
    .name = "events",
    .summary = "hold live streams and long polls",
    .run = events_command_run,
};

static int
tasks_command_start(const struct app *app, const struct arguments *a)
{
    start_report(app);
    return runner_run(app, argument_given(a, "once"));
}

static int
tasks_command_run(const struct arguments *a)
{
    return command_with_app("tasks", a, tasks_command_start);
}

static const struct command_option tasks_options[] = {
    {.name = "once", .help = "run the tasks that are due, then end"},
    {.name = NULL},
};
const struct command tasks_command = {
    .name = "tasks",
    .summary = "run background tasks",
    .options = tasks_options,
    .run = tasks_command_run,
};
