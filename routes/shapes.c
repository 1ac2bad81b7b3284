/* What several groups answer with. */
#include "routes/shapes.h"

const struct shape user_shape = SHAPE("User", struct user, FIELD(struct user, id, FIELD_INT, .example = "7"),
    FIELD(struct user, username, FIELD_TEXT, .example = "\"li_lei\""),
    FIELD(struct user, nickname, FIELD_TEXT, .description = "what others see", .example = "\"李雷\""),
    FIELD(struct user, created_at, FIELD_TIME));

const struct shape profile_shape = SHAPE("Profile", struct profile, FIELD(struct profile, id, FIELD_INT),
    FIELD(struct profile, username, FIELD_TEXT), FIELD(struct profile, nickname, FIELD_TEXT),
    FIELD(struct profile, online, FIELD_BOOL, .description = "has a live stream open"));

static const struct shape person_shape = SHAPE("Person", struct person, FIELD(struct person, id, FIELD_INT),
    FIELD(struct person, nickname, FIELD_TEXT));

const struct shape entry_shape = SHAPE("Entry", struct entry, FIELD(struct entry, room_id, FIELD_INT),
    FIELD(struct entry, seq, FIELD_INT, .description = "1, 2, 3 … in its room, without holes"),
    FIELD(struct entry, kind, FIELD_ENUM, .values = entry_kind_words),
    FIELD(struct entry, sender, FIELD_INLINE, .item = &person_shape),
    FIELD(struct entry, client_id, FIELD_TEXT, .nullable = true,
          .description = "the sender's own id of a message"),
    FIELD(struct entry, body, FIELD_TEXT, .nullable = true),
    FIELD(struct entry, ref_seq, FIELD_INT, .nullable = true, .description = "the entry it refers to"),
    FIELD(struct entry, created_at, FIELD_TIME));

const struct shape room_shape = SHAPE("Room", struct room, FIELD(struct room, id, FIELD_INT),
    FIELD(struct room, kind, FIELD_ENUM, .values = room_kind_words),
    FIELD(struct room, name, FIELD_TEXT, .description = "empty for a dm"),
    FIELD(struct room, open, FIELD_BOOL, .description = "anybody may join"),
    FIELD(struct room, role, FIELD_ENUM, .values = role_words, .nullable = true,
          .description = "mine; null where I am not in it"),
    FIELD(struct room, last_seq, FIELD_INT), FIELD(struct room, read_seq, FIELD_INT),
    FIELD(struct room, unread, FIELD_INT,
          .description = "messages of others after read_seq; 99 means 99 or more"),
    FIELD(struct room, last_message, FIELD_OBJECT, .item = &entry_shape, .nullable = true),
    FIELD(struct room, last_at, FIELD_TIME), FIELD(struct room, created_at, FIELD_TIME),
    FIELD(struct room, peer, FIELD_OBJECT, .item = &profile_shape, .nullable = true,
          .description = "the other user of a dm"));

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
