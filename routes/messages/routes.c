/* The route table of the messages group. */
#include "routes/groups.h"
#include "routes/messages/schemas.h"

static const struct route routes[] = {
    {
        .method = POST, .path = "/api/rooms/{room_id}/messages", INPUT(send_message, message_new),
        .access = MEMBER, .limit = LIMIT_SEND,
        .out = &entry_shape, .status = 201, .other_status = 200,
        .problems = PROBLEMS(CLIENT_ID_REUSED),
        .summary = "Send a message; the same client_id and text again return the existing entry with 200",
    },
    {
        .method = GET, .path = "/api/rooms/{room_id}/messages", INPUT(list_messages, message_query),
        .access = MEMBER, .out = &entry_list_shape, .status = 200,
        .summary = "Read a room's log: the newest entries, or those before or after a seq",
    },
    {
        .method = PUT, .path = "/api/rooms/{room_id}/read", INPUT(mark_read, read_new),
        .access = MEMBER, .out = &read_mark_shape, .status = 200,
        .summary = "Move your read mark forward",
    },
    {
        .method = POST, .path = "/api/sync", INPUT(sync_now, sync_new),
        .out = &sync_shape, .status = 200,
        .summary = "Catch up: everything that is new since the marks",
    },
    ROUTES_END,
};

const struct route_group messages_group = {.tag = "messages", .routes = routes};
