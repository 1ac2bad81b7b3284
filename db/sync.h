/* Catching up: everything a client has missed, in one reply. */
#ifndef DB_SYNC_H
#define DB_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/rooms.h"

/*
 * A room and the number up to which its entries are known, with the time of that entry (ms; 0: not
 * known). After a restore another entry may have the number, but not the time.
 */
struct sync_mark {
    int64_t room_id, seq, at;
};

/* The knowledge of a client: a mark for each of its rooms with after_room < id <= through_room. */
struct sync_query {
    const struct sync_mark *marks; /* without times */
    size_t mark_count;
    const struct sync_mark *times; /* `seq` is the time of the room's mark */
    size_t time_count;
    int64_t after_room, through_room;
    size_t limit; /* entries in one page */
};

struct sync_page {
    struct entry *entries;
    size_t entry_count;
    struct room *rooms; /* the caller's rooms that were not in the marks, or are restarted */
    size_t room_count;
    int64_t *restarted; /* rooms whose log does not have the entry of the mark (any more) */
    size_t restarted_count;
    int64_t *left; /* rooms in the marks that the caller is not in */
    size_t left_count;
    bool more;          /* the page is full: call again at once */
    int64_t after_room; /* with `more`: the page has all that is new up to this id */
};

enum {
    SYNC_MARKS_MAX = 2000, /* in one query */
    SYNC_ROOMS_MAX = 100,  /* new rooms in one page */
};

/* The caller's rooms by id, each with the number and time of its last entry. */
enum db_result sync_joined_marks(struct caller *caller, struct sync_mark **marks, size_t *count)
    __attribute__((nonnull, warn_unused_result));

/* Is this the entry of the mark? A time that is not known matches every time. */
bool sync_mark_matches(const struct sync_mark *mark, int64_t seq, int64_t at)
    __attribute__((nonnull, warn_unused_result));

/*
 * Compares the marks with the caller's rooms in the query's range, by id. Entries ascend within
 * each room. If nothing is new this costs one query.
 */
enum db_result sync_read(struct caller *caller, const struct sync_query *query,
                         struct sync_page *page) __attribute__((nonnull, warn_unused_result));

#endif
