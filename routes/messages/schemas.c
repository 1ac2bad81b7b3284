/* The input and output shapes of the messages group. */
#include "routes/messages/messages.h"

#define ROOM_ID(type) PATH_ID(type, room_id, .description = "The room's id.")

const struct shape message_new_shape = SHAPE("MessageNew", struct message_new, ROOM_ID(struct message_new),
    FIELD(struct message_new, client_id, FIELD_TEXT, .required = true, .min = 1, .max = 64,
          .description = "Your own id for this message. Sending it again does not make a second message.",
          .example = "\"0b6f1f8e-4f0f-4e0a-9d55-3a3b7f5f2c11\""),
    FIELD(struct message_new, body, FIELD_TEXT, .required = true, .min = 1, .max = 8000,
          .description = "The text.", .example = "\"大家好\""));

const struct shape message_query_shape = SHAPE("MessageQuery", struct message_query, ROOM_ID(struct message_query),
    FIELD(struct message_query, before, FIELD_INT, .from = FROM_QUERY, .min = 1,
          .description = "Only entries before this `seq`: the newest of them. Excludes `after`."),
    FIELD(struct message_query, after, FIELD_INT, .from = FROM_QUERY, .default_value = -1,
          .description = "Only entries after this `seq`: the oldest of them. Excludes `before`."),
    FIELD(struct message_query, limit, FIELD_INT, .from = FROM_QUERY, .min = 1, .max = 100,
          .default_value = 50, .description = "The largest number of entries on one page."));

const struct shape entry_list_shape = NUMBER_PAGE(
    "EntryList", entry_shape,
    "`before` of the next older page or, if `after` was given, `after` of the next newer page; null on the last one.");

const struct shape read_new_shape = SHAPE("ReadNew", struct read_new, ROOM_ID(struct read_new),
    FIELD(struct read_new, seq, FIELD_INT, .required = true,
          .description = "The last entry that was read."));

const struct shape read_mark_shape = SHAPE("ReadMark", struct read_mark, FIELD(struct read_mark, room_id, FIELD_INT),
    FIELD(struct read_mark, read_seq, FIELD_INT), FIELD(struct read_mark, unread, FIELD_INT));

const struct shape sync_new_shape = SHAPE("SyncNew", struct sync_new, SYNC_ROOMS(struct sync_new), SYNC_LIMIT(struct sync_new));
