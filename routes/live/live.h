/* The live group: streams of events, long polls, typing. */
#ifndef ROUTES_LIVE_LIVE_H
#define ROUTES_LIVE_LIVE_H

#include "routes/frame/route.h"
#include "routes/shapes.h"

extern const struct route_group live_group;

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

/* The handlers; what each replies stands above it in views.c. */
HANDLER(open_stream, stream_query)
HANDLER(sync_later, sync_wait)
HANDLER(announce_typing, typing)

#endif
