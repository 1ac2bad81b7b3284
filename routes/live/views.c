/*
 * The handlers of the live group. They decide whether a request is held and what it begins with;
 * fcgi/events holds it.
 */
#include "routes/live/schemas.h"

#include "db/live.h"
#include "db/members.h"
#include "db/messages.h"
#include "routes/frame/deferred.h"
#include "routes/frame/http/negotiate.h"
#include "routes/frame/reply.h"
#include "routes/frame/route.h"
#include "routes/live_events.h"
#include "routes/sync_reply.h"

enum { RETRY_SECONDS = 5 };

/* Takes the caller's rooms from what was read ahead. Returns false if they are not there. */
static bool
deferred_take_rooms(const struct caller *caller, struct deferred_reply *deferred)
{
    const struct opening *opening = deferred->opening;

    if (opening == NULL || !opening->found || opening->user_id != caller->user_id) {
        return false;
    }
    deferred->changes = opening->changes;
    deferred->rooms = opening->rooms;
    deferred->room_count = opening->room_count;
    return true;
}

/* Reads the caller's rooms, and first the number of changes that they include (db/live.h). */
static enum db_result
deferred_read_rooms(struct caller *caller, struct deferred_reply *deferred)
{
    struct sync_mark *rooms;
    enum db_result r;

    if (deferred_take_rooms(caller, deferred)) {
        return DB_OK;
    }
    r = live_changes(caller->db, caller->user_id, &deferred->changes);
    if (r != DB_OK) {
        return r;
    }
    r = sync_joined_marks(caller, &rooms, &deferred->room_count);
    deferred->rooms = rooms;
    return r;
}

/* Of two forms that are equally welcome, the one that Accept names more precisely. */
static bool
wants_ndjson(const struct request *req)
{
    const char *accept = request_env(req, "HTTP_ACCEPT");
    struct preference lines = negotiate_media_type(accept, "application/x-ndjson");
    struct preference events = negotiate_media_type(accept, "text/event-stream");

    return lines.weight > events.weight ||
           (lines.weight == events.weight && lines.precision > events.precision);
}

/*
 * The token to resume from; NULL without one. The header wins: an EventSource that reconnects sends
 * its last id there, to the address that it was opened with (WHATWG HTML, section 9.2.3).
 */
static const char *
stream_resume_token(const struct request *req, const struct stream_query *in)
{
    const char *last = request_env(req, "HTTP_LAST_EVENT_ID");

    return last != NULL && last[0] != '\0' ? last : in->after;
}

/* Sets how the reply is deferred, or replies 429 if the caller holds as many as it may. */
static bool
deferred_begin(struct request *req, enum reply_mode mode)
{
    struct deferred_reply *deferred = req->deferred;

    if (!deferred->admit(deferred->holds, req->session.id, req->session.user_id)) {
        reply_retry(req, TOO_MANY_STREAMS, RETRY_SECONDS);
        return false;
    }
    deferred->mode = mode;
    return true;
}

/*
 * A stream of everything that happens in the caller's rooms, until the session ends. 200.
 * 429 too_many_streams if the session or the user holds as many as it may; 503 no_live_events
 * without an event loop (a worker, plain CGI).
 */
void
open_stream(struct request *req, const struct stream_query *in)
{
    struct deferred_reply *deferred = req->deferred;
    enum db_result r;

    if (deferred == NULL) {
        reply_retry(req, NO_LIVE_EVENTS, RETRY_SECONDS);
        return;
    }
    r = deferred_read_rooms(&req->caller, deferred);
    if (r != DB_OK) {
        reply_failure(req, r);
        return;
    }
    deferred->ndjson = wants_ndjson(req);
    deferred->after = stream_resume_token(req, in);
    if (!deferred_begin(req, REPLY_STREAM)) {
        return;
    }
    reply_header(req, "X-Accel-Buffering", "no");
    reply_bytes(req, 200, deferred->ndjson ? "application/x-ndjson" : "text/event-stream", "", 0);
}

static bool
sync_page_is_empty(const struct sync_page *page)
{
    return page->entry_count + page->room_count + page->left_count == 0 && !page->more;
}

/* Does the client's checksum differ from that of its user's rooms? Unsigned: it may wrap. */
static bool
checksum_differs(const struct sync_mark *rooms, size_t count, int64_t checksum)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum += (uint64_t)rooms[i].room_id + (uint64_t)rooms[i].seq;
    }
    return sum != (uint64_t)checksum;
}

/*
 * Reads what is new in the query's range. All rooms are read first, if the request may be held or
 * has a checksum: what changes after that wakes the request.
 */
static enum db_result
sync_wait_read(struct caller *caller, const struct sync_query *query, int64_t checksum,
               struct deferred_reply *all, struct sync_page *page)
{
    enum db_result r = DB_OK;

    if (all->holds != NULL || checksum >= 0) {
        r = deferred_read_rooms(caller, all);
    }
    if (r == DB_OK) {
        r = sync_read(caller, query, page);
    }
    if (r == DB_OK && checksum >= 0 && sync_page_is_empty(page)) {
        page->more = checksum_differs(all->rooms, all->room_count, checksum);
    }
    return r;
}

/*
 * Everything that is new to the caller, as soon as there is something. 200; with nothing in it if
 * nothing happened in time, or if no event loop serves the request. 422 if a mark is outside the
 * range. 429 too_many_streams if it would be held, and the session or the user holds as many as it
 * may.
 */
void
sync_later(struct request *req, const struct sync_wait *in)
{
    struct deferred_reply at_once = {.holds = NULL};
    struct deferred_reply *deferred = req->deferred != NULL ? req->deferred : &at_once;
    struct sync_query query = SYNC_QUERY(in);
    struct sync_page page;
    enum db_result r;

    if (!sync_check_range(req, &query)) {
        return;
    }
    r = sync_wait_read(&req->caller, &query, in->checksum, deferred, &page);
    if (r == DB_OK && req->deferred != NULL && sync_page_is_empty(&page)) {
        if (deferred_begin(req, REPLY_LATER)) {
            deferred->wait_ms = in->wait * 1000;
            req->status = 200;
        }
        return;
    }
    reply_sync(req, r, &page);
}

static enum db_result
typing_event_fill(struct caller *caller, int64_t room_id, struct typing_event *event)
{
    enum db_result r = DB_OK;

    if (!members_knows(caller, room_id)) {
        r = members_require(caller, room_id);
    }
    if (r != DB_OK) {
        return r;
    }
    *event = (struct typing_event){.room_id = room_id, .user = {.id = caller->user_id}};
    return names_fill(caller->db, caller->arena, &event->user, 1, sizeof(event->user));
}

/* Shows the others in a room that the caller is typing. 204; 403 not_a_member, 404 no_such_room. */
void
announce_typing(struct request *req, const struct typing *in)
{
    struct typing_event event;
    enum db_result r = typing_event_fill(&req->caller, in->room_id, &event);

    if (r != DB_OK) {
        reply_failure(req, r);
        return;
    }
    live_event_publish(req->caller.redis, LIVE_TYPING,
                       (struct hint){.room_id = in->room_id, .user_id = req->caller.user_id},
                       &event);
    reply_empty(req);
}
