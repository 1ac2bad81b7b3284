/* The handlers of the live group. What is held is held by fcgi/events; here is decided whether, and with what. */
#include "routes/live/views.h"

#include <string.h>

#include "db/live.h"
#include "db/messages.h"
#include "db/redis/announce.h"
#include "routes/frame/deferred.h"
#include "routes/frame/route.h"
#include "routes/live/schemas.h"
#include "routes/room_reply.h"
#include "routes/sync_reply.h"

enum { RETRY_SECONDS = 5 };

/* The user's rooms, and the number of changes that they are as of. */
static enum db_result
read_rooms(const struct request *req, struct deferred_reply *deferred)
{
    struct room_reader who = room_reader(req);
    struct sync_mark *rooms;
    enum db_result r = live_changes(req->db, who.user_id, &deferred->changes);

    if (r == DB_OK) {
        r = sync_mine(&who, &rooms, &deferred->room_count);
        deferred->rooms = rooms;
    }
    return r;
}

static bool
wants_ndjson(const struct request *req)
{
    const char *accepted = request_env(req, "HTTP_ACCEPT");

    return accepted != NULL && strstr(accepted, "application/x-ndjson") != NULL;
}

/*
 * A stream of all that happens in the caller's rooms; it ends when the session does. 200.
 * 429 too_many_streams where the session holds as many as it may; 503 no_live_events where no event loop runs.
 */
void
open_stream(struct request *req, const void *input)
{
    const struct stream_query *in = input;
    struct deferred_reply *deferred = req->deferred;
    enum db_result r;

    if (deferred == NULL) {
        reply_retry(req, NO_LIVE_EVENTS, RETRY_SECONDS);
        return;
    }
    r = read_rooms(req, deferred);
    if (r != DB_OK) {
        reply_db_error(req, r);
        return;
    }
    deferred->ndjson = wants_ndjson(req);
    deferred->after = in->after != NULL ? in->after : request_env(req, "HTTP_LAST_EVENT_ID");
    if (strcmp(req->method, "HEAD") != 0) {
        if (!deferred->admit(deferred->loop, req->session.id)) {
            reply_retry(req, TOO_MANY_STREAMS, RETRY_SECONDS);
            return;
        }
        deferred->kind = REPLY_STREAM;
    }
    reply_header(req, "X-Accel-Buffering", "no");
    reply_bytes(req, 200, deferred->ndjson ? "application/x-ndjson" : "text/event-stream", "", 0);
}

/* All that is new to the caller, as soon as there is something. 200, with nothing in it when the time was over. */
void
sync_later(struct request *req, const void *input)
{
    const struct sync_wait *in = input;
    struct room_reader who = room_reader(req);
    struct deferred_reply *deferred = req->deferred;
    struct sync_page page;
    enum db_result r = deferred == NULL ? DB_OK : read_rooms(req, deferred);

    r = r == DB_OK ? sync_read(&who, in->rooms.at, in->rooms.count, (size_t)in->limit, &page) : r;
    if (r == DB_OK && deferred != NULL &&
        page.entry_count + page.room_count + page.left_count == 0) {
        deferred->kind = REPLY_LATER;
        deferred->wait_ms = in->wait * 1000;
        req->status = 200;
        return;
    }
    reply_sync(req, r, &page);
}

/* Tell the others in a room. 204; 403 not_a_member, 404 no_such_room. */
void
tell_typing(struct request *req, const void *input)
{
    const struct typing *in = input;
    struct room_reader who = room_reader(req);
    struct typing_event event = {.room_id = in->room_id, .user = {.id = who.user_id}};
    enum refusal why = REFUSED_NOT;
    enum db_result r = who.member_of == in->room_id ? DB_OK
                                                    : messages_refusal(&who, in->room_id, &why);

    if (r == DB_OK) {
        r = names_fill(req->names, req->db, req->arena, &event.user, 1, sizeof(event.user));
    }
    if (r != DB_OK) {
        reply_refusal(req, r, why);
        return;
    }
    announce_event(req, HINT_TYPING, in->room_id, &typing_event_shape, &event);
    reply_empty(req);
}
