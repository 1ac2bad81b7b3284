/*
 * The sessions and rooms of streams that open at the same time, read for all of them at once: when
 * everybody reconnects, two queries serve many streams.
 */
#ifndef DB_OPENINGS_H
#define DB_OPENINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/random.h"
#include "db/sync.h"

enum {
    OPENINGS_MAX = 64,          /* in one call */
    OPENINGS_ROOMS_MAX = 20000, /* of all of them: users whose rooms do not fit are left out */
};

struct opening {
    uint8_t hash[TOKEN_HASH_BYTES]; /* of the token */
    bool found;                     /* the rest was read; if not, the request reads it itself */
    int64_t user_id, changes;
    size_t first_room; /* its index among the marks */
    const struct sync_mark *rooms;
    size_t room_count;
};

/* Starts as {0}, with the hashes; ends with openings_free. */
struct openings {
    struct opening all[OPENINGS_MAX];
    size_t count;
    struct buf marks; /* struct sync_mark */
};

/*
 * Reads the session of each hash, which this process then knows (db/known.h), and the rooms of its
 * user: the same as sessions_find, live_changes and sync_joined_marks.
 */
void openings_read(struct caller *caller, int days, struct openings *openings)
    __attribute__((nonnull));
void openings_free(struct openings *openings) __attribute__((nonnull));

#endif
