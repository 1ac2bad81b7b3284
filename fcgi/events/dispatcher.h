/* Desks: threads at which the event loop's requests are dispatched, since to admit a caller may block. */
#ifndef FCGI_EVENTS_DISPATCHER_H
#define FCGI_EVENTS_DISPATCHER_H

#include "db/live.h"
#include "fcgi/app.h"
#include "fcgi/events/queue.h"
#include "fcgi/events/record.h"
#include "routes/frame/deferred.h"

enum { DESK_AFTER_SIZE = 66 };

/* A request on its way to a desk, and back with what became of it. Made with calloc; whoever holds it frees it (errand_free). */
struct errand {
    struct letter letter;
    uint32_t slot, serial;
    struct intake *intake;
    bool may_hold, counted;

    /* Set by the desk. */
    enum reply_mode kind;
    struct buf answer; /* in CGI's form; of a stream the header lines */
    int64_t user_id, session_id, expires_at, changes;
    struct live_mark *rooms;
    size_t room_count;
    bool lines;
    char after[DESK_AFTER_SIZE];
    int64_t wait_ms;
};

void errand_free(struct errand *e);

struct desks;

/* Open `count` desks; what they have done comes to `done`. `admit` as in hold.h, called in their threads. NULL: no threads. */
struct desks *desks_open(const struct app *app, int count, struct mailbox *done,
                         bool (*admit)(void *loop, int64_t session_id), void *loop)
    __attribute__((nonnull(1, 3, 4), warn_unused_result));
void desks_put(struct desks *d, struct errand *e) __attribute__((nonnull));

/* Let each finish what it is at, and end. */
void desks_close(struct desks *d);

#endif
