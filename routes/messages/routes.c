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
        .description = "201 with the new entry. Make one `client_id` for each message that the user sends, and keep it: if in doubt after a time-out or a lost network, send again with the same `client_id` and `body`, and there will be one message; the reply is then 200 with the existing entry. With another `body` it is 409 `client_id_reused`, and nothing is stored.",
    },
    {
        .method = GET, .path = "/api/rooms/{room_id}/messages", INPUT(list_messages, message_query),
        .access = MEMBER, .out = &entry_list_shape, .status = 200,
        .summary = "Read a room's log: the newest entries, or those before or after a seq",
        .description = "Entries ascend by `seq` on each page. Without `before` and `after`, these are the newest; the two exclude each other (422). A page has fewer entries than `limit` if their texts reach 256 KiB. Send `next` back as `before`, or as `after` if you used that.",
    },
    {
        .method = PUT, .path = "/api/rooms/{room_id}/read", INPUT(mark_read, read_new),
        .access = MEMBER, .out = &read_mark_shape, .status = 200,
        .summary = "Move your read mark forward",
        .description = "The mark never moves backwards: a smaller `seq` changes nothing. The other members' streams, and those of your other devices, get the event `read`.",
    },
    {
        .method = POST, .path = "/api/sync", INPUT(sync_now, sync_new),
        .out = &sync_shape, .status = 200,
        .summary = "Catch up: everything that is new since the marks",
        .description = "Keep one mark for each room, the `seq` up to which you have every entry, and send them all. `entries` are those after the marks; `rooms` are rooms of yours that you did not name: begin with their `last_seq`. If `more` is true, call again at once. With more than 2,000 rooms, sync them in ranges (`after_room`, `through_room`). `times` finds out whether the server went back to a backup: such rooms are in `restarted`.",
    },
    ROUTES_END,
};

const struct route_group messages_group = {
    .tag = "messages", .description = "The log of a room: sending, reading, catching up.", .routes = routes,
};
