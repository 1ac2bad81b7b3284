/*
 * The routes form a tree with one node for each segment. If a literal child leads nowhere, the path
 * is tried again through the parameter beside it.
 */
#include "routes/frame/router.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/memory.h"

struct node {
    const char *name;       /* of a literal segment; NULL for a parameter */
    struct node **literals; /* children, sorted by name */
    size_t literal_count;
    struct node *parameter; /* the child for any other segment; NULL */
    bool ends;              /* at least one of `routes` is set */
    const struct route *routes[METHODS];
};

struct router {
    struct arena arena;
    struct node root;
    const struct route **all;
    const struct route_group **groups; /* of `all` */
    size_t count;
};

struct router *
router_new(void)
{
    struct router *router = memory_new(struct router);

    router->all = arena_array(&router->arena, 1, sizeof(*router->all));
    return router;
}

void
router_free(struct router *router)
{
    if (router != NULL) {
        arena_free(&router->arena);
        free(router);
    }
}

/* The index of a literal among the children, or the index at which to insert it. */
static size_t
node_literal_index(const struct node *node, const char *name)
{
    size_t low = 0, high = node->literal_count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (strcmp(node->literals[middle]->name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct node *
node_find_literal(const struct node *node, const char *name)
{
    size_t index = node_literal_index(node, name);

    if (index < node->literal_count && strcmp(node->literals[index]->name, name) == 0) {
        return node->literals[index];
    }
    return NULL;
}

static struct node *
node_add_literal(struct node *node, const char *name, struct arena *a)
{
    struct node *child = node_find_literal(node, name);
    size_t index = node_literal_index(node, name);
    struct node **grown;

    if (child != NULL) {
        return child;
    }
    child = arena_alloc(a, sizeof(*child));
    child->name = name;
    grown = arena_array(a, node->literal_count + 1, sizeof(struct node *));
    for (size_t i = 0; i <= node->literal_count; i++) {
        grown[i] = i < index ? node->literals[i] : i == index ? child : node->literals[i - 1];
    }
    node->literals = grown;
    node->literal_count++;
    return child;
}

/* Whether the input shape has one path field for each parameter of the path and no others. */
static bool
route_parameters_match(const struct route *route)
{
    static const char *const none[ROUTE_PARAMETERS_MAX] = {"", "", "", ""};
    size_t fields = 0, braces = 0;

    for (const char *at = route->path; *at != '\0'; at++) {
        braces += *at == '{';
    }
    if (braces > ROUTE_PARAMETERS_MAX) {
        return false;
    }
    for (size_t i = 0; route->in != NULL && i < route->in->count; i++) {
        const struct field *f = &route->in->fields[i];

        if (f->from == FROM_PATH) {
            fields++;
            if (url_parameter(route->path, f->name, none) == NULL) {
                return false;
            }
        }
    }
    return fields == braces;
}

/* Membership is checked before the handler runs, for the room that the path names. */
static bool
route_names_its_room(const struct route *route)
{
    return route->access != MEMBER || strstr(route->path, "{room_id}") != NULL;
}

/* Accepts "rooms" and "{room_id}", not "room{id}": a parameter is a whole segment. */
static bool
pattern_segment_is_valid(const char *segment)
{
    size_t name = strcspn(segment + 1, "{}");

    return segment[0] == '{' ? strcmp(segment + 1 + name, "}") == 0
                             : strpbrk(segment, "{}") == NULL;
}

/* Refuses URL_SEGMENTS_MAX segments: every longer path, cut by url_path_read, could match them. */
static bool
pattern_is_valid(const struct url_path *pattern)
{
    for (size_t i = 0; i < pattern->count; i++) {
        if (!pattern_segment_is_valid(pattern->segments[i])) {
            return false;
        }
    }
    return pattern->count < URL_SEGMENTS_MAX;
}

/* Copies both lists on each append: tables are read only once, at start-up. */
static void
router_append(struct router *router, const struct route *route, const struct route_group *group)
{
    const struct route **all = arena_array(&router->arena, router->count + 2, sizeof(*all));
    const struct route_group **groups = arena_array(&router->arena, router->count + 1,
                                                    sizeof(*groups));

    for (size_t i = 0; i < router->count; i++) {
        all[i] = router->all[i];
        groups[i] = router->groups[i];
    }
    all[router->count] = route;
    groups[router->count++] = group;
    router->all = all;
    router->groups = groups;
}

static bool
router_add_route(struct router *router, const struct route *route, const struct route_group *group)
{
    struct node *node = &router->root;
    struct url_path path;

    if (!url_path_read(&path, route->path, &router->arena) || !pattern_is_valid(&path) ||
        !route_parameters_match(route) || !route_names_its_room(route)) {
        return false;
    }
    for (size_t i = 0; i < path.count; i++) {
        if (path.segments[i][0] != '{') {
            node = node_add_literal(node, path.segments[i], &router->arena);
            continue;
        }
        if (node->parameter == NULL) {
            node->parameter = arena_alloc(&router->arena, sizeof(struct node));
        }
        node = node->parameter;
    }
    if (node->routes[route->method] != NULL) {
        return false;
    }
    node->routes[route->method] = route;
    node->ends = true;
    router_append(router, route, group);
    return true;
}

bool
router_add(struct router *router, const struct route_group *group)
{
    for (const struct route *route = group->routes; route->path != NULL; route++) {
        if (!router_add_route(router, route, group)) {
            (void)fprintf(stderr, "fastchat: the route table is wrong at %s %s\n",
                          method_name(route->method), route->path);
            return false;
        }
    }
    return true;
}

/*
 * The node that the segments from `depth` on lead to, or NULL. The branch that succeeds overwrites
 * the values of an abandoned one.
 */
static const struct node *
node_find(const struct node *node, const struct url_path *path, size_t depth,
          const char **parameters, size_t parameter_count)
{
    const struct node *next, *found = NULL;

    if (depth == path->count) {
        return node->ends ? node : NULL;
    }
    next = node_find_literal(node, path->segments[depth]);
    if (next != NULL) {
        found = node_find(next, path, depth + 1, parameters, parameter_count);
    }
    if (found == NULL && node->parameter != NULL) {
        parameters[parameter_count] = path->segments[depth];
        found = node_find(node->parameter, path, depth + 1, parameters, parameter_count + 1);
    }
    return found;
}

router_methods
router_find(const struct router *router, const struct url_path *path,
            const char *parameters[static ROUTE_PARAMETERS_MAX])
{
    const struct node *node = node_find(&router->root, path, 0, parameters, 0);

    return node == NULL ? NULL : node->routes;
}

const struct route *const *
router_all(const struct router *router)
{
    return router->all;
}

size_t
router_body_max(const struct router *router)
{
    size_t max = 0;

    for (size_t i = 0; i < router->count; i++) {
        const struct shape *in = router->all[i]->in;
        size_t size = in == NULL ? 0 : shape_body_max(in);

        max = size > max ? size : max;
    }
    return max;
}

const struct route_group *
router_group(const struct router *router, size_t i)
{
    return router->groups[i];
}
