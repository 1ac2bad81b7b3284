/* The input and output shapes of the rooms group. */
#include "routes/rooms/rooms.h"

#include "routes/patterns.h"

#define ROOM_ID(type) PATH_ID(type, room_id, .description = "The room's id.")
#define USER_ID(type) PATH_ID(type, user_id, .description = "The user's id.")

static const char *const given_role_words[] = {ROLES_GIVEN(VOCABULARY_WORD) NULL};

const struct shape room_new_shape = SHAPE("RoomNew", struct room_new,
    FIELD(struct room_new, name, FIELD_TEXT, .required = true, .min = 1, .max = 64,
          .pattern = &line_pattern, .example = "\"周末徒步\""),
    FIELD(struct room_new, open, FIELD_BOOL, .description = "Whether anybody may find and join the room."),
    FIELD(struct room_new, member_ids, FIELD_INTS, .max = 100, .description = "The users who are added at once."));

const struct shape room_query_shape = SHAPE("RoomQuery", struct room_query,
    FIELD(struct room_query, open, FIELD_BOOL, .from = FROM_QUERY, .default_value = -1,
          .description = "true: all open rooms; otherwise your rooms."),
    FIELD(struct room_query, limit, FIELD_INT, .from = FROM_QUERY, .min = 1, .max = 100,
          .default_value = 50, .description = "The largest number of items on one page."),
    FIELD(struct room_query, cursor, FIELD_TEXT, .from = FROM_QUERY, .max = 48,
          .description = "`next` of the previous page."));

const struct shape room_path_shape = SHAPE("RoomPath", struct room_path, ROOM_ID(struct room_path));

const struct shape room_change_shape = SHAPE("RoomChange", struct room_change, ROOM_ID(struct room_change),
    FIELD(struct room_change, name, FIELD_TEXT, .min = 1, .max = 64, .pattern = &line_pattern,
          .description = "Stays as it is if omitted."),
    FIELD(struct room_change, open, FIELD_BOOL, .default_value = -1, .description = "Stays as it is if omitted."));

const struct shape room_list_shape = TEXT_PAGE("RoomList", room_shape);

const struct shape member_query_shape = SHAPE("MemberQuery", struct member_query, ROOM_ID(struct member_query),
    PAGE_FIELDS(struct member_query));

const struct shape member_path_shape = SHAPE("MemberPath", struct member_path, ROOM_ID(struct member_path), USER_ID(struct member_path));

const struct shape member_put_shape = SHAPE("MemberPut", struct member_put, ROOM_ID(struct member_put), USER_ID(struct member_put),
    FIELD(struct member_put, role, FIELD_ENUM, .values = given_role_words, .default_value = ROLE_NONE,
          .description = "If omitted, a new member becomes `member`, and a member keeps their role."));

const struct shape member_shape = SHAPE("Member", struct member, FIELD(struct member, user, FIELD_INLINE, .item = &profile_shape),
    FIELD(struct member, role, FIELD_ENUM, .values = role_words),
    FIELD(struct member, read_seq, FIELD_INT), FIELD(struct member, joined_at, FIELD_TIME));

const struct shape member_list_shape = NUMBER_PAGE("MemberList", member_shape, PAGE_NEXT);

const struct shape dm_path_shape = SHAPE("DmPath", struct dm_path, PATH_ID(struct dm_path, user_id, .description = "The other user's id."));
