/* What the lab group takes and gives. */
#ifndef ROUTES_LAB_SCHEMAS_H
#define ROUTES_LAB_SCHEMAS_H

#include "routes/frame/shape.h"

struct lab_queued {
    int64_t id;
    int state;
};

extern const struct shape lab_new_shape, lab_queued_shape;

#endif
