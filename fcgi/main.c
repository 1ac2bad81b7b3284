/* The program: its subcommands and their options. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/version.h"
#include "db/mysql/migrate.h"
#include "fcgi/app.h"
#include "fcgi/cli/check.h"
#include "fcgi/cli/nginx.h"
#include "fcgi/cli/task_command.h"
#include "fcgi/cli/user_command.h"
#include "fcgi/events/events.h"
#include "fcgi/lab/command.h"
#include "fcgi/tasks/runner.h"
#include "fcgi/worker/cgi.h"
#include "fcgi/worker/worker.h"
#include "routes/frame/openapi.h"
#include "routes/frame/route.h"

enum { USAGE_ERROR = 2 };

static int
usage_error(const char *command, const char *words)
{
    (void)fprintf(stderr, "fastchat %s: %s\n", command, words);
    return USAGE_ERROR;
}

/* The application of a command line call: what it logs goes to stderr beside the command's own words. */
static int
with_app(const char *part, int (*run)(const struct app *app, const void *context),
         const void *context)
{
    struct app *app = app_new(part);
    int status = app == NULL ? 1 : run(app, context);

    app_free(app);
    return status;
}

static int
run_worker(const struct app *app, const void *context)
{
    return worker_run(app, *(const enum pool *)context);
}

/* spawn-fcgi and its like pass the socket on which to listen as descriptor 0. */
static bool
has_socket(void)
{
    int listening = 0;
    socklen_t size = sizeof(listening);

    return getsockopt(WORKER_SOCKET, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 &&
           listening != 0;
}

static int
without_socket(const char *command, const char *words)
{
    (void)fprintf(stderr,
                  "fastchat %s: started without a listening socket on standard input; start it "
                  "with: spawn-fcgi -n -s SOCKET -- %s\n",
                  command, words);
    return USAGE_ERROR;
}

static int
command_worker(int count, char **words)
{
    static const struct option options[] = {{"pool", required_argument, NULL, 'p'}, {0}};
    enum pool pool = POOL_API;
    int option;

    while ((option = getopt_long(count, words, "", options, NULL)) != -1) {
        if (option != 'p') {
            return USAGE_ERROR;
        }
        if (strcmp(optarg, "api") != 0 && strcmp(optarg, "cpu") != 0) {
            return usage_error("worker", "--pool is api or cpu");
        }
        pool = strcmp(optarg, "cpu") == 0 ? POOL_CPU : POOL_API;
    }
    if (!has_socket()) {
        return without_socket("worker", "fastchat worker");
    }
    return with_app(pool == POOL_CPU ? "cpu" : "api", run_worker, &pool);
}

static int
run_events(const struct app *app, const void *context)
{
    (void)context;
    return events_run(app);
}

static int
command_events(int count, char **words)
{
    (void)words;
    if (count > 1) {
        return usage_error("events", "takes no words");
    }
    return has_socket() ? with_app("events", run_events, NULL)
                        : without_socket("events", "fastchat events");
}

static int
run_tasks(const struct app *app, const void *context)
{
    return runner_run(app, *(const bool *)context);
}

static int
command_tasks(int count, char **words)
{
    static const struct option options[] = {{"once", no_argument, NULL, 'o'}, {0}};
    bool once = false;
    int option;

    while ((option = getopt_long(count, words, "", options, NULL)) != -1) {
        if (option != 'o') {
            return USAGE_ERROR;
        }
        once = true;
    }
    return with_app("tasks", run_tasks, &once);
}

static int
run_migrate(const struct app *app, const void *context)
{
    const int *to = context;

    return to == NULL ? migrate_status(app->settings, stdout, stderr)
                      : migrate_run(app->settings, *to, stdout, stderr);
}

static int
command_migrate(int count, char **words)
{
    static const struct option options[] = {
        {"status", no_argument, NULL, 's'}, {"to", required_argument, NULL, 't'}, {0}};
    int to = MIGRATE_ALL, option;
    bool status = false;
    char *end;

    while ((option = getopt_long(count, words, "", options, NULL)) != -1) {
        switch (option) {
        case 's':
            status = true;
            break;
        case 't':
            to = (int)strtol(optarg, &end, 10);
            if (end == optarg || *end != '\0' || to < 0) {
                return usage_error("migrate", "--to takes the number of a migration");
            }
            break;
        default:
            return USAGE_ERROR;
        }
    }
    return with_app("migrate", run_migrate, status ? NULL : &to);
}

static int
command_settings(int count, char **words)
{
    static const struct option options[] = {
        {"check", no_argument, NULL, 'c'}, {"get", required_argument, NULL, 'g'}, {0}};
    struct settings *settings;
    const char *key = NULL, *value;
    bool check = false;
    int option, status = 0;

    while ((option = getopt_long(count, words, "", options, NULL)) != -1) {
        if (option != 'c' && option != 'g') {
            return USAGE_ERROR;
        }
        check = check || option == 'c';
        key = option == 'g' ? optarg : key;
    }
    settings = settings_load(NULL, stderr);
    if (settings == NULL) {
        return 1;
    }
    if (key != NULL) {
        value = settings_get(settings, key);
        status = value == NULL ? usage_error("settings", "there is no such key") : 0;
        (void)(value != NULL && puts(value));
    } else if (check) {
        (void)puts("the settings are good");
    } else {
        settings_print(settings, stdout);
    }
    settings_free(settings);
    return status;
}

static int
run_routes(const struct app *app, const void *context)
{
    static const char *const pools[] = {
        [FAST_IO] = "FAST_IO", [CPU] = "CPU", [SLOW_IO] = "SLOW_IO"};
    static const char *const callers[] = {
        [MEMBER] = "member", [ANYONE] = "anyone", [USER] = "user", [ADMIN] = "admin"};

    (void)context;
    for (const struct route *const *at = router_all(app->router); *at != NULL; at++) {
        (void)printf("%-6s %-40s %-8s %-7s %s\n", method_name((*at)->method), (*at)->path,
                     pools[(*at)->runs], callers[(*at)->access], (*at)->summary);
    }
    return 0;
}

static int
command_routes(int count, char **words)
{
    (void)words;
    return count > 1 ? usage_error("routes", "takes no words")
                     : with_app("routes", run_routes, NULL);
}

static int
run_openapi(const struct app *app, const void *context)
{
    struct buf document = {0};
    bool good;

    (void)context;
    openapi_write(app->router, app->settings, &document);
    good = fwrite(document.at, 1, document.len, stdout) == document.len && fflush(stdout) == 0;
    buf_free(&document);
    return good ? 0 : 1;
}

static int
command_openapi(int count, char **words)
{
    (void)words;
    return count > 1 ? usage_error("openapi", "takes no words")
                     : with_app("openapi", run_openapi, NULL);
}

static int
run_nginx(const struct app *app, const void *context)
{
    struct nginx_options options = *(const struct nginx_options *)context;
    char listen[300];

    if (options.listen == NULL) {
        bool in6 = strchr(app->settings->app_host, ':') != NULL;

        (void)snprintf(listen, sizeof(listen), in6 ? "[%s]:%d" : "%s:%d", app->settings->app_host,
                       app->settings->app_port);
        options.listen = options.tls != NULL ? "443" : listen;
    }
    return nginx_write(app->router, &options, stdout) ? 0 : 1;
}

static int
command_nginx(int count, char **words)
{
    static const struct option options[] = {{"listen", required_argument, NULL, 'l'},
                                            {"root", required_argument, NULL, 'r'},
                                            {"sockets", required_argument, NULL, 's'},
                                            {"tls", required_argument, NULL, 't'},
                                            {"cert", required_argument, NULL, 'c'},
                                            {"key", required_argument, NULL, 'k'},
                                            {"redirect", required_argument, NULL, 'd'},
                                            {"nginx", required_argument, NULL, 'n'},
                                            {0}};
    struct nginx_options chosen = {
        .root = "/usr/local/share/fastchat/web", .sockets = "/run/fastchat", .redirect = "80"};
    int option;

    while ((option = getopt_long(count, words, "", options, NULL)) != -1) {
        switch (option) {
        case 'l':
            chosen.listen = optarg;
            break;
        case 'r':
            chosen.root = optarg;
            break;
        case 's':
            chosen.sockets = optarg;
            break;
        case 't':
            chosen.tls = optarg;
            break;
        case 'c':
            chosen.certificate = optarg;
            break;
        case 'k':
            chosen.key = optarg;
            break;
        case 'd':
            chosen.redirect = optarg;
            break;
        case 'n':
            chosen.version = nginx_version(optarg);
            if (chosen.version == 0) {
                return usage_error("nginx", "--nginx takes a version, as 1.26.3");
            }
            break;
        default:
            return USAGE_ERROR;
        }
    }
    if (chosen.version == 0) {
        chosen.version = nginx_installed();
    }
    if (chosen.tls != NULL && (chosen.certificate == NULL || chosen.key == NULL)) {
        return usage_error("nginx", "--tls NAME also needs --cert FILE and --key FILE");
    }
    return with_app("nginx", run_nginx, &chosen);
}

static int
command_version(int count, char **words)
{
    (void)count;
    (void)words;
    (void)puts("fastchat " FASTCHAT_VERSION);
    return 0;
}

static const struct command {
    const char *name;
    int (*run)(int count, char **words);
    const char *options, *about;
} commands[] = {
    {"worker", command_worker, "[--pool api|cpu]", "answer FastCGI requests of a pool"},
    {"events", command_events, "", "hold live streams and long polls"},
    {"tasks", command_tasks, "[--once]", "run background tasks; with --once those that are due"},
    {"task", task_command,
     "list [--state STATE] [--kind KIND] [--limit N] | show ID | retry ID | cancel ID\n"
     "           | purge [--state done|dead|cancelled] | stats",
     "see and steer background tasks"},
    {"user", user_command, "list [--admins] [--limit N] | admin NAME | no-admin NAME",
     "see the users, and who of them is an admin"},
    {"lab", lab_command,
     "[--tasks N] [--cpu UNITS] [--wait MS] [--repeat N] [--threads N] [--processes N]\n"
     "           [--no-traps] [--json] | say_after",
     "measure which process shape suits which work"},
    {"migrate", command_migrate, "[--status] [--to N]", "bring the database to this version"},
    {"check", check_command, "[--url ADDRESS] [--no-live] [--no-web]",
     "sign in, send a message and see it come, through the web server; show all versions"},
    {"settings", command_settings, "[--check] [--get KEY]",
     "show the settings and where they come from"},
    {"routes", command_routes, "", "list the routes"},
    {"openapi", command_openapi, "", "print the OpenAPI document"},
    {"nginx", command_nginx,
     "[--listen ADDRESS:PORT] [--root DIR] [--sockets DIR]\n"
     "           [--tls NAME --cert FILE --key FILE [--redirect PORT]] [--nginx VERSION]",
     "print nginx's configuration for the routes"},
    {"version", command_version, "", "print the version"},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static int
list_commands(FILE *to)
{
    (void)fputs("usage: fastchat COMMAND\n\n", to);
    for (size_t i = 0; i < COMMANDS; i++) {
        (void)fprintf(to, "  %-8s %s\n           %s\n", commands[i].name, commands[i].options,
                      commands[i].about);
    }
    (void)fputs(
        "\nSettings come from .env (or $FASTCHAT_ENV_FILE) and the environment. Started by a "
        "web server as a CGI program,\nor on a FastCGI socket, it needs no command.\n",
        to);
    return to == stdout ? 0 : USAGE_ERROR;
}

static int
run_cgi(const struct app *app, const void *context)
{
    (void)context;
    return cgi_run(app);
}

int
main(int count, char **words)
{
    if (cgi_is_cgi()) {
        return with_app("cgi", run_cgi, NULL);
    }
    if (count < 2 && has_socket()) {
        return command_worker(count, words);
    }
    if (count < 2 || strcmp(words[1], "help") == 0 || strcmp(words[1], "--help") == 0) {
        return list_commands(stdout);
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(words[1], commands[i].name) == 0) {
            return commands[i].run(count - 1, words + 1);
        }
    }
    (void)fprintf(stderr, "fastchat: there is no command \"%s\"\n\n", words[1]);
    return list_commands(stderr);
}
