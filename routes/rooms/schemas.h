/* The schemas of the rooms group: what its routes take and return, and its handlers. */
#ifndef ROUTES_ROOMS_SCHEMAS_H
#define ROUTES_ROOMS_SCHEMAS_H

#include "db/departures.h"
#include "db/invitations.h"
#include "routes/frame/route.h"
#include "routes/patterns.h"
#include "routes/shapes.h"

#define ROOM_ID(type) PATH_ID(type, room_id, .description = "The room's id.")
#define USER_ID(type) PATH_ID(type, user_id, .description = "The user's id.")

static const char *const given_role_words[] = {ROLES_GIVEN(VOCABULARY_WORD) NULL};

struct room_new {
    const char *name;
    int open;
    struct ints member_ids;
};

SCHEMA(
    room_new, "RoomNew",
    FIELD(struct room_new, name, FIELD_TEXT, .required = true, .min = 1, .max = 64,
          .pattern = &line_pattern, .example = "\"周末徒步\""),
    FIELD(struct room_new, open, FIELD_BOOL,
          .description = "Whether anybody may find and join the room."),
    FIELD(struct room_new, member_ids, FIELD_INTS, .max = 100,
          .description = "The users who are added at once; those who must be asked are invited."));

struct room_query {
    int open; /* -1: mine */
    int64_t limit;
    const char *cursor;
};

SCHEMA(room_query, "RoomQuery",
       FIELD(struct room_query, open, FIELD_BOOL, .from = FROM_QUERY, .default_value = -1,
             .description = "true: all open rooms; otherwise your rooms."),
       FIELD(struct room_query, limit, FIELD_INT, .from = FROM_QUERY, .min = 1, .max = 100,
             .default_value = 50, .description = "The largest number of items on one page."),
       FIELD(struct room_query, cursor, FIELD_TEXT, .from = FROM_QUERY, .max = 80,
             .description = "`next` of the previous page."));

struct room_path {
    int64_t room_id;
};

SCHEMA(room_path, "RoomPath", ROOM_ID(struct room_path));

struct room_change {
    int64_t room_id;
    const char *name;
    int open; /* -1: as it is */
};

SCHEMA(room_change, "RoomChange", ROOM_ID(struct room_change),
       FIELD(struct room_change, name, FIELD_TEXT, .min = 1, .max = 64, .pattern = &line_pattern,
             .description = "Stays as it is if omitted."),
       FIELD(struct room_change, open, FIELD_BOOL, .default_value = -1,
             .description = "Stays as it is if omitted."));

static const struct shape room_list_shape = TEXT_PAGE("RoomList", room_shape);

struct member_query {
    int64_t room_id, limit, cursor;
};

SCHEMA(member_query, "MemberQuery", ROOM_ID(struct member_query), PAGE_FIELDS(struct member_query));

struct member_path {
    int64_t room_id, user_id;
};

SCHEMA(member_path, "MemberPath", ROOM_ID(struct member_path), USER_ID(struct member_path));

struct member_put {
    int64_t room_id, user_id;
    int role; /* ROLE_NONE: none was asked for */
};

SCHEMA(member_put, "MemberPut", ROOM_ID(struct member_put), USER_ID(struct member_put),
       FIELD(struct member_put, role, FIELD_ENUM, .values = given_role_words,
             .default_value = ROLE_NONE,
             .description =
                 "If omitted, a new member becomes `member`, and a member keeps their role."));

SCHEMA(member, "Member", FIELD(struct member, user, FIELD_INLINE, .item = &profile_shape),
       FIELD(struct member, role, FIELD_ENUM, .values = role_words),
       FIELD(struct member, read_seq, FIELD_INT), FIELD(struct member, joined_at, FIELD_TIME));

static const struct shape member_list_shape = NUMBER_PAGE("MemberList", member_shape, PAGE_NEXT);

SCHEMA(removal, "Removal", FIELD(struct removal, user, FIELD_INLINE, .item = &person_shape),
       FIELD(struct removal, removed_at, FIELD_TIME));

static const struct shape removal_list_shape = NUMBER_PAGE("RemovalList", removal_shape, PAGE_NEXT);

/* A user who must be asked was invited in place of being added. */
struct member_invited {
    int invited;
};

SCHEMA(member_invited, "MemberInvited",
       FIELD(struct member_invited, invited, FIELD_BOOL, .description = "Always true."));

SCHEMA(invitation, "Invitation", FIELD(struct invitation, room_id, FIELD_INT),
       FIELD(struct invitation, name, FIELD_TEXT, .description = "The name of the room."),
       FIELD(struct invitation, member_count, FIELD_INT),
       FIELD(struct invitation, inviter, FIELD_INLINE, .item = &person_shape),
       FIELD(struct invitation, created_at, FIELD_TIME));

static const struct shape invitation_list_shape = NUMBER_PAGE("InvitationList", invitation_shape,
                                                              PAGE_NEXT);

struct invitation_refusal {
    int64_t room_id;
    int forever;
};

SCHEMA(invitation_refusal, "InvitationRefusal", ROOM_ID(struct invitation_refusal),
       FIELD(struct invitation_refusal, forever, FIELD_BOOL, .from = FROM_QUERY,
             .description = "true: nobody can invite you to this room again, nor the inviter to "
                            "any room."));

/* The other one of a direct room. */
struct dm_path {
    int64_t user_id;
};

SCHEMA(dm_path, "DmPath", PATH_ID(struct dm_path, user_id, .description = "The other user's id."));

/* The handlers; views.c documents their replies. */
HANDLER(make_room, room_new)
HANDLER(list_rooms, room_query)
HANDLER(get_room, room_path)
HANDLER(change_room, room_change)
HANDLER(list_members, member_query)
HANDLER(put_member, member_put)
HANDLER(remove_member, member_path)
HANDLER(list_removals, member_query)
HANDLER(lift_removal, member_path)
HANDLER(put_dm, dm_path)
HANDLER(list_invitations, page_query)
HANDLER(accept_invitation, room_path)
HANDLER(refuse_invitation, invitation_refusal)
HANDLER(list_refusals, page_query)
HANDLER(take_back_refusal, room_path)

#endif
