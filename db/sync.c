/* Both lists are walked side by side in the order of room ids: the client's marks, and the rooms I am in. */
#include "db/sync.h"

#include <stdlib.h>
#include <string.h>

static int
by_room_and_seq(const void *a, const void *b)
{
    const struct sync_mark *x = a, *y = b;

    if (x->room_id != y->room_id) {
        return x->room_id < y->room_id ? -1 : 1;
    }
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* By room, each once: one that is named twice ("12" and "012") counts by its lower mark. Returns how many are left. */
static size_t
sort_marks(struct sync_mark *marks, size_t count)
{
    size_t kept = 0;

    qsort(marks, count, sizeof(*marks), by_room_and_seq);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || marks[i].room_id != marks[kept - 1].room_id) {
            marks[kept++] = marks[i];
        }
    }
    return kept;
}

enum db_result
sync_mine(const struct room_reader *who, struct sync_mark **mine, size_t *count)
{
    size_t room = 64;
    enum db_result r = db_run(who->db,
                              "SELECT m.room_id, r.last_seq FROM members m JOIN rooms r ON "
                              "r.id = m.room_id WHERE m.user_id = ? ORDER BY m.room_id",
                              db_int(who->user_id));

    *mine = arena_array(who->arena, room, sizeof(**mine));
    *count = 0;
    if (r != DB_OK) {
        return r;
    }
    while (db_next(who->db)) {
        if (*count == room) {
            struct sync_mark *grown = arena_array(who->arena, room * 2, sizeof(*grown));

            memcpy(grown, *mine, room * sizeof(*grown));
            *mine = grown;
            room *= 2;
        }
        (*mine)[(*count)++] = (struct sync_mark){db_get_int(who->db, 0), db_get_int(who->db, 1)};
    }
    return db_done(who->db);
}

static enum db_result
read_entries(const struct room_reader *who, const struct sync_mark *from, int64_t last_seq,
             size_t limit, struct sync_page *page)
{
    struct log_range range = {
        .after = from->seq, .limit = limit - page->entry_count, .oldest = true};
    size_t got;
    enum db_result r;

    if (range.limit == 0) {
        page->more = true;
        return DB_OK;
    }
    r = room_log_read(who->db, who->arena, from->room_id, 0, &range,
                      page->entries + page->entry_count, &got);
    if (r != DB_OK) {
        return r;
    }
    page->entry_count += got;
    page->more = page->more || (got > 0 && page->entries[page->entry_count - 1].seq < last_seq);
    return DB_OK;
}

enum db_result
sync_read(const struct room_reader *who, const struct sync_mark *marks, size_t mark_count,
          size_t limit, struct sync_page *page)
{
    struct sync_mark *named = arena_array(who->arena, mark_count + 1, sizeof(*named));
    struct sync_mark *mine;
    size_t mine_count, new_count = 0, n = 0, m = 0;
    int64_t *new_ids;
    enum db_result r = sync_mine(who, &mine, &mine_count);

    *page = (struct sync_page){
        .entries = arena_array(who->arena, limit, sizeof(*page->entries)),
        .left = arena_array(who->arena, mark_count + 1, sizeof(*page->left)),
    };
    new_ids = arena_array(who->arena, SYNC_ROOMS_MAX, sizeof(*new_ids));
    if (mark_count > 0) {
        memcpy(named, marks, mark_count * sizeof(*named));
        mark_count = sort_marks(named, mark_count);
    }
    while (r == DB_OK && (n < mark_count || m < mine_count)) {
        if (m == mine_count || (n < mark_count && named[n].room_id < mine[m].room_id)) {
            page->left[page->left_count++] = named[n++].room_id;
        } else if (n == mark_count || mine[m].room_id < named[n].room_id) {
            if (new_count < SYNC_ROOMS_MAX) {
                new_ids[new_count++] = mine[m].room_id;
            } else {
                page->more = true;
            }
            m++;
        } else {
            if (named[n].seq < mine[m].seq) {
                r = read_entries(who, &named[n], mine[m].seq, limit, page);
            }
            n++;
            m++;
        }
    }
    if (r == DB_OK && page->entry_count > 0) {
        r = names_fill(who->names, who->db, who->arena, &page->entries->sender, page->entry_count,
                       sizeof(*page->entries));
    }
    if (r == DB_OK && new_count > 0) {
        r = rooms_by_ids(who, new_ids, new_count, &page->rooms, &page->room_count);
    }
    return r;
}
