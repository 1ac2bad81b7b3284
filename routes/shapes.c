/* What several groups answer with. */
#include "routes/shapes.h"

const struct shape user_shape = SHAPE("User", struct user, FIELD(struct user, id, FIELD_INT, .example = "7"),
    FIELD(struct user, username, FIELD_TEXT, .example = "\"li_lei\""),
    FIELD(struct user, nickname, FIELD_TEXT, .description = "The name that others see.", .example = "\"李雷\""),
    FIELD(struct user, created_at, FIELD_TIME));

const struct shape profile_shape = SHAPE("Profile", struct profile, FIELD(struct profile, id, FIELD_INT),
    FIELD(struct profile, username, FIELD_TEXT), FIELD(struct profile, nickname, FIELD_TEXT),
    FIELD(struct profile, online, FIELD_BOOL, .description = "Whether the user has a live stream open."));

static const struct shape person_shape = SHAPE("Person", struct person, FIELD(struct person, id, FIELD_INT),
    FIELD(struct person, nickname, FIELD_TEXT));

const struct shape entry_shape = SHAPE("Entry", struct entry, FIELD(struct entry, room_id, FIELD_INT),
    FIELD(struct entry, seq, FIELD_INT, .description = "The entry's number in its room: 1, 2, 3 …, without gaps."),
    FIELD(struct entry, kind, FIELD_ENUM, .values = entry_kind_words),
    FIELD(struct entry, sender, FIELD_INLINE, .item = &person_shape),
    FIELD(struct entry, client_id, FIELD_TEXT, .nullable = true,
          .description = "The id that the sender gave a message; null for other kinds."),
    FIELD(struct entry, body, FIELD_TEXT, .nullable = true),
    FIELD(struct entry, ref_seq, FIELD_INT, .nullable = true, .description = "The number of the entry that this one refers to."),
    FIELD(struct entry, created_at, FIELD_TIME));

const struct shape room_shape = SHAPE("Room", struct room, FIELD(struct room, id, FIELD_INT),
    FIELD(struct room, kind, FIELD_ENUM, .values = room_kind_words),
    FIELD(struct room, name, FIELD_TEXT, .description = "Empty for a direct room."),
    FIELD(struct room, open, FIELD_BOOL, .description = "Whether anybody may join."),
    FIELD(struct room, role, FIELD_ENUM, .values = role_words, .nullable = true,
          .description = "Your role; null if you are not in the room."),
    FIELD(struct room, last_seq, FIELD_INT), FIELD(struct room, read_seq, FIELD_INT),
    FIELD(struct room, unread, FIELD_INT,
          .description = "Messages of others after `read_seq`; 99 means 99 or more."),
    FIELD(struct room, last_message, FIELD_OBJECT, .item = &entry_shape, .nullable = true),
    FIELD(struct room, last_at, FIELD_TIME), FIELD(struct room, created_at, FIELD_TIME),
    FIELD(struct room, peer, FIELD_OBJECT, .item = &profile_shape, .nullable = true,
          .description = "The other user of a direct room; null for a group."));

const struct shape typing_event_shape = SHAPE("TypingEvent", struct typing_event, FIELD(struct typing_event, room_id, FIELD_INT),
    FIELD(struct typing_event, user, FIELD_INLINE, .item = &person_shape));

const struct shape read_event_shape = SHAPE("ReadEvent", struct read_event, FIELD(struct read_event, room_id, FIELD_INT),
    FIELD(struct read_event, user_id, FIELD_INT), FIELD(struct read_event, read_seq, FIELD_INT));

const struct shape page_query_shape = SHAPE("PageQuery", struct page_query, PAGE_FIELDS(struct page_query));

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
