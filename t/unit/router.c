/* Finding routes by path, and refusing tables that are malformed or contradict themselves. */
#include "routes/frame/router.h"

#include "t/unit/tap.h"

struct path_ids {
    int64_t a, b, c, d, e;
};

static const struct shape one = SHAPE("One", struct path_ids, PATH_ID(struct path_ids, a));
static const struct shape two = SHAPE("Two", struct path_ids, PATH_ID(struct path_ids, a),
                                      PATH_ID(struct path_ids, b));
static const struct shape other = SHAPE("Other", struct path_ids, PATH_ID(struct path_ids, b));
static const struct shape five = SHAPE("Five", struct path_ids, PATH_ID(struct path_ids, a),
                                       PATH_ID(struct path_ids, b), PATH_ID(struct path_ids, c),
                                       PATH_ID(struct path_ids, d), PATH_ID(struct path_ids, e));

static const struct route table[] = {
    {.method = GET, .path = "/api"},
    {.method = GET, .path = "/api/users"},
    {.method = POST, .path = "/api/users"},
    {.method = GET, .path = "/api/users/me"},
    {.method = GET, .path = "/api/users/{a}", .in = &one},
    {.method = DELETE, .path = "/api/users/{a}/x", .in = &one},
    {.method = PUT, .path = "/api/rooms/{a}/members/{b}", .in = &two},
    ROUTES_END,
};

static struct arena arena;
static const char *parameters[ROUTE_PARAMETERS_MAX];

/* The routes of a path, and its parameters in `parameters`; NULL if there are none. */
static router_methods
routes_of(const struct router *router, const char *text)
{
    struct url_path path;

    return url_path_read(&path, text, &arena) ? router_find(router, &path, parameters) : NULL;
}

/* A router with `routes`, which end with ROUTES_END; `promise` names the test that adds them. */
static struct router *
router_of(const struct route *routes, const char *promise)
{
    struct router *router = router_new();

    ok(router_add(router, &(struct route_group){.routes = routes}), promise);
    return router;
}

/* Whether a router that has GET /api/users also accepts `route`. */
static bool
accepts(const struct route *route)
{
    struct router *router = router_new();
    const struct route routes[] = {table[1], *route, ROUTES_END};
    bool good = router_add(router, &(struct route_group){.routes = routes});

    router_free(router);
    return good;
}

static void
test_found(const struct router *router)
{
    ok(routes_of(router, "/api")[GET] == &table[0], "a literal path is found");
    ok(routes_of(router, "/api/users")[POST] == &table[2],
       "a path with several methods has each method's route");
    ok(routes_of(router, "/api/users")[PUT] == NULL,
       "a path has no route for a method that the table lacks");
    ok(routes_of(router, "/api/users/me")[GET] == &table[3],
       "a literal segment goes before a parameter");
    ok(routes_of(router, "/api/users/12")[GET] == &table[4],
       "a segment that is not a literal is a parameter");
    is_str(parameters[0], "12", "a parameter has the segment as its value");
    ok(routes_of(router, "/api/users/me/x")[DELETE] == &table[5],
       "a literal that leads nowhere is abandoned for the parameter beside it");
    is_str(parameters[0], "me", "a parameter may have the value of a literal beside it");
    ok(routes_of(router, "/api/rooms/3/members/4")[PUT] == &table[6],
       "a path with two parameters is found");
    ok(strcmp(parameters[0], "3") == 0 && strcmp(parameters[1], "4") == 0,
       "parameters are in the order of the path");
    ok(router_all(router)[6] == &table[6] && router_all(router)[7] == NULL,
       "all routes are listed in the order of the table");
}

static void
test_not_found(const struct router *router)
{
    ok(routes_of(router, "/api/rooms") == NULL, "the beginning of a route's path is not found");
    ok(routes_of(router, "/api/rooms/3/members") == NULL,
       "a path that ends before the last parameter is not found");
    ok(routes_of(router, "/api/users/1/x/y") == NULL,
       "a path that goes on after a route's end is not found");
    ok(routes_of(router, "/") == NULL, "the root is not found unless a route names it");
    ok(routes_of(router, "/API/users") == NULL, "paths are case-sensitive");
}

static void
test_duplicates(void)
{
    ok(!accepts(&table[1]), "the same path and method twice are refused");
    ok(accepts(&(struct route){.method = POST, .path = "/api/users"}),
       "the same path with another method is accepted");
    ok(!accepts(&(struct route){.method = GET, .path = "/api/users/"}),
       "paths that differ only by a slash at the end are the same");
}

static void
test_malformed_routes(void)
{
    ok(!accepts(&(struct route){.method = GET, .path = "/x/{a}"}),
       "a parameter without a field is refused");
    ok(!accepts(&(struct route){.method = GET, .path = "/x", .in = &one}),
       "a path field without a parameter is refused");
    ok(!accepts(&(struct route){.method = GET, .path = "/x/{c}", .in = &one}),
       "a parameter and a path field of different names are refused");
    ok(!accepts(&(struct route){.method = GET, .path = "x"}),
       "a path without its first slash is refused");
    ok(!accepts(&(struct route){.method = GET, .path = "/x/y{a}", .in = &one}),
       "a parameter at the end of a segment is refused");
    ok(!accepts(&(struct route){.method = GET, .path = "/x/{a}y", .in = &one}),
       "a parameter at the beginning of a segment is refused");
    ok(!accepts(&(struct route){.method = GET, .path = "/x/{a}{b}", .in = &two}),
       "two parameters in one segment are refused");
    ok(!accepts(&(struct route){.method = GET, .path = "/x/{a}/{a}", .in = &one}),
       "the same parameter twice is refused");
    ok(!accepts(&(struct route){.method = GET, .path = "/{a}/{b}/{c}/{d}/{e}", .in = &five}),
       "more parameters than a request can hold are refused");
    ok(!accepts(&(struct route){.method = GET, .path = "/x", .access = MEMBER}),
       "a route for members that names no room is refused");
}

/* GET /x/{a} and PUT /x/{b} are one node. */
static void
test_parameter_names(void)
{
    const struct route routes[] = {
        {.method = GET, .path = "/x/{a}", .in = &one},
        {.method = PUT, .path = "/x/{b}", .in = &other},
        ROUTES_END,
    };
    struct router *router = router_of(routes,
                                      "two routes of one path may name its parameter differently");

    ok(routes_of(router, "/x/5")[GET] == &routes[0] && routes_of(router, "/x/5")[PUT] == &routes[1],
       "routes that name a parameter differently are found at one path");
    router_free(router);
}

/* url_path_read cuts a path at URL_SEGMENTS_MAX segments; a cut path must match no route. */
static void
test_long_paths(void)
{
    char text[200] = "";
    struct router *router;
    const struct route routes[] = {{.method = GET, .path = text}, ROUTES_END};

    for (int i = 1; i < URL_SEGMENTS_MAX; i++) {
        (void)strcat(text, "/x");
    }
    router = router_of(routes, "a route of 15 segments is accepted");
    ok(routes_of(router, text) != NULL && routes_of(router, text)[GET] == &routes[0],
       "a path of 15 segments is found");
    (void)strcat(text, "/x");
    ok(routes_of(router, text) == NULL, "a path of 16 segments is not found");
    ok(!accepts(&routes[0]), "a route of 16 segments is refused");
    (void)strcat(text, "/x/x/x");
    ok(routes_of(router, text) == NULL, "a path of 19 segments, which is cut, is not found");
    router_free(router);
}

/* Every literal has a parameter beside it, so that a search has to go back as often as it can. */
static void
test_backtracking(void)
{
    const struct route routes[] = {
        {.method = GET, .path = "/l/l/l/end"},
        {.method = GET, .path = "/l/{a}/{b}/fin", .in = &two},
        {.method = GET, .path = "/{a}/l/{b}/stop", .in = &two},
        ROUTES_END,
    };
    struct router *router = router_of(routes,
                                      "a literal may have a parameter beside it at every segment");

    ok(routes_of(router, "/l/l/l/end")[GET] == &routes[0],
       "a path of literals is found beside parameters");
    ok(routes_of(router, "/l/l/l/fin")[GET] == &routes[1],
       "a search that fails at the last segment goes back to a parameter");
    ok(routes_of(router, "/l/l/l/stop")[GET] == &routes[2],
       "a search that fails at the last segment goes back as far as the first");
    ok(strcmp(parameters[0], "l") == 0 && strcmp(parameters[1], "l") == 0,
       "an abandoned branch leaves no value in the parameters");
    ok(routes_of(router, "/l/l/l/l") == NULL, "a path that no branch leads to is not found");
    router_free(router);
}

int
main(void)
{
    struct router *router = router_of(table, "a table of literals and parameters is accepted");

    test_found(router);
    test_not_found(router);
    router_free(router);
    test_duplicates();
    test_malformed_routes();
    test_parameter_names();
    test_long_paths();
    test_backtracking();
    arena_free(&arena);
    return done_testing();
}
