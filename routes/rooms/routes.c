/* The route table of the rooms group. */
#include "routes/groups.h"
#include "routes/rooms/schemas.h"

static const struct route routes[] = {
    {
        .method = POST, .path = "/api/rooms", INPUT(make_room, room_new),
        .limit = LIMIT_SEND,
        .out = &room_shape, .status = 201,
        .problems = PROBLEMS(NO_SUCH_USER, TOO_MANY_ROOMS, TOO_MANY_STRANGERS),
        .summary = "Make a room that you own",
    },
    {
        .method = GET, .path = "/api/rooms", INPUT(list_rooms, room_query),
        .out = &room_list_shape, .status = 200,
        .summary = "List your rooms, or all open rooms; latest activity first",
    },
    {
        .method = GET, .path = "/api/rooms/{room_id}", INPUT(get_room, room_path),
        .out = &room_shape, .status = 200,
        .problems = PROBLEMS(NOT_A_MEMBER, NO_SUCH_ROOM),
        .summary = "Get a room that you are in, or that is open",
    },
    {
        .method = PATCH, .path = "/api/rooms/{room_id}", INPUT(change_room, room_change),
        .limit = LIMIT_SEND,
        .out = &room_shape, .status = 200,
        .problems = PROBLEMS(NOT_A_MEMBER, NOT_ALLOWED, NO_SUCH_ROOM, IS_A_DM),
        .summary = "Rename, open or close a room as its owner or admin",
    },
    {
        .method = GET, .path = "/api/rooms/{room_id}/members", INPUT(list_members, member_query),
        .out = &member_list_shape, .status = 200,
        .problems = PROBLEMS(NOT_A_MEMBER, NO_SUCH_ROOM),
        .summary = "List the members of a room",
    },
    {
        .method = PUT, .path = "/api/rooms/{room_id}/members/{user_id}", INPUT(put_member, member_put),
        .limit = LIMIT_SEND,
        .out = &member_shape, .status = 200, .other_status = 202, .other_out = &member_invited_shape,
        .problems = PROBLEMS(NOT_A_MEMBER, REMOVED_FROM_ROOM, NOT_ALLOWED, INVITATION_REFUSED, NO_SUCH_ROOM, NO_SUCH_USER,
                             NO_SUCH_MEMBER, IS_A_DM, TOO_MANY_INVITATIONS, TOO_MANY_STRANGERS),
        .summary = "Join an open room, add or invite a user, or change a member's role",
    },
    {
        .method = DELETE, .path = "/api/rooms/{room_id}/members/{user_id}", INPUT(remove_member, member_path),
        .limit = LIMIT_SEND,
        .status = 204,
        .problems = PROBLEMS(NOT_A_MEMBER, NOT_ALLOWED, NO_SUCH_ROOM, NO_SUCH_MEMBER, IS_A_DM),
        .summary = "Leave a room, remove a member of a lower role, or withdraw an invitation",
    },
    {
        .method = GET, .path = "/api/rooms/{room_id}/removals", INPUT(list_removals, member_query),
        .out = &removal_list_shape, .status = 200,
        .problems = PROBLEMS(NOT_A_MEMBER, NOT_ALLOWED, NO_SUCH_ROOM, IS_A_DM),
        .summary = "List the users who were removed from a room, as its owner or admin",
    },
    {
        .method = DELETE, .path = "/api/rooms/{room_id}/removals/{user_id}", INPUT(lift_removal, member_path),
        .status = 204,
        .problems = PROBLEMS(NOT_A_MEMBER, NOT_ALLOWED, NO_SUCH_ROOM, NO_SUCH_REMOVAL, IS_A_DM),
        .summary = "Lift a removal: the user may join again, but is not added",
    },
    {
        .method = PUT, .path = "/api/dms/{user_id}", INPUT(put_dm, dm_path),
        .out = &room_shape, .status = 200,
        .problems = PROBLEMS(NO_SUCH_USER, INVITATION_REFUSED, TOO_MANY_STRANGERS),
        .summary = "Get the direct room with a user; the first call makes it",
    },
    {
        .method = GET, .path = "/api/invitations", INPUT(list_invitations, page_query),
        .out = &invitation_list_shape, .status = 200,
        .summary = "List the rooms that you are invited to",
    },
    {
        .method = POST, .path = "/api/invitations/{room_id}/accept", INPUT(accept_invitation, room_path),
        .limit = LIMIT_SEND,
        .out = &room_shape, .status = 200,
        .problems = PROBLEMS(NO_SUCH_INVITATION),
        .summary = "Join a room that you are invited to",
    },
    {
        .method = DELETE, .path = "/api/invitations/{room_id}", INPUT(refuse_invitation, invitation_refusal),
        .status = 204,
        .problems = PROBLEMS(NO_SUCH_INVITATION),
        .summary = "Refuse an invitation, once or for good",
    },
    {
        .method = GET, .path = "/api/refusals", INPUT(list_refusals, page_query),
        .out = &invitation_list_shape, .status = 200,
        .summary = "List the invitations that you have refused for good",
    },
    {
        .method = DELETE, .path = "/api/refusals/{room_id}", INPUT(take_back_refusal, room_path),
        .status = 204,
        .problems = PROBLEMS(NO_SUCH_REFUSAL),
        .summary = "Take back a refusal for good: you can be invited again",
    },
    ROUTES_END,
};

const struct route_group rooms_group = {.tag = "rooms", .routes = routes};
