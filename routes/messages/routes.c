/* What the messages group answers. */
#include "routes/messages/messages.h"

#include "routes/messages/schemas.h"
#include "routes/messages/views.h"

const struct route messages_routes[] = {
    {
        .method = POST, .path = "/api/rooms/{room_id}/messages", .handler = send_message,
        .runs = FAST_IO, .who = USER, .limit = LIMIT_SEND,
        .in = &message_new_shape, .out = &entry_shape, .status = 201, .other_status = 200, .tag = "messages",
        .problems = PROBLEMS(NOT_A_MEMBER, NO_SUCH_ROOM),
        .summary = "Send a message; the same client_id again returns the entry that exists, with 200",
    },
    {
        .method = GET, .path = "/api/rooms/{room_id}/messages", .handler = list_messages,
        .runs = FAST_IO, .who = USER,
        .in = &message_query_shape, .out = &entry_list_shape, .status = 200, .tag = "messages",
        .problems = PROBLEMS(NOT_A_MEMBER, NO_SUCH_ROOM),
        .summary = "A page of a room's log: the newest, or those before or after a seq",
    },
    {
        .method = PUT, .path = "/api/rooms/{room_id}/read", .handler = mark_read,
        .runs = FAST_IO, .who = USER,
        .in = &read_new_shape, .out = &read_mark_shape, .status = 200, .tag = "messages",
        .problems = PROBLEMS(NOT_A_MEMBER, NO_SUCH_ROOM),
        .summary = "Move my read mark forward",
    },
    {
        .method = POST, .path = "/api/sync", .handler = sync_now,
        .runs = FAST_IO, .who = USER,
        .in = &sync_new_shape, .out = &sync_shape, .status = 200, .tag = "messages",
        .summary = "All that is new since the numbers given",
    },
    ROUTES_END,
};
