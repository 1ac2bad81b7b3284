/* What the exports group takes and gives. */
#ifndef ROUTES_EXPORTS_SCHEMAS_H
#define ROUTES_EXPORTS_SCHEMAS_H

#include "routes/frame/shape.h"

struct export_queued {
    int64_t id;
    int state;
};
struct export_query {
    int64_t export_id;
};

extern const struct shape export_queued_shape, export_query_shape;

#endif
