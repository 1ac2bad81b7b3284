/* Finds the routes of a path, at a cost that hardly depends on the number of routes. */
#ifndef ROUTES_FRAME_ROUTER_H
#define ROUTES_FRAME_ROUTER_H

#include <stdbool.h>
#include <stddef.h>

#include "routes/frame/http/url.h"
#include "routes/frame/route.h"

struct router;

/* Freed with router_free. */
struct router *router_new(void) __attribute__((returns_nonnull, warn_unused_result));
void router_free(struct router *router);

/*
 * Adds a group's routes. The group must live as long as the router. Returns false, after a line on
 * stderr, if a route is malformed or repeats an earlier one.
 */
bool router_add(struct router *router, const struct route_group *group)
    __attribute__((nonnull, warn_unused_result));

/* The routes of one path, indexed by enum method; NULL for a method without a route. */
typedef const struct route *const *router_methods;

/*
 * The routes of a path; NULL if there are none. A literal segment goes before a parameter.
 * `parameters` receives the values of the pattern's parameters, in order; they are segments of
 * `path`, not copies.
 */
router_methods router_find(const struct router *router, const struct url_path *path,
                           const char *parameters[static ROUTE_PARAMETERS_MAX])
    __attribute__((nonnull));

/* All routes in the order they were added; ends with NULL. */
const struct route *const *router_all(const struct router *router)
    __attribute__((nonnull, returns_nonnull));

/* The largest body in bytes that any of the routes accepts (shape_body_max). */
size_t router_body_max(const struct router *router) __attribute__((nonnull));

/* The group of route `i` of router_all. */
const struct route_group *router_group(const struct router *router, size_t i)
    __attribute__((nonnull, returns_nonnull));

#endif
