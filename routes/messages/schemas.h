/* The schemas of the messages group: what its routes take and return, and its handlers. */
#ifndef ROUTES_MESSAGES_SCHEMAS_H
#define ROUTES_MESSAGES_SCHEMAS_H

#include "routes/frame/route.h"
#include "routes/patterns.h"
#include "routes/sync_reply.h"

#define ROOM_ID(type) PATH_ID(type, room_id, .description = "The room's id.")

struct message_new {
    int64_t room_id;
    const char *client_id, *body;
};

SCHEMA(message_new, "MessageNew", ROOM_ID(struct message_new),
       FIELD(struct message_new, client_id, FIELD_TEXT, .required = true, .min = 1, .max = 64,
             .description =
                 "Your own id for this message. Sending both again does not make a second message.",
             .example = "\"0b6f1f8e-4f0f-4e0a-9d55-3a3b7f5f2c11\""),
       FIELD(struct message_new, body, FIELD_TEXT, .required = true, .min = 1, .max = 8000,
             .pattern = &message_pattern, .description = "The text, stored as it is.",
             .example = "\"大家好\""));

struct message_query {
    int64_t room_id, before, after, limit; /* before: 0 if not given; after: -1 */
};

SCHEMA(
    message_query, "MessageQuery", ROOM_ID(struct message_query),
    FIELD(struct message_query, before, FIELD_INT, .from = FROM_QUERY, .min = 1,
          .description = "Only entries before this `seq`: the newest of them. Excludes `after`."),
    FIELD(struct message_query, after, FIELD_INT, .from = FROM_QUERY, .default_value = -1,
          .description = "Only entries after this `seq`: the oldest of them. Excludes `before`."),
    FIELD(struct message_query, limit, FIELD_INT, .from = FROM_QUERY, .min = 1, .max = 100,
          .default_value = 50, .description = "The largest number of entries on one page."));

static const struct shape entry_list_shape = NUMBER_PAGE(
    "EntryList", entry_shape,
    "`before`, or with `after` the `after`, of the next page; null on the last one.");

struct read_new {
    int64_t room_id, seq;
};

SCHEMA(read_new, "ReadNew", ROOM_ID(struct read_new),
       FIELD(struct read_new, seq, FIELD_INT, .required = true,
             .description = "The last entry that was read."));

struct read_mark {
    int64_t room_id, read_seq, unread;
};

SCHEMA(read_mark, "ReadMark", FIELD(struct read_mark, room_id, FIELD_INT),
       FIELD(struct read_mark, read_seq, FIELD_INT), FIELD(struct read_mark, unread, FIELD_INT));

struct sync_new {
    struct seqs rooms, times;
    int64_t after_room, through_room, limit;
};

SCHEMA(sync_new, "SyncNew", SYNC_ROOMS(struct sync_new), SYNC_TIMES(struct sync_new),
       SYNC_RANGE(struct sync_new), SYNC_LIMIT(struct sync_new));

/* The handlers; views.c documents their replies. */
HANDLER(send_message, message_new)
HANDLER(list_messages, message_query)
HANDLER(mark_read, read_new)
HANDLER(sync_now, sync_new)

#endif
