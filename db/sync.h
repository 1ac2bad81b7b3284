/* What a client has missed, in one answer. */
#ifndef DB_SYNC_H
#define DB_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/rooms.h"

/* A room the client knows, and the number up to which it has everything. */
struct sync_mark {
    int64_t room_id, seq;
};

struct sync_page {
    struct entry *entries;
    size_t entry_count;
    struct room *rooms; /* mine that were not named */
    size_t room_count;
    int64_t *left; /* named, and not mine (any more) */
    size_t left_count;
    bool more; /* ask again at once */
};

enum { SYNC_ROOMS_MAX = 50 }; /* new rooms in one page */

/* My rooms with their last numbers, by id. */
enum db_result sync_mine(const struct room_reader *who, struct sync_mark **mine, size_t *count)
    __attribute__((nonnull, warn_unused_result));

/*
 * Compare the marks with the rooms I am in. Entries are ascending in each room, `limit` of them at most over all rooms.
 * Costs one query where nothing is new.
 */
enum db_result sync_read(const struct room_reader *who, const struct sync_mark *marks,
                         size_t mark_count, size_t limit, struct sync_page *page)
    __attribute__((nonnull(1, 5), warn_unused_result));

#endif
