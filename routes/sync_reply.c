/* The reply of /api/sync and /api/sync/wait. */
#include "routes/sync_reply.h"

#include "routes/online.h"

SHARED_SCHEMA(
    sync, "Sync",
    FIELD(struct sync, entries, FIELD_LIST, .item = &entry_shape,
          .description = "The new entries, by `seq` within each room."),
    FIELD(struct sync, rooms, FIELD_LIST, .item = &room_shape,
          .description = "Your rooms that were not among the marks, and those in `restarted`."),
    FIELD(struct sync, left, FIELD_INTS,
          .description = "Rooms among the marks that you are not in."),
    FIELD(struct sync, restarted, FIELD_INTS,
          .description = "Rooms that went back to an older state, from a backup: drop "
                         "all entries of them, and begin again with `rooms`."),
    FIELD(struct sync, more, FIELD_BOOL,
          .description = "Whether there is more: call again at once."),
    FIELD(struct sync, after_room, FIELD_INT,
          .description = "If `more` is true: this reply has all that is new in rooms up "
                         "to this id, so the next call may leave them out."));

bool
sync_check_range(struct request *req, const struct sync_query *query)
{
    for (size_t i = 0; i < query->mark_count; i++) {
        int64_t id = query->marks[i].room_id;

        if (id <= query->after_room || id > query->through_room) {
            shape_add_fault(req, "body", "rooms", "names a room outside the range",
                            "含有范围以外的房间");
            reply_faults(req);
            return false;
        }
    }
    return true;
}

void
reply_sync(struct request *req, enum db_result r, struct sync_page *page)
{
    if (r != DB_OK) {
        reply_failure(req, r);
        return;
    }
    rooms_fill_online(req, page->rooms, page->room_count);
    reply(req, &(struct sync){
                   .entries = {page->entries, page->entry_count},
                   .rooms = {page->rooms, page->room_count},
                   .left = {page->left, page->left_count},
                   .restarted = {page->restarted, page->restarted_count},
                   .more = page->more,
                   .after_room = page->after_room,
               });
}
