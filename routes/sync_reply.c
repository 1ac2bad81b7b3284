/* The reply of /api/sync and /api/sync/wait. */
#include "routes/sync_reply.h"

#include "routes/online.h"

SHARED_SCHEMA(sync, "Sync",
              FIELD(struct sync, entries, FIELD_LIST, .item = &entry_shape,
                    .description = "The new entries, by `seq` within each room."),
              FIELD(struct sync, rooms, FIELD_LIST, .item = &room_shape,
                    .description = "Your rooms that were not among the marks."),
              FIELD(struct sync, left, FIELD_INTS,
                    .description = "Rooms among the marks that you are not in."),
              FIELD(struct sync, more, FIELD_BOOL,
                    .description = "Whether there is more: call again at once."));

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
                   .more = page->more,
               });
}
