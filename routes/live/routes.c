/* The route table of the live group. */
#include "routes/groups.h"
#include "routes/live/schemas.h"

#include "routes/live_events.h"
#include "routes/sync_reply.h"

static const struct route routes[] = {
    {
        .method = GET, .path = "/api/events", INPUT(open_stream, stream_query),
        .runs = SLOW_IO, .has_effect = true,
        .status = 200, .media_type = "text/event-stream", .events = live_events,
        .takes_headers = HEADERS("Last-Event-ID"),
        .problems = PROBLEMS(TOO_MANY_STREAMS, NO_PREFETCH, NO_LIVE_EVENTS),
        .summary = "A live stream of everything in your rooms: Server-Sent Events, or with Accept: application/x-ndjson one JSON object a line",
        .description = "The stream stays open. It is Server-Sent Events, or with `Accept: application/x-ndjson` one `StreamEvent` as JSON on each line; every byte is ASCII. It begins with `hello`; `entry` and `rooms` events are guaranteed, all others best effort. A browser's `EventSource` cannot send the token: use `fetch`. After two and a half times `heartbeat_ms` without a byte, connect again with a random delay, and resume with `after` or `Last-Event-ID`. A stream ends with its session. HEAD does not open one, and a prefetch is refused. On 503 `no_live_events`, poll `POST /api/sync`.",
    },
    {
        .method = POST, .path = "/api/sync/wait", INPUT(sync_later, sync_wait),
        .runs = SLOW_IO,
        .out = &sync_shape, .status = 200,
        .problems = PROBLEMS(TOO_MANY_STREAMS),
        .summary = "Catch up like /api/sync, but wait until something is new",
        .description = "The same as `POST /api/sync`, but while nothing is new the request is held, for at most `wait` seconds; then the reply is empty. A client that gets an empty reply at once should poll every two seconds. Held requests count with the live streams against `too_many_streams`.",
    },
    {
        .method = POST, .path = "/api/rooms/{room_id}/typing", INPUT(announce_typing, typing),
        .access = MEMBER, .limit = LIMIT_TYPING,
        .status = 204,
        .summary = "Show the others in a room that you are typing; call it at most every 3 seconds",
        .description = "Members with a live stream get the event `typing`, and show it for 6 seconds. Nothing is stored. It has a limit of its own, a tenth of the general one.",
    },
    ROUTES_END,
};

const struct route_group live_group = {
    .tag = "live", .description = "The live stream, the long poll, and who is typing.", .routes = routes,
};
