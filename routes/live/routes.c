/* What the live group answers. */
#include "routes/live/live.h"

#include "routes/sync_reply.h"

static const struct route routes[] = {
    {
        .method = GET, .path = "/api/events", INPUT(open_stream, stream_query),
        .runs = SLOW_IO,
        .status = 200, .media_type = "text/event-stream",
        .problems = PROBLEMS(TOO_MANY_STREAMS, NO_LIVE_EVENTS),
        .summary = "All that happens in my rooms, as it happens (Server-Sent Events, or with Accept: application/x-ndjson a JSON object a line)",
    },
    {
        .method = POST, .path = "/api/sync/wait", INPUT(sync_later, sync_wait),
        .runs = SLOW_IO,
        .out = &sync_shape, .status = 200,
        .summary = "As /api/sync, but held until something is new or the time is over",
    },
    {
        .method = POST, .path = "/api/rooms/{room_id}/typing", INPUT(announce_typing, typing),
        .access = MEMBER, .status = 204,
        .summary = "Tell the others in the room that I am typing; call it at most each 3 seconds",
    },
    ROUTES_END,
};

const struct route_group live_group = {.tag = "live", .routes = routes};
