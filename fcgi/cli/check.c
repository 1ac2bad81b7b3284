/*
 * `fastchat check`, and its steps up to the database. A step that fails ends the check: the steps
 * after it would fail for the same reason.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/mysql/migrate.h"
#include "db/probe.h"
#include "fcgi/cli/check.h"
#include "fcgi/cli/commands.h"

static const char chinese[] = "自检：你好，世界 🌏";

bool
check_report(bool good, const char *step, const char *format, ...)
{
    va_list args;

    (void)printf("%-7s %-12s ", good ? "ok" : "FAILED", step);
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
    (void)putchar('\n');
    (void)fflush(stdout);
    return good;
}

/* How a connection is protected. `path` is that of a unix socket if it begins with "/". */
static const char *
check_encryption(struct resources *r, const char *path, const char *cipher)
{
    return cipher != NULL   ? arena_printf(&r->arena, "encrypted (%s)", cipher)
           : path[0] == '/' ? "through a unix socket"
                            : "not encrypted";
}

static bool
check_database(struct resources *r)
{
    const char *server = db_server(r->db, &r->arena);

    if (server == NULL) {
        return check_report(false, "database", "%s", db_why(r->db));
    }
    return check_report(true, "database", "%s, by %s; %s; messages in %s", server,
                        db_client(&r->arena),
                        check_encryption(r, r->settings->db_socket, db_cipher(r->db, &r->arena)),
                        db_has_compounds(r->db) ? "one statement" : "transactions");
}

/* Shows the report of the migrations if one is missing or wrong. */
static bool
check_tables(const struct app *app)
{
    char *text = NULL;
    size_t len;
    FILE *report = open_memstream(&text, &len);
    bool good = report != NULL && migrate_status(app->settings, report, report) == 0;

    if (report != NULL) {
        (void)fclose(report);
    }
    (void)(good ? check_report(good, "tables", "all migrations are done")
                : check_report(good, "tables", "run `fastchat migrate`\n%s",
                               text == NULL ? "" : text));
    free(text);
    return good;
}

static bool
check_message(struct resources *r)
{
    bool same;
    enum db_result result = probe_message(r->db, &r->arena, chinese, &same);

    if (result != DB_OK) {
        return check_report(false, "message", "cannot be appended: %s", db_why(r->db));
    }
    return check_report(same, "message",
                        same ? "appended, read back and rolled back"
                             : "a Chinese text is not read back as it was written");
}

/* Everything works without Redis, only slower: it never fails a check. */
static void
check_redis(struct resources *r)
{
    const char *server = redis_server(r->redis, &r->arena), *host = r->settings->redis_host;
    const char *warning = settings_redis_warning(r->settings);
    char cipher[REDIS_CIPHER_SIZE];

    if (server != NULL) {
        bool encrypted = redis_cipher(r->redis, cipher);

        check_report(true, "Redis", "%s; %s", server,
                     check_encryption(r, host, encrypted ? cipher : NULL));
    } else if (host[0] == '\0') {
        check_report(true, "Redis", "off (REDIS_HOST is empty)");
    } else {
        check_report(true, "Redis", "cannot be used; all works without it, more slowly: %s",
                     redis_why(r->redis));
    }
    if (warning != NULL) {
        check_report(true, "Redis", "%s", warning);
    }
}

static const char *
check_url(const struct app *app, struct arena *arena, const struct arguments *a)
{
    const char *host = app->settings->app_host, *url = argument_text(a, "url");

    if (url != NULL) {
        return url;
    }
    return arena_printf(arena, strchr(host, ':') != NULL ? "http://[%s]:%d" : "http://%s:%d",
                        strcmp(host, "0.0.0.0") == 0 ? "127.0.0.1" : host, app->settings->app_port);
}

static bool
check_steps(const struct app *app, struct resources *r, const struct arguments *a)
{
    if (!check_json() || !check_database(r) || !check_tables(app) || !check_message(r)) {
        return false;
    }
    check_redis(r);
    return argument_given(a, "no-web") ||
           check_web(r, check_url(app, &r->arena, a), !argument_given(a, "no-live"));
}

static int
check_start(const struct app *app, const struct arguments *a)
{
    struct resources resources;
    bool good;

    resources_open(&resources, app);
    check_versions(&resources);
    good = check_steps(app, &resources, a);
    (void)puts(good ? "all is well" : "something is wrong: see the step that failed");
    resources_close(&resources);
    return good ? 0 : 1;
}

static int
check_command_run(const struct arguments *a)
{
    const char *url = argument_text(a, "url");

    if (url != NULL && strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) {
        return command_usage_error(
            a, "--url takes an address such as https://chat.example.com, not %s", url);
    }
    return command_with_app("check", a, check_start);
}

static const struct command_option check_options[] = {
    {.name = "url", .value = "ADDRESS", .help = "the web server (default: APP_HOST and APP_PORT)"},
    {.name = "no-live", .help = "skip the live stream"},
    {.name = "no-web", .help = "only the database and Redis, without the web server"},
    {.name = NULL},
};
const struct command check_command = {
    .name = "check",
    .summary = "check the whole installation: sign in, send a message, see it arrive",
    .options = check_options,
    .run = check_command_run,
};
