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
        .description = "You become its owner. The users of `member_ids` are added at once, except those who must be asked: these are invited. Users who cannot be invited are left out. On one day you may make only so many rooms (`too_many_rooms`) and add so many people you share no group with (`too_many_strangers`).",
    },
    {
        .method = GET, .path = "/api/rooms", INPUT(list_rooms, room_query),
        .out = &room_list_shape, .status = 200,
        .summary = "List your rooms, or all open rooms; latest activity first",
        .description = "By default your own rooms; with `open=true` all open rooms of the server, of which you see no log unless you are in them. Rooms that get entries while you read page by page may come twice: key them by `id`.",
    },
    {
        .method = GET, .path = "/api/rooms/{room_id}", INPUT(get_room, room_path),
        .out = &room_shape, .status = 200,
        .problems = PROBLEMS(NOT_A_MEMBER, NO_SUCH_ROOM),
        .summary = "Get a room that you are in, or that is open",
        .description = "A room that you are in, or any open room. Of an open room that you are not in, `last_seq`, `read_seq` and `unread` are 0, and `last_message` is null.",
    },
    {
        .method = PATCH, .path = "/api/rooms/{room_id}", INPUT(change_room, room_change),
        .limit = LIMIT_SEND,
        .out = &room_shape, .status = 200,
        .problems = PROBLEMS(NOT_A_MEMBER, NOT_ALLOWED, NO_SUCH_ROOM, IS_A_DM),
        .summary = "Rename, open or close a room as its owner or admin",
        .description = "Fields that you omit stay as they are. For the owner and admins of the room. Each change appends an entry to the log. A direct room cannot be changed (`is_a_dm`).",
    },
    {
        .method = GET, .path = "/api/rooms/{room_id}/members", INPUT(list_members, member_query),
        .out = &member_list_shape, .status = 200,
        .problems = PROBLEMS(NOT_A_MEMBER, NO_SUCH_ROOM),
        .summary = "List the members of a room",
        .description = "For members. `user.online` is whether the member has a live stream open.",
    },
    {
        .method = PUT, .path = "/api/rooms/{room_id}/members/{user_id}", INPUT(put_member, member_put),
        .limit = LIMIT_SEND,
        .out = &member_shape, .status = 200, .other_status = 202, .other_out = &member_invited_shape,
        .problems = PROBLEMS(NOT_A_MEMBER, REMOVED_FROM_ROOM, NOT_ALLOWED, INVITATION_REFUSED, NO_SUCH_ROOM, NO_SUCH_USER,
                             NO_SUCH_MEMBER, IS_A_DM, TOO_MANY_INVITATIONS, TOO_MANY_STRANGERS),
        .summary = "Join an open room, add or invite a user, or change a member's role",
        .description = "With your own id: join an open room, unless you were removed from it. With another: as owner or admin, add the user, which also ends a removal; a user who must be asked is invited instead (202). As owner, give the role `admin` or `member`. Repeating the call changes nothing.",
    },
    {
        .method = DELETE, .path = "/api/rooms/{room_id}/members/{user_id}", INPUT(remove_member, member_path),
        .limit = LIMIT_SEND,
        .status = 204,
        .problems = PROBLEMS(NOT_A_MEMBER, NOT_ALLOWED, NO_SUCH_ROOM, NO_SUCH_MEMBER, IS_A_DM),
        .summary = "Leave a room, remove a member of a lower role, or withdraw an invitation",
        .description = "With your own id: leave. If the owner leaves, the admin who joined first becomes the owner, or else the member who did. With another, as owner or admin: the user cannot join again until the removal is lifted or they are added. It also withdraws an invitation.",
    },
    {
        .method = GET, .path = "/api/rooms/{room_id}/removals", INPUT(list_removals, member_query),
        .out = &removal_list_shape, .status = 200,
        .problems = PROBLEMS(NOT_A_MEMBER, NOT_ALLOWED, NO_SUCH_ROOM, IS_A_DM),
        .summary = "List the users who were removed from a room, as its owner or admin",
        .description = "For the owner and admins of the room. A removed user cannot join by themselves.",
    },
    {
        .method = DELETE, .path = "/api/rooms/{room_id}/removals/{user_id}", INPUT(lift_removal, member_path),
        .status = 204,
        .problems = PROBLEMS(NOT_A_MEMBER, NOT_ALLOWED, NO_SUCH_ROOM, NO_SUCH_REMOVAL, IS_A_DM),
        .summary = "Lift a removal: the user may join again, but is not added",
        .description = "For the owner and admins of the room. To bring the user back at once, add them instead.",
    },
    {
        .method = PUT, .path = "/api/dms/{user_id}", INPUT(put_dm, dm_path),
        .out = &room_shape, .status = 200,
        .problems = PROBLEMS(NO_SUCH_USER, INVITATION_REFUSED, TOO_MANY_STRANGERS),
        .summary = "Get the direct room with a user; the first call makes it",
        .description = "Both users are in it, and nobody joins, leaves or renames it. Repeating the call returns the same room. It needs no consent, but a user may refuse yours (`invitation_refused`).",
    },
    {
        .method = GET, .path = "/api/invitations", INPUT(list_invitations, page_query),
        .out = &invitation_list_shape, .status = 200,
        .summary = "List the rooms that you are invited to",
        .description = "Invitations end after 30 days. The event `invitation` says when this list has changed.",
    },
    {
        .method = POST, .path = "/api/invitations/{room_id}/accept", INPUT(accept_invitation, room_path),
        .limit = LIMIT_SEND,
        .out = &room_shape, .status = 200,
        .problems = PROBLEMS(NO_SUCH_INVITATION),
        .summary = "Join a room that you are invited to",
        .description = "Returns the room, which you are then a member of.",
    },
    {
        .method = DELETE, .path = "/api/invitations/{room_id}", INPUT(refuse_invitation, invitation_refusal),
        .status = 204,
        .problems = PROBLEMS(NO_SUCH_INVITATION),
        .summary = "Refuse an invitation, once or for good",
        .description = "With `forever=true` nobody can invite you to this room again, nor the inviter to any room, until you take it back.",
    },
    {
        .method = GET, .path = "/api/refusals", INPUT(list_refusals, page_query),
        .out = &invitation_list_shape, .status = 200,
        .summary = "List the invitations that you have refused for good",
        .description = "The items have the form of invitations. You may still join such a room yourself if it is open.",
    },
    {
        .method = DELETE, .path = "/api/refusals/{room_id}", INPUT(take_back_refusal, room_path),
        .status = 204,
        .problems = PROBLEMS(NO_SUCH_REFUSAL),
        .summary = "Take back a refusal for good: you can be invited again",
        .description = "Only this ends a refusal for good. It does not bring the invitation back.",
    },
    ROUTES_END,
};

const struct route_group rooms_group = {
    .tag = "rooms", .description = "Rooms, their members, direct rooms and invitations.", .routes = routes,
};
