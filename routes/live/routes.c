/* What the live group answers. */
#include "routes/live/live.h"

#include "routes/live/schemas.h"
#include "routes/live/views.h"
#include "routes/sync_reply.h"

const struct route live_routes[] = {
    {
        .method = GET, .path = "/api/events", .handler = open_stream,
        .runs = SLOW_IO, .who = USER,
        .in = &stream_query_shape, .status = 200, .media_type = "text/event-stream", .tag = "live",
        .problems = PROBLEMS(TOO_MANY_STREAMS, NO_LIVE_EVENTS),
        .summary = "All that happens in my rooms, as it happens (Server-Sent Events, or with Accept: application/x-ndjson a JSON object a line)",
    },
    {
        .method = POST, .path = "/api/sync/wait", .handler = sync_later,
        .runs = SLOW_IO, .who = USER,
        .in = &sync_wait_shape, .out = &sync_shape, .status = 200, .tag = "live",
        .summary = "As /api/sync, but held until something is new or the time is over",
    },
    {
        .method = POST, .path = "/api/rooms/{room_id}/typing", .handler = tell_typing,
        .runs = FAST_IO, .who = USER,
        .in = &typing_shape, .status = 204, .tag = "live",
        .problems = PROBLEMS(NOT_A_MEMBER, NO_SUCH_ROOM),
        .summary = "Tell the others in the room that I am typing; call it at most each 3 seconds",
    },
    ROUTES_END,
};
