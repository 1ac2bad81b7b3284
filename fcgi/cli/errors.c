/*
 * `fastchat errors`: the table of errors in docs/api.md, from the problems and the rows that may
 * reply with them.
 */
#include <string.h>

#include "fcgi/cli/commands.h"
#include "routes/frame/declared.h"

/* Routes that have something in common, of which most errors follow. */
struct set {
    bool (*has)(const struct route *route);
    const char *name;
};

static bool
routes_any(const struct route *route)
{
    (void)route;
    return true;
}

static bool
routes_with_token(const struct route *route)
{
    return route->access != ANYONE;
}

static bool
routes_with_limit(const struct route *route)
{
    return route->limit != LIMIT_NONE;
}

static bool
routes_with_body(const struct route *route)
{
    return declares_body(route->in);
}

static bool
routes_with_input(const struct route *route)
{
    return route->in != NULL;
}

static bool
routes_with_database(const struct route *route)
{
    return route->access != ANYONE || route->runs == CPU;
}

static const struct set sets[] = {
    {routes_any, "all"},
    {routes_with_token, "all that need a token"},
    {routes_with_limit, "all with a limit"},
    {routes_with_body, "all with a body"},
    {routes_with_input, "all with parameters or a body"},
    {routes_with_database, "all that use the database"},
};

/* Do exactly the routes of this set reply with the problem? */
static bool
set_fits(const struct set *set, const struct route *const *routes, enum problem p)
{
    for (; *routes != NULL; routes++) {
        if (set->has(*routes) != declares_problem(*routes, p)) {
            return false;
        }
    }
    return true;
}

static void
errors_print_routes(const struct route *const *routes, enum problem p)
{
    const char *separator = "";
    bool listed = false;

    for (size_t i = 0; routes[i] != NULL; i++) {
        listed = listed || declares_problem(routes[i], p);
    }
    if (problem_is_general(p) || !listed) {
        (void)printf("any request");
        return;
    }
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        if (set_fits(&sets[i], routes, p)) {
            (void)printf("%s", sets[i].name);
            return;
        }
    }
    for (; *routes != NULL; routes++) {
        if (declares_problem(*routes, p)) {
            (void)printf("%s`%s %s`", separator, method_name((*routes)->method), (*routes)->path);
            separator = ", ";
        }
    }
}

static int
errors_print(const struct app *app, const struct arguments *a)
{
    const struct route *const *routes = router_all(app->router);

    (void)a;
    (void)printf("| status | `code` | text | replied by |\n|---|---|---|---|\n");
    for (int status = 400; status < 600; status++) {
        for (int p = PROBLEM_END + 1; p < PROBLEMS; p++) {
            const struct problem_text *text = problem_text((enum problem)p);

            if (text->status == status) {
                (void)printf("| %d | `%s` | %s | ", status, text->code, text->en);
                errors_print_routes(routes, (enum problem)p);
                (void)printf(" |\n");
            }
        }
        if (status == 422) {
            (void)printf("| 422 | | a list of faults: [Conventions](#conventions) | %s |\n",
                         "all with parameters or a body");
        }
    }
    return 0;
}

static int
errors_command_run(const struct arguments *a)
{
    return command_with_app("errors", a, errors_print);
}

const struct command errors_command = {
    .name = "errors",
    .summary = "print the table of errors in docs/api.md",
    .run = errors_command_run,
};
