/*
 * Two lists are merged by room id: the client's marks, and the rooms the caller is in. A room only
 * in the first was left, one only in the second is new, one in both may have new entries.
 */
#include "db/sync.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/test_seams.h"

enum {
    FIRST_ROOMS = 64,
    NO_LIMIT = INT_MAX, /* of the rooms of one user */
};

static int
sync_mark_compare(const void *a, const void *b)
{
    const struct sync_mark *x = a, *y = b;

    if (x->room_id != y->room_id) {
        return x->room_id < y->room_id ? -1 : 1;
    }
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* If a room is named twice ("12" and "012"), its lower number counts. */
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

bool
sync_mark_matches(const struct sync_mark *mark, int64_t seq, int64_t at)
{
    return mark->seq == seq && (seq == 0 || mark->at == 0 || mark->at == at);
}

/* The query's marks by id, each with its time. */
static struct sync_mark *
sync_sort_query(struct arena *a, const struct sync_query *query, size_t *count)
{
    size_t time_count = query->time_count, t = 0;
    struct sync_mark *times = sync_sort_marks(a, query->times, &time_count), *marks;

    *count = query->mark_count;
    marks = sync_sort_marks(a, query->marks, count);
    for (size_t i = 0; i < *count; i++) {
        while (t < time_count && times[t].room_id < marks[i].room_id) {
            t++;
        }
        marks[i].at = t < time_count && times[t].room_id == marks[i].room_id ? times[t].seq : 0;
    }
    return marks;
}

/* The first `limit` rooms of the caller with after < id <= through, by id. */
static enum db_result
sync_joined_between(struct caller *caller, int64_t after, int64_t through, size_t limit,
                    struct sync_mark **marks, size_t *count)
{
    size_t capacity = FIRST_ROOMS;
    enum db_result r = db_run(caller->db,
                              "SELECT m.room_id, r.last_seq, r.last_at "
                              "FROM members m JOIN rooms r ON r.id = m.room_id "
                              "WHERE m.user_id = ? AND m.room_id > ? AND m.room_id <= ? "
                              "ORDER BY m.room_id LIMIT ?",
                              db_int(caller->user_id), db_int(after), db_int(through),
                              db_int((int64_t)limit));

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
        (*marks)[(*count)++] = (struct sync_mark){
            db_get_int(caller->db, 0), db_get_int(caller->db, 1), db_get_int(caller->db, 2)};
    }
    return db_done(caller->db);
}

enum db_result
sync_joined_marks(struct caller *caller, struct sync_mark **marks, size_t *count)
{
    return sync_joined_between(caller, 0, INT64_MAX, NO_LIMIT, marks, count);
}

/*
 * A room's news do not fit into the page: if it is the first such room, the next page begins there.
 */
static void
sync_leave_out(struct sync_page *page, int64_t room_id)
{
    if (!page->more) {
        page->more = true;
        page->after_room = room_id - 1;
    }
}

/* What sync_merge works on. */
struct sync_merge {
    struct caller *caller;
    const struct sync_mark *known, *joined;
    size_t known_count, joined_count, limit;
    size_t text; /* bytes of the entries so far */
    struct sync_page *page;
    int64_t new_ids[SYNC_ROOMS_MAX];
    size_t new_count;
    bool lacks_restarted; /* a restarted room did not fit */
};

/* Returns false if the page has as many rooms as it may. */
static bool
sync_add_room(struct sync_merge *merge, int64_t room_id)
{
    if (merge->new_count == SYNC_ROOMS_MAX) {
        sync_leave_out(merge->page, room_id);
        return false;
    }
    merge->new_ids[merge->new_count++] = room_id;
    return true;
}

static void
sync_add_restarted(struct sync_merge *merge, int64_t room_id)
{
    if (!test_fault_injected(FAULT_RESTORES) && sync_add_room(merge, room_id)) {
        merge->page->restarted[merge->page->restarted_count++] = room_id;
    } else {
        merge->lacks_restarted = true;
    }
}

/*
 * Appends a room's entries after the mark, as far as the page has room. The range begins with the
 * mark's own entry if its time is known, to check it. All but one of these queries add something to
 * the page, so their number is bounded.
 */
static enum db_result
sync_read_entries(struct sync_merge *merge, const struct sync_mark *mark, int64_t last_seq)
{
    struct sync_page *page = merge->page;
    struct entry *entries = page->entries + page->entry_count;
    size_t checked = mark->seq > 0 && mark->at > 0 ? 1 : 0, count;
    struct log_range range = {.after = mark->seq - (int64_t)checked,
                              .limit = merge->limit - page->entry_count + checked,
                              .oldest = true};
    enum db_result r;

    if (range.limit == checked || merge->text >= PAGE_TEXT_MAX ||
        (checked > 0 && merge->lacks_restarted)) {
        sync_leave_out(page, mark->room_id);
        return DB_OK;
    }
    range.text_max = PAGE_TEXT_MAX - merge->text + checked * ENTRY_TEXT_MAX;
    r = room_log_read(merge->caller->db, merge->caller->arena, mark->room_id, NULL, &range, entries,
                      &count);
    if (r != DB_OK) {
        return r;
    }
    if (checked > 0 &&
        (count == 0 || !sync_mark_matches(mark, entries->seq, entries->created_at))) {
        sync_add_restarted(merge, mark->room_id);
        return DB_OK;
    }
    if (checked > 0) {
        memmove(entries, entries + 1, --count * sizeof(*entries));
    }
    page->entry_count += count;
    merge->text += entries_text(entries, count);
    if (count > 0 && entries[count - 1].seq < last_seq) {
        sync_leave_out(page, mark->room_id);
    }
    return DB_OK;
}

/* Compares a mark with the end of its room's log. */
static enum db_result
sync_compare(struct sync_merge *merge, const struct sync_mark *mark, const struct sync_mark *last)
{
    if (mark->seq < last->seq) {
        return sync_read_entries(merge, mark, last->seq);
    }
    if (!sync_mark_matches(mark, last->seq, last->at)) {
        sync_add_restarted(merge, mark->room_id);
    }
    return DB_OK;
}

/* Merges both lists into the page; new rooms only by their ids. */
static enum db_result
sync_merge(struct sync_merge *merge)
{
    const struct sync_mark *known = merge->known, *joined = merge->joined;
    const struct sync_mark *known_end = known + merge->known_count;
    const struct sync_mark *joined_end = joined + merge->joined_count;
    enum db_result r = DB_OK;

    while (r == DB_OK && (known < known_end || joined < joined_end)) {
        if (joined == joined_end || (known < known_end && known->room_id < joined->room_id)) {
            merge->page->left[merge->page->left_count++] = (known++)->room_id;
        } else if (known == known_end || joined->room_id < known->room_id) {
            (void)sync_add_room(merge, (joined++)->room_id);
        } else {
            r = sync_compare(merge, known++, joined++);
        }
    }
    return r;
}

enum db_result
sync_read(struct caller *caller, const struct sync_query *query, struct sync_page *page)
{
    /* Without marks the page has only new rooms, so more of them need not be read. */
    size_t limit = query->mark_count == 0 ? SYNC_ROOMS_MAX + 1 : NO_LIMIT;
    struct sync_merge merge = {.caller = caller, .limit = query->limit, .page = page};
    struct sync_mark *joined;
    enum db_result r = sync_joined_between(caller, query->after_room, query->through_room, limit,
                                           &joined, &merge.joined_count);

    *page = (struct sync_page){
        .entries = arena_array(caller->arena, query->limit + 1, sizeof(*page->entries)),
        .left = arena_array(caller->arena, query->mark_count + 1, sizeof(*page->left)),
        .restarted = arena_array(caller->arena, SYNC_ROOMS_MAX, sizeof(*page->restarted)),
    };
    if (r != DB_OK) {
        return r;
    }
    merge.joined = joined;
    merge.known = sync_sort_query(caller->arena, query, &merge.known_count);
    r = sync_merge(&merge);
    if (r == DB_OK && page->entry_count > 0) {
        r = names_fill(caller->db, caller->arena, &page->entries->sender, page->entry_count,
                       sizeof(*page->entries));
    }
    if (r == DB_OK && merge.new_count > 0) {
        r = rooms_list_by_ids(caller, merge.new_ids, merge.new_count, &page->rooms,
                              &page->room_count);
    }
    return r;
}
