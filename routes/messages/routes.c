/* What the messages group answers. */
#include "routes/messages/messages.h"

static const struct route routes[] = {
    {
        .method = POST, .path = "/api/rooms/{room_id}/messages", INPUT(send_message, message_new),
        .access = MEMBER, .limit = LIMIT_SEND,
        .out = &entry_shape, .status = 201, .other_status = 200,
        .summary = "Send a message; the same client_id again returns the entry that exists, with 200",
    },
    {
        .method = GET, .path = "/api/rooms/{room_id}/messages", INPUT(list_messages, message_query),
        .access = MEMBER, .out = &entry_list_shape, .status = 200,
        .summary = "A page of a room's log: the newest, or those before or after a seq",
    },
    {
        .method = PUT, .path = "/api/rooms/{room_id}/read", INPUT(mark_read, read_new),
        .access = MEMBER, .out = &read_mark_shape, .status = 200,
        .summary = "Move my read mark forward",
    },
    {
        .method = POST, .path = "/api/sync", INPUT(sync_now, sync_new),
        .out = &sync_shape, .status = 200,
        .summary = "All that is new since the numbers given",
    },
    ROUTES_END,
};

const struct route_group messages_group = {.tag = "messages", .routes = routes};
