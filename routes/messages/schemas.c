/* What the messages group takes and gives. */
#include "routes/messages/messages.h"

#define ROOM_ID(type) PATH_ID(type, room_id, .description = "the room")

const struct shape message_new_shape = SHAPE("MessageNew", struct message_new, ROOM_ID(struct message_new),
    FIELD(struct message_new, client_id, FIELD_TEXT, .required = true, .min = 1, .max = 64,
          .description = "the sender's own id of this message: sent again, it makes no second one",
          .example = "\"0b6f1f8e-4f0f-4e0a-9d55-3a3b7f5f2c11\""),
    FIELD(struct message_new, body, FIELD_TEXT, .required = true, .min = 1, .max = 8000,
          .description = "text", .example = "\"大家好\""));

const struct shape message_query_shape = SHAPE("MessageQuery", struct message_query, ROOM_ID(struct message_query),
    FIELD(struct message_query, before, FIELD_INT, .from = FROM_QUERY, .min = 1,
          .description = "the newest of those below this seq"),
    FIELD(struct message_query, after, FIELD_INT, .from = FROM_QUERY, .default_value = -1,
          .description = "the oldest of those above this seq"),
    FIELD(struct message_query, limit, FIELD_INT, .from = FROM_QUERY, .min = 1, .max = 100,
          .default_value = 50, .description = "entries in one page"));

const struct shape entry_list_shape = NUMBER_PAGE(
    "EntryList", entry_shape,
    "`before` of the older page, or with `after` the `after` of the newer one; null at the end");

const struct shape read_new_shape = SHAPE("ReadNew", struct read_new, ROOM_ID(struct read_new),
    FIELD(struct read_new, seq, FIELD_INT, .required = true,
          .description = "all up to this entry is read"));

const struct shape read_mark_shape = SHAPE("ReadMark", struct read_mark, FIELD(struct read_mark, room_id, FIELD_INT),
    FIELD(struct read_mark, read_seq, FIELD_INT), FIELD(struct read_mark, unread, FIELD_INT));

const struct shape sync_new_shape = SHAPE("SyncNew", struct sync_new, SYNC_ROOMS(struct sync_new), SYNC_LIMIT(struct sync_new));
