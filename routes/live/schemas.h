/* The schemas of the live group: what its routes take and return, and its handlers. */
#ifndef ROUTES_LIVE_SCHEMAS_H
#define ROUTES_LIVE_SCHEMAS_H

#include "routes/frame/route.h"
#include "routes/shapes.h"
#include "routes/sync_reply.h"

struct stream_query {
    const char *after;
};

SCHEMA(
    stream_query, "StreamQuery",
    FIELD(struct stream_query, after, FIELD_TEXT, .from = FROM_QUERY, .max = 64,
          .description =
              "The last id received: the stream begins after it. `Last-Event-ID` wins over it."));

struct sync_wait {
    struct seqs rooms, times;
    int64_t after_room, through_room, limit, wait;
    int64_t checksum; /* -1: not given */
};

SCHEMA(sync_wait, "SyncWait", SYNC_ROOMS(struct sync_wait), SYNC_TIMES(struct sync_wait),
       SYNC_RANGE(struct sync_wait), SYNC_LIMIT(struct sync_wait),
       FIELD(struct sync_wait, wait, FIELD_INT, .required = true, .min = 1, .max = 25,
             .description = "The longest time to wait for something new, in seconds.",
             .example = "25"),
       FIELD(struct sync_wait, checksum, FIELD_INT, .default_value = -1,
             .description = "The sum of all your marks and of their rooms' ids, if the range does "
                            "not have all your rooms: `more` is then true as soon as a room "
                            "outside the range has news."));

struct typing {
    int64_t room_id;
};

SCHEMA(typing, "Typing", PATH_ID(struct typing, room_id, .description = "The room's id."));

/* The handlers; views.c documents their replies. */
HANDLER(open_stream, stream_query)
HANDLER(sync_later, sync_wait)
HANDLER(announce_typing, typing)

#endif
