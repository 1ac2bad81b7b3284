/* The handlers of the messages group. */
#include "routes/messages/schemas.h"

#include "db/members.h"
#include "db/messages.h"
#include "routes/frame/reply.h"
#include "routes/live_events.h"

/*
 * Appends a message to a room's log and announces it.
 * 201 with the new entry; 200 with the existing entry if it was sent before.
 * 403 not_a_member, 404 no_such_room, 409 client_id_reused.
 */
void
send_message(struct request *req, const struct message_new *in)
{
    struct entry entry;
    enum db_result r = messages_send(&req->caller, in->room_id, in->client_id, in->body, &entry);

    if (r == DB_OK) {
        reply(req, &entry); /* before the event, which is made from the reply's JSON */
        live_entry_publish(&req->caller, &entry, req->body->at, req->body->len);
    } else if (r == DB_EXISTS) {
        reply_with(req, 200, &entry);
    } else {
        reply_failure(req, r);
    }
}

/* The newest entries below `before`, 0 for the newest of all. Numbers have no gaps. */
static void
list_older(struct request *req, const struct message_query *in)
{
    struct log_range range = {
        .before = in->before, .limit = (size_t)in->limit, .text_max = PAGE_TEXT_MAX};
    struct entry *entries = request_new(req, range.limit, struct entry);
    struct number_page page = {0};
    size_t count;
    enum db_result r = messages_read(&req->caller, in->room_id, &range, entries, &count);

    if (r != DB_OK) {
        reply_failure(req, r);
        return;
    }
    page.items = (struct list){entries, count};
    page.next = count > 0 && entries[0].seq > 1 ? entries[0].seq : 0;
    reply(req, &page);
}

/* The oldest entries above `after`. */
static void
list_newer(struct request *req, const struct message_query *in)
{
    struct log_range range = {.after = in->after,
                              .limit = PAGE_ROWS(in->limit),
                              .text_max = PAGE_TEXT_MAX,
                              .oldest = true};
    struct entry *entries = request_new(req, range.limit, struct entry);
    struct number_page page = {0};
    const struct entry *last;
    size_t count;
    enum db_result r = messages_read(&req->caller, in->room_id, &range, entries, &count);

    if (r != DB_OK) {
        reply_failure(req, r);
        return;
    }
    last = page_fill(&page.items, entries, count, sizeof(*entries), in->limit);
    if (last == NULL && entries_text(entries, count) >= PAGE_TEXT_MAX) {
        last = &entries[count - 1];
    }
    page.next = last != NULL ? last->seq : 0;
    reply(req, &page);
}

/* A page of a room's log, ascending. 200; 403 not_a_member, 404 no_such_room; 422. */
void
list_messages(struct request *req, const struct message_query *in)
{
    if (in->before > 0 && in->after >= 0) {
        shape_add_fault(req, "query", "after", "`before` and `after` cannot be combined",
                        "`before` 和 `after` 不能同时使用");
        reply_faults(req);
    } else if (in->after >= 0) {
        list_newer(req, in);
    } else {
        list_older(req, in);
    }
}

/* Moves the caller's read mark and counts what is unread after it. */
static enum db_result
read_mark_move(struct caller *caller, const struct read_new *in, struct read_mark *mark,
               bool *moved)
{
    enum db_result r = read_mark_advance(caller, in->room_id, in->seq, &mark->read_seq, moved);

    if (r == DB_NONE) {
        r = members_require(caller, in->room_id);
        return r == DB_OK ? DB_DOWN : r; /* joined meanwhile: 503, and the client tries again */
    }
    if (r != DB_OK) {
        return r;
    }
    return room_log_unread(caller->db, in->room_id, caller->user_id, mark->read_seq, UNREAD_MAX,
                           &mark->unread);
}

/*
 * Moves the caller's read mark forward, and announces it if it has moved. 200; 403 not_a_member,
 * 404 no_such_room.
 */
void
mark_read(struct request *req, const struct read_new *in)
{
    struct read_mark mark = {.room_id = in->room_id};
    bool moved;
    enum db_result r = read_mark_move(&req->caller, in, &mark, &moved);

    if (r != DB_OK) {
        reply_failure(req, r);
        return;
    }
    if (moved) {
        live_event_publish(req->caller.redis, LIVE_READ,
                           (struct hint){.room_id = in->room_id, .user_id = req->caller.user_id},
                           &(struct read_event){in->room_id, req->caller.user_id, mark.read_seq});
    }
    reply(req, &mark);
}

/* Everything that is new to the caller since the marks. 200; 422 if a mark is outside the range. */
void
sync_now(struct request *req, const struct sync_new *in)
{
    struct sync_query query = SYNC_QUERY(in);
    struct sync_page page;

    if (sync_check_range(req, &query)) {
        reply_sync(req, sync_read(&req->caller, &query, &page), &page);
    }
}
