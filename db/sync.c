/*
 * Two lists are merged by room id: the client's marks, and the rooms the caller is in. A room only
 * in the first was left, one only in the second is new, one in both may have new entries.
 *
 * Numbers have no gaps, so the keys of the entries that a room has more than its mark are known,
 * and one query reads those of many rooms. The merge goes room by room, and what a room needs is
 * read when its turn comes, together with what the next rooms will need. The texts are not known
 * before: a query asks for few entries at first, and for more if those before were short.
 */
#include "db/sync.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/test_seams.h"
#include "db/bound_rows.h"

enum {
    FIRST_ROOMS = 64,
    NO_LIMIT = INT_MAX,  /* of the rooms of one user */
    MARKS_AT_ONCE = 256, /* whose times are compared by one query */
    FIRST_ENTRIES = 32,  /* of the first query for entries */
    ENTRIES_AT_ONCE = 128,
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

/* A room whose log goes on after the mark. */
struct sync_behind {
    const struct sync_mark *mark;
    int64_t last_seq;
    bool is_other; /* the log has another entry with the mark's number; false until compared */
};

/* What sync_merge works on. */
struct sync_merge {
    struct caller *caller;
    const struct sync_mark *known, *joined;
    size_t known_count, joined_count, limit;
    size_t text; /* bytes of the entries so far */
    struct sync_page *page;
    int64_t new_ids[SYNC_ROOMS_MAX];
    size_t new_count;
    bool lacks_restarted;       /* a restarted room did not fit */
    struct sync_behind *behind; /* the next one, by id */
    const struct sync_behind *behind_end;
    const struct sync_behind *compared_end; /* the times of those before are compared */
    struct entry *ahead;                    /* entries that were read and not taken yet */
    const struct entry *ahead_end;
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

/* Finds the rooms that are in both lists and have new entries. */
static void
sync_find_behind(struct sync_merge *merge)
{
    const struct sync_mark *known = merge->known, *joined = merge->joined;
    const struct sync_mark *known_end = known + merge->known_count;
    const struct sync_mark *joined_end = joined + merge->joined_count;
    struct sync_behind *behind = arena_array(merge->caller->arena, merge->known_count + 1,
                                             sizeof(*behind));

    merge->behind = behind;
    while (known < known_end && joined < joined_end) {
        if (known->room_id < joined->room_id) {
            known++;
        } else if (joined->room_id < known->room_id) {
            joined++;
        } else {
            if (known->seq < joined->seq) {
                *behind++ = (struct sync_behind){.mark = known, .last_seq = joined->seq};
            }
            known++;
            joined++;
        }
    }
    merge->behind_end = behind;
    merge->compared_end = merge->behind;
}

static bool
sync_has_time(const struct sync_behind *room)
{
    return room->mark->seq > 0 && room->mark->at > 0;
}

static size_t
sync_entries_left(const struct sync_merge *merge)
{
    return merge->limit - merge->page->entry_count;
}

static int
sync_behind_compare(const void *id, const void *room)
{
    int64_t a = *(const int64_t *)id, b = ((const struct sync_behind *)room)->mark->room_id;

    return a < b ? -1 : a > b;
}

/*
 * Compares the times of marks, from this room's on, with those of their entries. That is a query of
 * its own, without texts: a caller may send wrong times for rooms that are full of long texts.
 */
static enum db_result
sync_compare_times(struct sync_merge *merge, struct sync_behind *room)
{
    struct buf rows = {0};
    size_t count = 0, room_count;
    struct sync_behind *end = room;
    enum db_result r;

    for (; end < merge->behind_end && count < MARKS_AT_ONCE; end++) {
        if (sync_has_time(end)) {
            BOUND_ROW(&rows, end->mark->room_id, end->mark->seq, end->mark->at);
            count++;
        }
    }
    room_count = (size_t)(end - room);
    r = db_run(merge->caller->db,
               "SELECT k.room_id FROM JSON_TABLE(?, '$[*]' COLUMNS (room_id BIGINT PATH '$[0]', "
               "seq BIGINT PATH '$[1]', at BIGINT PATH '$[2]')) k LEFT JOIN room_log l "
               "ON l.room_id = k.room_id AND l.seq = k.seq AND l.created_at = k.at "
               "WHERE l.seq IS NULL",
               bound_rows_value(&rows));
    buf_free(&rows);
    if (r != DB_OK) {
        return r;
    }
    while (db_next(merge->caller->db)) {
        int64_t id = db_get_int(merge->caller->db, 0);
        struct sync_behind *other = bsearch(&id, room, room_count, sizeof(*room),
                                            sync_behind_compare);

        if (other != NULL) {
            other->is_other = true;
        }
    }
    merge->compared_end = end;
    return db_done(merge->caller->db);
}

static size_t
size_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/*
 * How many entries the next query asks for. If their texts are as long as those before, not many
 * more than fit into the page; but at least FIRST_ENTRIES, since short ones may follow long ones.
 */
static size_t
sync_batch(const struct sync_merge *merge)
{
    size_t count = merge->page->entry_count, batch = FIRST_ENTRIES + 2 * count;

    if (merge->text > 0) {
        batch = size_min(batch, (PAGE_TEXT_MAX - merge->text) * count / merge->text);
    }
    if (batch < FIRST_ENTRIES) {
        batch = FIRST_ENTRIES;
    }
    return size_min(size_min(batch, ENTRIES_AT_ONCE), sync_entries_left(merge));
}

/*
 * The keys of the next entries: of this room after `seq`, and of the rooms after it. Returns their
 * number.
 */
static size_t
sync_next_keys(const struct sync_merge *merge, const struct sync_behind *room, int64_t seq,
               struct log_key keys[static ENTRIES_AT_ONCE])
{
    size_t count = 0, batch = sync_batch(merge);
    const struct sync_behind *end = merge->behind_end;

    for (const struct sync_behind *next = room; next < end && count < batch; next++) {
        if (sync_has_time(next) && next >= merge->compared_end) {
            break;
        }
        if (next->is_other || (sync_has_time(next) && merge->lacks_restarted)) {
            continue;
        }
        seq = next == room ? seq : next->mark->seq;
        while (count < batch && seq < next->last_seq) {
            keys[count++] = (struct log_key){next->mark->room_id, ++seq};
        }
    }
    return count;
}

static enum db_result
sync_read_ahead(struct sync_merge *merge, const struct sync_behind *room, int64_t seq)
{
    struct log_key keys[ENTRIES_AT_ONCE];
    size_t count = sync_next_keys(merge, room, seq, keys);
    enum db_result r;

    merge->ahead = arena_array(merge->caller->arena, count, sizeof(*merge->ahead));
    r = room_log_read_keys(merge->caller->db, merge->caller->arena, keys, count,
                           PAGE_TEXT_MAX - merge->text, merge->ahead, &count);
    merge->ahead_end = merge->ahead + count;
    return r;
}

static bool
sync_is_full(const struct sync_merge *merge)
{
    return sync_entries_left(merge) == 0 || merge->text >= PAGE_TEXT_MAX;
}

/* Appends what was read ahead of a room's entries after *seq. Returns whether there was any. */
static bool
sync_take_ahead(struct sync_merge *merge, int64_t room_id, int64_t *seq)
{
    int64_t before = *seq;

    while (merge->ahead < merge->ahead_end && merge->ahead->room_id < room_id) {
        merge->ahead++;
    }
    while (merge->ahead < merge->ahead_end && merge->ahead->room_id == room_id &&
           merge->ahead->seq == *seq + 1 && !sync_is_full(merge)) {
        merge->page->entries[merge->page->entry_count++] = *merge->ahead;
        merge->text += entries_text(merge->ahead++, 1);
        ++*seq;
    }
    return *seq > before;
}

/*
 * Appends entries of a room after *seq, of any number: rows that are deleted by hand leave
 * gaps. If there are no entries, *seq becomes the largest number.
 */
static enum db_result
sync_pass_gap(struct sync_merge *merge, int64_t room_id, int64_t *seq)
{
    struct log_range range = {.after = *seq,
                              .limit = sync_batch(merge),
                              .text_max = PAGE_TEXT_MAX - merge->text,
                              .oldest = true};
    struct entry *entries = merge->page->entries + merge->page->entry_count;
    size_t count;
    enum db_result r = room_log_read(merge->caller->db, merge->caller->arena, room_id, NULL, &range,
                                     entries, &count);

    merge->page->entry_count += count;
    merge->text += entries_text(entries, count);
    *seq = count > 0 ? entries[count - 1].seq : INT64_MAX;
    return r;
}

/* Appends a room's entries after the mark, as far as the page has room. */
static enum db_result
sync_read_entries(struct sync_merge *merge, const struct sync_behind *room)
{
    int64_t id = room->mark->room_id, seq = room->mark->seq;
    enum db_result r = DB_OK;

    while (r == DB_OK && seq < room->last_seq && !sync_is_full(merge)) {
        if (sync_take_ahead(merge, id, &seq)) {
            continue;
        }
        r = sync_read_ahead(merge, room, seq);
        if (r == DB_OK && !sync_take_ahead(merge, id, &seq)) {
            r = sync_pass_gap(merge, id, &seq);
        }
    }
    if (seq < room->last_seq) {
        sync_leave_out(merge->page, id);
    }
    return r;
}

/* A room whose log goes on after the mark: its entries, or a restart if it has another history. */
static enum db_result
sync_catch_up(struct sync_merge *merge, struct sync_behind *room)
{
    enum db_result r = DB_OK;

    if (sync_is_full(merge) || (sync_has_time(room) && merge->lacks_restarted)) {
        sync_leave_out(merge->page, room->mark->room_id);
        return DB_OK;
    }
    if (sync_has_time(room) && room >= merge->compared_end) {
        r = sync_compare_times(merge, room);
    }
    if (r == DB_OK && room->is_other) {
        sync_add_restarted(merge, room->mark->room_id);
        return DB_OK;
    }
    return r == DB_OK ? sync_read_entries(merge, room) : r;
}

/* Compares a mark with the end of its room's log. */
static enum db_result
sync_compare(struct sync_merge *merge, const struct sync_mark *mark, const struct sync_mark *last)
{
    if (mark->seq < last->seq) {
        return sync_catch_up(merge, merge->behind++);
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
    sync_find_behind(&merge);
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
