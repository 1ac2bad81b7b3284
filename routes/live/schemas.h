/* What the live group takes. */
#ifndef ROUTES_LIVE_SCHEMAS_H
#define ROUTES_LIVE_SCHEMAS_H

#include "routes/shapes.h"

struct stream_query {
    const char *after;
};
struct sync_wait {
    struct seqs rooms;
    int64_t limit, wait;
};
struct typing {
    int64_t room_id;
};

extern const struct shape stream_query_shape, sync_wait_shape, typing_shape;

#endif
