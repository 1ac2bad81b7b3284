/*
 * Two lists are merged by room id: the client's marks, and the rooms the caller is in. A room only
 * in the first was left, one only in the second is new, one in both may have new entries.
 */
#include "db/sync.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOMS = 64 };

static int
sync_mark_compare(const void *a, const void *b)
{
    const struct sync_mark *x = a, *y = b;

    if (x->room_id != y->room_id) {
        return x->room_id < y->room_id ? -1 : 1;
    }
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* If a room is named twice ("12" and "012"), its lower mark counts. */
static struct sync_mark *
sync_sort_marks(struct arena *a, const struct sync_mark *marks, size_t *count)
{
    struct sync_mark *sorted = arena_array(a, *count + 1, sizeof(*sorted));
    size_t kept = 0;

    if (*count == 0) {
        return sorted;
    }
    memcpy(sorted, marks, *count * sizeof(*sorted));
    qsort(sorted, *count, sizeof(*sorted), sync_mark_compare);
    for (size_t i = 0; i < *count; i++) {
        if (kept == 0 || sorted[i].room_id != sorted[kept - 1].room_id) {
            sorted[kept++] = sorted[i];
        }
    }
    *count = kept;
    return sorted;
}

enum db_result
sync_joined_marks(struct caller *caller, struct sync_mark **marks, size_t *count)
{
    size_t capacity = FIRST_ROOMS;
    enum db_result r = db_run(caller->db,
                              "SELECT m.room_id, r.last_seq "
                              "FROM members m JOIN rooms r ON r.id = m.room_id "
                              "WHERE m.user_id = ? "
                              "ORDER BY m.room_id",
                              db_int(caller->user_id));

    *marks = arena_array(caller->arena, capacity, sizeof(**marks));
    *count = 0;
    if (r != DB_OK) {
        return r;
    }
    while (db_next(caller->db)) {
        if (*count == capacity) {
            struct sync_mark *grown = arena_array(caller->arena, capacity * 2, sizeof(*grown));

            memcpy(grown, *marks, capacity * sizeof(*grown));
            *marks = grown;
            capacity *= 2;
        }
        (*marks)[(*count)++] = (struct sync_mark){db_get_int(caller->db, 0),
                                                  db_get_int(caller->db, 1)};
    }
    return db_done(caller->db);
}

/* Appends a room's entries after the mark, as far as the page has room. */
static enum db_result
sync_read_entries(struct caller *caller, const struct sync_mark *mark, int64_t last_seq,
                  size_t limit, struct sync_page *page)
{
    struct log_range range = {
        .after = mark->seq, .limit = limit - page->entry_count, .oldest = true};
    size_t count;
    enum db_result r;

    if (range.limit == 0) {
        page->more = true;
        return DB_OK;
    }
    r = room_log_read(caller->db, caller->arena, mark->room_id, NULL, &range,
                      page->entries + page->entry_count, &count);
    if (r != DB_OK) {
        return r;
    }
    page->entry_count += count;
    page->more = page->more || (count > 0 && page->entries[page->entry_count - 1].seq < last_seq);
    return DB_OK;
}

/* Merges both lists into the page; new rooms only by their ids. */
static enum db_result
sync_merge(struct caller *caller, const struct sync_mark *known, size_t known_count,
           const struct sync_mark *joined, size_t joined_count, size_t limit,
           struct sync_page *page, int64_t *new_ids, size_t *new_count)
{
    size_t k = 0, j = 0;
    enum db_result r = DB_OK;

    while (r == DB_OK && (k < known_count || j < joined_count)) {
        if (j == joined_count || (k < known_count && known[k].room_id < joined[j].room_id)) {
            page->left[page->left_count++] = known[k++].room_id;
        } else if (k == known_count || joined[j].room_id < known[k].room_id) {
            if (*new_count < SYNC_ROOMS_MAX) {
                new_ids[(*new_count)++] = joined[j].room_id;
            } else {
                page->more = true;
            }
            j++;
        } else {
            if (known[k].seq < joined[j].seq) {
                r = sync_read_entries(caller, &known[k], joined[j].seq, limit, page);
            }
            k++;
            j++;
        }
    }
    return r;
}

enum db_result
sync_read(struct caller *caller, const struct sync_mark *marks, size_t mark_count, size_t limit,
          struct sync_page *page)
{
    struct sync_mark *known = sync_sort_marks(caller->arena, marks, &mark_count), *joined;
    size_t joined_count, new_count = 0;
    int64_t *new_ids = arena_array(caller->arena, SYNC_ROOMS_MAX, sizeof(*new_ids));
    enum db_result r = sync_joined_marks(caller, &joined, &joined_count);

    *page = (struct sync_page){
        .entries = arena_array(caller->arena, limit, sizeof(*page->entries)),
        .left = arena_array(caller->arena, mark_count + 1, sizeof(*page->left)),
    };
    if (r != DB_OK) {
        return r;
    }
    r = sync_merge(caller, known, mark_count, joined, joined_count, limit, page, new_ids,
                   &new_count);
    if (r == DB_OK && page->entry_count > 0) {
        r = names_fill(caller->names, caller->db, caller->arena, &page->entries->sender,
                       page->entry_count, sizeof(*page->entries));
    }
    if (r == DB_OK && new_count > 0) {
        r = rooms_list_by_ids(caller, new_ids, new_count, &page->rooms, &page->room_count);
    }
    return r;
}
