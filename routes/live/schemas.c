/* The input shapes of the live group. */
#include "routes/live/live.h"

#include "routes/sync_reply.h"

const struct shape stream_query_shape = SHAPE("StreamQuery", struct stream_query,
    FIELD(struct stream_query, after, FIELD_TEXT, .from = FROM_QUERY, .max = 64,
          .description = "The id of the last entry received, like `Last-Event-ID`: the stream begins with what came after it."));

const struct shape sync_wait_shape = SHAPE("SyncWait", struct sync_wait, SYNC_ROOMS(struct sync_wait), SYNC_LIMIT(struct sync_wait),
    FIELD(struct sync_wait, wait, FIELD_INT, .required = true, .min = 1, .max = 25,
          .description = "The longest time to wait for something new, in seconds.", .example = "25"));

const struct shape typing_shape = SHAPE("Typing", struct typing, PATH_ID(struct typing, room_id, .description = "The room's id."));
