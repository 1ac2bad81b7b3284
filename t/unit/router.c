/* Routes are found by path: literals before parameters, and what contradicts itself is not taken. */
#include "routes/frame/router.h"

#include "t/unit/tap.h"

struct in {
    int64_t a, b, c, d, e;
};

static const struct shape one = SHAPE("One", struct in, PATH_ID(struct in, a));
static const struct shape two = SHAPE("Two", struct in, PATH_ID(struct in, a), PATH_ID(struct in, b));

static const struct shape other = SHAPE("Other", struct in, PATH_ID(struct in, b));
static const struct shape five = SHAPE("Five", struct in, PATH_ID(struct in, a), PATH_ID(struct in, b), PATH_ID(struct in, c), PATH_ID(struct in, d), PATH_ID(struct in, e));

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

static router_methods
find(const struct router *router, const char *text)
{
    struct url_path path;

    return url_path_read(&path, text, &arena) ? router_find(router, &path, parameters) : NULL;
}

static bool
takes(const struct route *route)
{
    struct router *router = router_new();
    const struct route routes[] = {table[1], *route, ROUTES_END};
    bool good = router_add(router, &(struct route_group){.routes = routes});

    router_free(router);
    return good;
}

/* Five parameters are too many, and two routes name one place differently. */
static void
test_parameters(void)
{
    const struct route routes[] = {
        {.method = GET, .path = "/x/{a}", .in = &one},
        {.method = PUT, .path = "/x/{b}", .in = &other},
        ROUTES_END,
    };
    struct router *router = router_new();

    ok(!takes(&(struct route){.method = GET, .path = "/{a}/{b}/{c}/{d}/{e}", .in = &five}),
       "more parameters than a request can hold are refused");
    ok(router_add(router, &(struct route_group){.routes = routes}),
       "two routes may name the same parameter differently");
    ok(find(router, "/x/5")[GET] == &routes[0] && find(router, "/x/5")[PUT] == &routes[1],
       "and stand at one path");
    router_free(router);
}

/* A path that is cut at URL_SEGMENTS_MAX is no route's, even of one as long. */
static void
test_long_paths(void)
{
    char text[200] = "";
    struct router *router = router_new();
    const struct route routes[] = {{.method = GET, .path = text}, ROUTES_END};

    for (int i = 1; i < URL_SEGMENTS_MAX; i++) {
        (void)strcat(text, "/x");
    }
    ok(router_add(router, &(struct route_group){.routes = routes}),
       "a path of 15 segments is taken");
    ok(find(router, text) != NULL && find(router, text)[GET] == &routes[0], "and found");
    (void)strcat(text, "/x");
    ok(find(router, text) == NULL, "one of 16 segments is nobody's");
    ok(!takes(&routes[0]), "and no route may have it");
    (void)strcat(text, "/x/x/x");
    ok(find(router, text) == NULL, "nor is one of 19, which is read in part only");
    router_free(router);
}

/* Every literal has a parameter beside it, so that each wrong turn is taken before a path is refused. */
static void
test_wrong_turns(void)
{
    const struct route routes[] = {
        {.method = GET, .path = "/l/l/l/end"},
        {.method = GET, .path = "/l/{a}/{b}/fin", .in = &two},
        {.method = GET, .path = "/{a}/l/{b}/stop", .in = &two},
        ROUTES_END,
    };
    struct router *router = router_new();

    ok(router_add(router, &(struct route_group){.routes = routes}),
       "a table with a parameter beside each literal");
    ok(find(router, "/l/l/l/end")[GET] == &routes[0], "literals lead to the first route");
    ok(find(router, "/l/l/l/fin")[GET] == &routes[1], "one wrong turn is undone");
    ok(find(router, "/l/l/l/stop")[GET] == &routes[2], "and so is one from the beginning on");
    ok(strcmp(parameters[0], "l") == 0 && strcmp(parameters[1], "l") == 0,
       "no value of a turn that was undone is left");
    ok(find(router, "/l/l/l/l") == NULL, "what leads nowhere is refused");
    router_free(router);
}

int
main(void)
{
    struct router *router = router_new();

    ok(router_add(router, &(struct route_group){.routes = table}), "a table is taken");
    ok(find(router, "/api")[GET] == &table[0], "a path is found");
    ok(find(router, "/api/users")[POST] == &table[2], "with the method asked for");
    ok(find(router, "/api/users")[PUT] == NULL, "and without the others");
    ok(find(router, "/api/users/me")[GET] == &table[3], "a literal goes before a parameter");
    ok(find(router, "/api/users/12")[GET] == &table[4], "what is no literal is a parameter");
    is_str(parameters[0], "12", "with its value");
    ok(find(router, "/api/users/me/x")[DELETE] == &table[5],
       "a literal that leads nowhere is left again");
    is_str(parameters[0], "me", "for the parameter beside it");
    ok(find(router, "/api/rooms/3/members/4")[PUT] == &table[6], "two parameters are found");
    ok(strcmp(parameters[0], "3") == 0 && strcmp(parameters[1], "4") == 0, "in order");
    ok(find(router, "/api/rooms") == NULL, "the beginning of a path is no path");
    ok(find(router, "/api/rooms/3/members") == NULL, "nor is the middle");
    ok(find(router, "/api/users/1/x/y") == NULL, "nor what goes on behind one");
    ok(find(router, "/") == NULL, "nor the root");
    ok(find(router, "/API/users") == NULL, "case counts");
    ok(router_all(router)[6] == &table[6] && router_all(router)[7] == NULL,
       "all routes are listed in order");
    router_free(router);

    ok(!takes(&table[1]), "the same path and method twice is refused");
    ok(!takes(&(struct route){.method = GET, .path = "/x/{a}"}),
       "a parameter without a field is refused");
    ok(!takes(&(struct route){.method = GET, .path = "/x", .in = &one}),
       "a field without a parameter is refused");
    ok(!takes(&(struct route){.method = GET, .path = "/x/{c}", .in = &one}),
       "and one of another name");
    ok(!takes(&(struct route){.method = GET, .path = "x"}), "a path without its slash is refused");
    ok(!takes(&(struct route){.method = GET, .path = "/x/y{a}", .in = &one}),
       "a parameter is a whole segment, not the end of one");
    ok(!takes(&(struct route){.method = GET, .path = "/x/{a}y", .in = &one}), "nor its beginning");
    ok(!takes(&(struct route){.method = GET, .path = "/x/{a}{b}", .in = &two}),
       "nor do two make one segment");
    ok(!takes(&(struct route){.method = GET, .path = "/x/{a}/{a}", .in = &one}),
       "one parameter twice is refused");
    ok(!takes(&(struct route){.method = GET, .path = "/x", .access = MEMBER}),
       "a route for members that names no room is refused");
    ok(takes(&(struct route){.method = POST, .path = "/api/users"}), "another method is taken");
    ok(!takes(&(struct route){.method = GET, .path = "/api/users/"}),
       "a path that differs by a slash at its end is the same");
    test_parameters();
    test_long_paths();
    test_wrong_turns();
    arena_free(&arena);
    return done_testing();
}
