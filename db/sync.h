/* Catching up: everything a client has missed, in one reply. */
#ifndef DB_SYNC_H
#define DB_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/rooms.h"

/* A room and the number up to which its entries are known. */
struct sync_mark {
    int64_t room_id, seq;
};

struct sync_page {
    struct entry *entries;
    size_t entry_count;
    struct room *rooms; /* the caller's rooms that were not in the marks */
    size_t room_count;
    int64_t *left; /* rooms in the marks that the caller is not in */
    size_t left_count;
    bool more; /* the page is full: call again at once */
};

enum { SYNC_ROOMS_MAX = 50 }; /* new rooms in one page */

/* The caller's rooms by id, each with the number of its last entry. */
enum db_result sync_joined_marks(struct caller *caller, struct sync_mark **marks, size_t *count)
    __attribute__((nonnull, warn_unused_result));

/*
 * Compares the marks with the rooms the caller is in. Entries ascend within each room; all rooms
 * together bring at most `limit`. If nothing is new this costs one query.
 */
enum db_result sync_read(struct caller *caller, const struct sync_mark *marks, size_t mark_count,
                         size_t limit, struct sync_page *page)
    __attribute__((nonnull(1, 5), warn_unused_result));

#endif
