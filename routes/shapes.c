/* The schemas that several groups use. */
#include "routes/shapes.h"

SHARED_SCHEMA(user, "User", FIELD(struct user, id, FIELD_INT, .example = "7"),
              FIELD(struct user, username, FIELD_TEXT, .example = "\"li_lei\""),
              FIELD(struct user, nickname, FIELD_TEXT, .description = "The name that others see.",
                    .example = "\"李雷\""),
              FIELD(struct user, created_at, FIELD_TIME));

#define NICKNAME_TAKEN(type)                                                                       \
    FIELD(                                                                                         \
        type, nickname_taken, FIELD_BOOL,                                                          \
        .description = "Whether the nickname is the user name of somebody else: show `username` "  \
                       "beside it.")

SHARED_SCHEMA(profile, "Profile", FIELD(struct profile, id, FIELD_INT),
              FIELD(struct profile, username, FIELD_TEXT),
              FIELD(struct profile, nickname, FIELD_TEXT), NICKNAME_TAKEN(struct profile),
              FIELD(struct profile, skeleton, FIELD_TEXT,
                    .description = "Equal for nicknames that look alike (UTS #39); only for "
                                   "comparisons."),
              FIELD(struct profile, online, FIELD_BOOL,
                    .description = "Whether the user has a live stream open."));

SHARED_SCHEMA(person, "Person", FIELD(struct person, id, FIELD_INT),
              FIELD(struct person, username, FIELD_TEXT,
                    .description = "Unique; the nickname may be that of another user, too."),
              FIELD(struct person, nickname, FIELD_TEXT), NICKNAME_TAKEN(struct person));

SHARED_SCHEMA(entry, "Entry", FIELD(struct entry, room_id, FIELD_INT),
              FIELD(struct entry, seq, FIELD_INT,
                    .description = "The entry's number in its room: 1, 2, 3 …, without gaps."),
              FIELD(struct entry, kind, FIELD_ENUM, .values = entry_kind_words),
              FIELD(struct entry, sender, FIELD_INLINE, .item = &person_shape),
              FIELD(struct entry, client_id, FIELD_TEXT, .nullable = true,
                    .description = "The id that the sender gave a message; null for other kinds."),
              FIELD(struct entry, body, FIELD_TEXT, .nullable = true),
              FIELD(struct entry, ref_seq, FIELD_INT, .nullable = true,
                    .description = "The number of the entry that this one refers to."),
              FIELD(struct entry, created_at, FIELD_TIME));

SHARED_SCHEMA(room, "Room", FIELD(struct room, id, FIELD_INT),
              FIELD(struct room, kind, FIELD_ENUM, .values = room_kind_words),
              FIELD(struct room, name, FIELD_TEXT, .description = "Empty for a direct room."),
              FIELD(struct room, open, FIELD_BOOL, .description = "Whether anybody may join."),
              FIELD(struct room, member_count, FIELD_INT,
                    .description = "How many users are in the room."),
              FIELD(struct room, role, FIELD_ENUM, .values = role_words, .nullable = true,
                    .description = "Your role; null if you are not in the room."),
              FIELD(struct room, last_seq, FIELD_INT,
                    .description = "The number of the last entry; 0 if you are not in the room."),
              FIELD(struct room, read_seq, FIELD_INT),
              FIELD(struct room, unread, FIELD_INT,
                    .description = "Messages of others after `read_seq`; 99 means 99 or more."),
              FIELD(struct room, last_message, FIELD_OBJECT, .item = &entry_shape, .nullable = true,
                    .description = "Null if you are not in the room."),
              FIELD(struct room, last_at, FIELD_TIME), FIELD(struct room, created_at, FIELD_TIME),
              FIELD(struct room, peer, FIELD_OBJECT, .item = &profile_shape, .nullable = true,
                    .description = "The other user of a direct room; null for a group."));

SHARED_SCHEMA(page_query, "PageQuery", PAGE_FIELDS(struct page_query));

const void *
page_fill(struct list *items, const void *rows, size_t count, size_t size, int64_t limit)
{
    size_t shown = (size_t)limit;

    if (count <= shown) {
        *items = (struct list){rows, count};
        return NULL;
    }
    *items = (struct list){rows, shown};
    return (const char *)rows + (shown - 1) * size;
}
