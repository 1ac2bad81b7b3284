/*
 * The steps up to the database, and the command. A step that fails ends the check: those after it
 * would fail for its reason.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/mysql/migrate.h"
#include "db/probe.h"
#include "fcgi/cli/check.h"

enum { USAGE_ERROR = 2 };

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

static bool
check_database(struct resources *r)
{
    const char *server = db_server(r->db, &r->arena);

    if (server == NULL) {
        return check_report(false, "database", "%s", db_why(r->db));
    }
    return check_report(true, "database", "%s, by %s; messages in %s", server, db_client(&r->arena),
                        db_has_compounds(r->db) ? "one statement" : "transactions");
}

/* The migrations' own report is shown if something is wrong. */
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

/* Without Redis everything works, only slower: it is reported, and never fails a check. */
static void
check_redis(struct resources *r)
{
    const char *server = redis_server(r->redis, &r->arena);

    check_report(true, "Redis", "%s",
                 server != NULL ? server
                 : r->settings->redis_host[0] == '\0'
                     ? "off (REDIS_HOST is empty)"
                     : "cannot be reached; all works without it, more slowly");
}

struct options {
    const char *url;
    bool web, live;
};

static bool
run_steps(const struct app *app, struct resources *r, const struct options *options)
{
    const char *host = app->settings->app_host;
    const char *url =
        options->url != NULL
            ? options->url
            : arena_printf(&r->arena, strchr(host, ':') != NULL ? "http://[%s]:%d" : "http://%s:%d",
                           strcmp(host, "0.0.0.0") == 0 ? "127.0.0.1" : host,
                           app->settings->app_port);

    if (!check_json() || !check_database(r) || !check_tables(app) || !check_message(r)) {
        return false;
    }
    check_redis(r);
    return !options->web || check_web(r, url, options->live);
}

/* 0, or the exit status. */
static int
read_words(int count, char **words, struct options *options)
{
    static const struct option known[] = {{"url", required_argument, NULL, 'u'},
                                          {"no-web", no_argument, NULL, 'w'},
                                          {"no-live", no_argument, NULL, 'l'},
                                          {0}};
    int option;

    while ((option = getopt_long(count, words, "", known, NULL)) != -1) {
        if (option == '?') {
            return USAGE_ERROR;
        }
        options->url = option == 'u' ? optarg : options->url;
        options->web = options->web && option != 'w';
        options->live = options->live && option != 'l';
    }
    if (optind < count) {
        (void)fprintf(stderr, "fastchat check: takes no such word: %s\n", words[optind]);
        return USAGE_ERROR;
    }
    if (options->url != NULL && strncmp(options->url, "http://", 7) != 0 &&
        strncmp(options->url, "https://", 8) != 0) {
        (void)fprintf(stderr,
                      "fastchat check: --url takes an address as https://chat.example.com, "
                      "not %s\n",
                      options->url);
        return USAGE_ERROR;
    }
    return 0;
}

int
check_command(int count, char **words)
{
    struct options options = {.web = true, .live = true};
    struct resources resources;
    struct app *app;
    int status = read_words(count, words, &options);

    if (status != 0) {
        return status;
    }
    app = app_new("check");
    if (app == NULL) {
        return 1;
    }
    resources_open(&resources, app);
    check_versions(&resources);
    status = run_steps(app, &resources, &options) ? 0 : 1;
    (void)puts(status == 0 ? "all is well" : "something is wrong: see the step that failed");
    resources_close(&resources);
    app_free(app);
    return status;
}
