/* What the common group gives. */
#ifndef ROUTES_COMMON_SCHEMAS_H
#define ROUTES_COMMON_SCHEMAS_H

#include "routes/frame/shape.h"

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

#endif
