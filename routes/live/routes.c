/* The route table of the live group. */
#include "routes/groups.h"
#include "routes/live/schemas.h"

#include "routes/live_events.h"
#include "routes/sync_reply.h"

static const struct route routes[] = {
    {
        .method = GET, .path = "/api/events", INPUT(open_stream, stream_query),
        .runs = SLOW_IO, .has_effect = true,
        .status = 200, .media_type = "text/event-stream", .events = &live_events_shape,
        .problems = PROBLEMS(TOO_MANY_STREAMS, NO_PREFETCH, NO_LIVE_EVENTS),
        .summary = "A live stream of everything in your rooms: Server-Sent Events, or with Accept: application/x-ndjson one JSON object a line",
    },
    {
        .method = POST, .path = "/api/sync/wait", INPUT(sync_later, sync_wait),
        .runs = SLOW_IO,
        .out = &sync_shape, .status = 200,
        .problems = PROBLEMS(TOO_MANY_STREAMS),
        .summary = "Catch up like /api/sync, but wait until something is new",
    },
    {
        .method = POST, .path = "/api/rooms/{room_id}/typing", INPUT(announce_typing, typing),
        .access = MEMBER, .limit = LIMIT_TYPING,
        .status = 204,
        .summary = "Show the others in a room that you are typing; call it at most every 3 seconds",
    },
    ROUTES_END,
};

const struct route_group live_group = {.tag = "live", .routes = routes};
