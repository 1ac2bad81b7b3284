/* Routes are found by path: literals before parameters, and what contradicts itself is not taken. */
#include "routes/router.h"

#include "t/unit/tap.h"

struct in {
    int64_t a, b;
};

static const struct shape one = SHAPE("One", struct in, PATH_ID(struct in, a));
static const struct shape two = SHAPE("Two", struct in, PATH_ID(struct in, a), PATH_ID(struct in, b));

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
    bool good = router_add(router, routes);

    router_free(router);
    return good;
}

int
main(void)
{
    struct router *router = router_new();

    ok(router_add(router, table), "a table is taken");
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
    arena_free(&arena);
    return done_testing();
}
