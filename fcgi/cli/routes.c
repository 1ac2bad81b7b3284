/* `fastchat routes` and `fastchat openapi`: the route table, for people and for programs. */
#include "fcgi/cli/commands.h"
#include "routes/frame/openapi/openapi.h"
#include "routes/frame/route.h"

static int
routes_print(const struct app *app, const struct arguments *a)
{
    static const char *const pools[] = {
        [FAST_IO] = "FAST_IO", [CPU] = "CPU", [SLOW_IO] = "SLOW_IO"};
    static const char *const access[] = {
        [USER] = "user", [MEMBER] = "member", [ADMIN] = "admin", [ANYONE] = "anyone"};

    (void)a;
    for (const struct route *const *at = router_all(app->router); *at != NULL; at++) {
        (void)printf("%-6s %-40s %-8s %-7s %s\n", method_name((*at)->method), (*at)->path,
                     pools[(*at)->runs], access[(*at)->access], (*at)->summary);
    }
    return 0;
}

static int
routes_command_run(const struct arguments *a)
{
    return command_with_app("routes", a, routes_print);
}

const struct command routes_command = {
    .name = "routes",
    .summary = "list the routes: method, path, pool, access",
    .run = routes_command_run,
};

static int
openapi_print(const struct app *app, const struct arguments *a)
{
    struct buf document = {0};
    bool is_written;

    openapi_write(app->router, app->settings, &document);
    is_written = fwrite(document.at, 1, document.len, stdout) == document.len &&
                 fflush(stdout) == 0;
    buf_free(&document);
    return is_written ? 0 : command_failure(a, "the document cannot be written");
}

static int
openapi_command_run(const struct arguments *a)
{
    return command_with_app("openapi", a, openapi_print);
}

const struct command openapi_command = {
    .name = "openapi",
    .summary = "print the OpenAPI document",
    .run = openapi_command_run,
};
