/* The part of a reply that /api/sync and /api/sync/wait share. */
#ifndef ROUTES_SYNC_REPLY_H
#define ROUTES_SYNC_REPLY_H

#include "db/sync.h"
#include "routes/shapes.h"

struct sync {
    struct list entries, rooms;
    struct ints left;
    int more;
};

extern const struct shape sync_shape;

/* The fields of both inputs. */
#define SYNC_ROOMS(struct_type)                                                                    \
    FIELD(struct_type, rooms, FIELD_SEQS, .required = true, .max = 2000,                           \
          .description =                                                                           \
              "The marks: for each room you know, the `seq` up to which you have every entry.",    \
          .example = "{\"12\":345}")
#define SYNC_LIMIT(struct_type)                                                                    \
    FIELD(struct_type, limit, FIELD_INT, .min = 1, .max = 500, .default_value = 200,               \
          .description = "The largest number of entries in one reply.")

/* Replies with what sync_read returned. */
void reply_sync(struct request *req, enum db_result r, struct sync_page *page)
    __attribute__((nonnull));

#endif
