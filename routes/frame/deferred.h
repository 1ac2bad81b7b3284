/*
 * What the event loop offers a handler whose answer may come later, or never end. Where no event
 * loop answers (a worker, plain CGI), req->deferred is NULL and the handler answers at once.
 */
#ifndef ROUTES_FRAME_DEFERRED_H
#define ROUTES_FRAME_DEFERRED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/sync.h"

enum reply_mode {
    REPLY_NOW,    /* the handler has answered */
    REPLY_STREAM, /* req->head are the header lines; the loop sends events as they come */
    REPLY_LATER, /* call the handler again without a hold when something is there, or after wait_ms */
};

struct deferred_reply {
    /* May this session hold one more stream? Counts it if so. */
    bool (*admit)(void *loop, int64_t session_id);
    void *loop;

    /* Set by the handler. */
    enum reply_mode mode;
    int64_t changes;               /* the user's, read before the rooms were (db/live.h) */
    const struct sync_mark *rooms; /* the user's rooms, and the seq that is known of each */
    size_t room_count;
    bool ndjson;       /* REPLY_STREAM: a JSON object a line, not Server-Sent Events */
    const char *after; /* REPLY_STREAM: the token of the last entry that came before; NULL */
    int64_t wait_ms;   /* REPLY_LATER */
};

#endif
