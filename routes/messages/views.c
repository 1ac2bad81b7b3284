/* The handlers of the messages group. */
#include "routes/messages/views.h"

#include "db/members.h"
#include "db/messages.h"
#include "db/redis/announce.h"
#include "db/sync.h"
#include "routes/frame/route.h"
#include "routes/messages/schemas.h"
#include "routes/room_reply.h"

/*
 * Append a message to a room's log.
 * 201 with the new entry; 200 with the old one where client_id was used before. 403 not_a_member, 404 no_such_room.
 */
void
send_message(struct request *req, const void *input)
{
    const struct message_new *in = input;
    struct room_reader who = room_reader(req);
    struct entry entry;
    enum refusal why = REFUSED_NOT;
    enum db_result r = messages_send(&who, in->room_id, in->client_id, in->body, &entry, &why);

    if (r == DB_OK) {
        announce_new(req, &entry);
        reply(req, &entry);
    } else if (r == DB_EXISTS) {
        reply_with(req, 200, &entry);
    } else {
        reply_refusal(req, r, why);
    }
}

/* A page of the log, ascending. 200; 403 not_a_member, 404 no_such_room; 422 for both before and after. */
void
list_messages(struct request *req, const void *input)
{
    const struct message_query *in = input;
    struct room_reader who = room_reader(req);
    struct log_range range = {
        .before = in->before,
        .after = in->after > 0 ? in->after : 0,
        .oldest = in->after >= 0,
        .limit = (size_t)in->limit +
                 (in->after >= 0), /* one more tells whether there is a newer page */
    };
    struct entry *entries = request_new(req, range.limit, struct entry);
    struct number_page page = {0};
    size_t count;
    enum refusal why = REFUSED_NOT;
    enum db_result r;

    if (in->before > 0 && in->after >= 0) {
        shape_refuse(req, "query", "after", "cannot stand beside before", "不能与 before 同时使用");
        reply_faults(req);
        return;
    }
    r = messages_read(&who, in->room_id, &range, entries, &count, &why);
    if (r != DB_OK) {
        reply_refusal(req, r, why);
        return;
    }
    page.items = (struct list){entries, count};
    if (range.oldest && count == range.limit) {
        page.items.count--;
        page.next = entries[count - 2].seq;
    } else if (!range.oldest && count > 0 && entries[0].seq > 1) {
        page.next = entries[0].seq; /* numbers have no holes, so there are older ones */
    }
    reply(req, &page);
}

/* Move the caller's read mark. 200; 403 not_a_member, 404 no_such_room. */
void
mark_read(struct request *req, const void *input)
{
    const struct read_new *in = input;
    struct room_reader who = room_reader(req);
    struct read_mark mark = {.room_id = in->room_id};
    enum refusal why = REFUSED_NOT;
    enum db_result r = members_read(&who, in->room_id, in->seq, &mark.read_seq);

    if (r == DB_NONE) {
        r = messages_refusal(&who, in->room_id, &why);
        r = r == DB_OK ? DB_DOWN : r; /* joined this very moment: the caller tries again */
    } else if (r == DB_OK) {
        r = room_log_unread(req->db, in->room_id, who.user_id, mark.read_seq, UNREAD_MAX,
                            &mark.unread);
    }
    if (r == DB_OK) {
        announce_event(req, HINT_READ, in->room_id, &read_event_shape,
                       &(struct read_event){in->room_id, who.user_id, mark.read_seq});
        reply(req, &mark);
    } else {
        reply_refusal(req, r, why);
    }
}

/* All that is new to the caller. 200. */
void
sync_now(struct request *req, const void *input)
{
    const struct sync_new *in = input;
    struct room_reader who = room_reader(req);
    struct sync_page page;
    enum db_result r = sync_read(&who, in->rooms.at, in->rooms.count, (size_t)in->limit, &page);

    reply_sync(req, r, &page);
}
