/* The common group: what the server is, and whether it is well. */
#ifndef ROUTES_COMMON_COMMON_H
#define ROUTES_COMMON_COMMON_H

#include "routes/frame/route.h"
#include "routes/frame/shape.h"

extern const struct route_group common_group;

struct about {
    const char *title;
};
struct health {
    const char *status;
};
struct readiness {
    const char *status, *database, *redis;
};

extern const struct shape about_shape, health_shape, readiness_shape;

/* The handlers; what each replies stands above it in views.c. */
HANDLER_WITHOUT_INPUT(get_about)
HANDLER_WITHOUT_INPUT(get_health)
HANDLER_WITHOUT_INPUT(get_readiness)
HANDLER_WITHOUT_INPUT(get_openapi)

#endif
