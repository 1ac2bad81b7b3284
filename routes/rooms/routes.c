/* What the rooms group answers. */
#include "routes/rooms/rooms.h"

#include "routes/rooms/schemas.h"
#include "routes/rooms/views.h"

const struct route rooms_routes[] = {
    {
        .method = POST, .path = "/api/rooms", .handler = make_room,
        .runs = FAST_IO, .who = USER,
        .in = &room_new_shape, .out = &room_shape, .status = 201, .tag = "rooms",
        .problems = PROBLEMS(NO_SUCH_USER),
        .summary = "Make a room; the caller owns it",
    },
    {
        .method = GET, .path = "/api/rooms", .handler = list_rooms,
        .runs = FAST_IO, .who = USER,
        .in = &room_query_shape, .out = &room_list_shape, .status = 200, .tag = "rooms",
        .summary = "My rooms, or with open=true the open ones; latest activity first",
    },
    {
        .method = GET, .path = "/api/rooms/{room_id}", .handler = get_room,
        .runs = FAST_IO, .who = USER,
        .in = &room_path_shape, .out = &room_shape, .status = 200, .tag = "rooms",
        .problems = PROBLEMS(NOT_A_MEMBER, NO_SUCH_ROOM),
        .summary = "A room that I am in, or that is open",
    },
    {
        .method = PATCH, .path = "/api/rooms/{room_id}", .handler = change_room,
        .runs = FAST_IO, .who = USER,
        .in = &room_change_shape, .out = &room_shape, .status = 200, .tag = "rooms",
        .problems = PROBLEMS(NOT_A_MEMBER, NOT_ALLOWED, NO_SUCH_ROOM, IS_A_DM),
        .summary = "Rename a room, open or close it, as its owner or admin",
    },
    {
        .method = GET, .path = "/api/rooms/{room_id}/members", .handler = list_members,
        .runs = FAST_IO, .who = USER,
        .in = &member_query_shape, .out = &member_list_shape, .status = 200, .tag = "rooms",
        .problems = PROBLEMS(NOT_A_MEMBER, NO_SUCH_ROOM),
        .summary = "Who is in a room",
    },
    {
        .method = PUT, .path = "/api/rooms/{room_id}/members/{user_id}", .handler = put_member,
        .runs = FAST_IO, .who = USER,
        .in = &member_put_shape, .out = &member_shape, .status = 200, .tag = "rooms",
        .problems = PROBLEMS(NOT_A_MEMBER, NOT_ALLOWED, NO_SUCH_ROOM, NO_SUCH_USER, NO_SUCH_MEMBER, IS_A_DM),
        .summary = "Join an open room, add somebody, or give a member a role",
    },
    {
        .method = DELETE, .path = "/api/rooms/{room_id}/members/{user_id}", .handler = remove_member,
        .runs = FAST_IO, .who = USER,
        .in = &member_path_shape, .status = 204, .tag = "rooms",
        .problems = PROBLEMS(NOT_A_MEMBER, NOT_ALLOWED, NO_SUCH_ROOM, NO_SUCH_MEMBER, IS_A_DM),
        .summary = "Leave, or remove somebody of a lower role",
    },
    {
        .method = PUT, .path = "/api/dms/{user_id}", .handler = put_dm,
        .runs = FAST_IO, .who = USER,
        .in = &dm_path_shape, .out = &room_shape, .status = 200, .tag = "rooms",
        .problems = PROBLEMS(NO_SUCH_USER),
        .summary = "The direct room of us two, made when it is first asked for",
    },
    ROUTES_END,
};
