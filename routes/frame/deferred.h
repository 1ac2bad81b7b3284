/*
 * The event loop lets a handler reply later, or with a stream that does not end. Without an event
 * loop (in a worker, or as plain CGI) req->deferred is NULL, and the handler replies at once.
 */
#ifndef ROUTES_FRAME_DEFERRED_H
#define ROUTES_FRAME_DEFERRED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/openings.h"

enum reply_mode {
    REPLY_NOW,    /* the handler has replied */
    REPLY_STREAM, /* req->head has the header lines; the loop sends events as they come */
    /* The loop dispatches the request again, without `deferred`, after an event or wait_ms. */
    REPLY_LATER,
};

struct deferred_reply {
    /*
     * Counts one more held request of the caller; false if the session or the user holds as many as
     * it may. Called before `mode` is set to a value other than REPLY_NOW.
     */
    bool (*admit)(void *holds, int64_t session_id, int64_t user_id);
    void *holds;
    const struct opening *opening; /* what was read ahead for this request; NULL: nothing */

    /* Set by the handler. */
    enum reply_mode mode;
    int64_t changes;               /* the user's, read before the rooms were (db/live.h) */
    const struct sync_mark *rooms; /* the user's rooms, and the seq of each that is known */
    size_t room_count;
    bool ndjson;       /* REPLY_STREAM: a JSON object per line, not Server-Sent Events */
    const char *after; /* REPLY_STREAM: the token of the last entry that the client has; NULL */
    int64_t wait_ms;   /* REPLY_LATER */
};

#endif
