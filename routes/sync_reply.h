/* The part of a reply that /api/sync and /api/sync/wait share. */
#ifndef ROUTES_SYNC_REPLY_H
#define ROUTES_SYNC_REPLY_H

#include "db/sync.h"
#include "routes/shapes.h"

struct sync {
    struct list entries, rooms;
    struct ints left, restarted;
    int more;
    int64_t after_room;
};

extern const struct shape sync_shape;

/* The fields of both inputs. */
#define SYNC_ROOMS(struct_type)                                                                    \
    FIELD(struct_type, rooms, FIELD_SEQS, .required = true, .max = SYNC_MARKS_MAX,                 \
          .description = "The marks: for each room you know, or those of the range if you send "   \
                         "one, the `seq` up to which you have every entry.",                       \
          .example = "{\"12\":345}")
#define SYNC_TIMES(struct_type)                                                                    \
    FIELD(struct_type, times, FIELD_SEQS, .max = SYNC_MARKS_MAX,                                   \
          .description = "The `created_at` of each mark's entry (of a room without entries here: " \
                         "its `last_at`), in ms since 1970: whether it still is that entry.",      \
          .example = "{\"12\":1767225600000}")
#define SYNC_RANGE(struct_type)                                                                    \
    FIELD(struct_type, after_room, FIELD_INT, .min = 0,                                            \
          .description = "Only rooms with a greater id."),                                         \
        FIELD(struct_type, through_room, FIELD_INT, .min = 1,                                      \
              .description = "Only rooms up to this id.")
#define SYNC_LIMIT(struct_type)                                                                    \
    FIELD(struct_type, limit, FIELD_INT, .min = 1, .max = 500, .default_value = 200,               \
          .description = "The largest number of entries in one reply.")

/* The query of an input with these fields; `through_room` 0: not given. */
#define SYNC_QUERY(in)                                                                             \
    {                                                                                              \
        .marks = (in)->rooms.at, .mark_count = (in)->rooms.count, .times = (in)->times.at,         \
        .time_count = (in)->times.count, .after_room = (in)->after_room,                           \
        .through_room = (in)->through_room > 0 ? (in)->through_room : INT64_MAX,                   \
        .limit = (size_t)(in)->limit                                                               \
    }

/* Replies with 422 and returns false if a mark is of a room outside the range. */
bool sync_check_range(struct request *req, const struct sync_query *query)
    __attribute__((nonnull, warn_unused_result));

/* Replies with what sync_read returned. */
void reply_sync(struct request *req, enum db_result r, struct sync_page *page)
    __attribute__((nonnull));

#endif
