/*
 * Threads that dispatch the event loop's requests: admitting a caller reads MySQL and Redis, which
 * may block. The loop submits a job and gets it back with the reply.
 */
#ifndef FCGI_EVENTS_DISPATCHER_H
#define FCGI_EVENTS_DISPATCHER_H

#include "db/live.h"
#include "db/openings.h"
#include "fcgi/app.h"
#include "fcgi/events/holds.h"
#include "fcgi/events/queue.h"
#include "fcgi/record.h"
#include "fcgi/turns.h"
#include "routes/frame/deferred.h"

enum { JOB_AFTER_SIZE = 66 };

/* A request to dispatch. Allocated with memory_new; whoever holds it frees it with job_free. */
struct job {
    struct message message;
    uint32_t slot, serial;      /* of the connection */
    uint32_t request;           /* the number of the request among those of the connection */
    struct request_input input; /* owned by the job */
    bool may_defer;             /* false: the handler must reply at once */
    bool counted;               /* the rate limit has counted this request before */
    int64_t submitted_us;       /* by clock_mono_us; set by dispatcher_submit */
    struct waiting_turn waiting;
    bool was_put_off; /* its user's other requests came first */
    const struct opening
        *opening; /* while the dispatcher serves it; NULL: nothing was read ahead */

    /* Set by the dispatcher. */
    enum reply_mode mode;
    struct buf reply;       /* in CGI's form; of a stream only the header lines */
    struct session session; /* the caller's */

    /* The rest is for a deferred reply, as routes/frame/deferred.h describes it. */
    int64_t changes;
    struct live_mark *rooms;
    size_t room_count;
    bool ndjson;
    char after[JOB_AFTER_SIZE]; /* "": none */
    int64_t wait_ms;
};

void job_free(struct job *job);

struct dispatcher;

/*
 * Starts `count` threads; finished jobs are put in `done`. A job whose reply is deferred was
 * admitted by `holds`, where the caller releases it. Returns NULL with errno set if no thread can
 * be started; fewer than `count` will do.
 */
struct dispatcher *dispatcher_open(const struct app *app, int count, struct queue *done,
                                   struct holds *holds)
    __attribute__((nonnull, warn_unused_result));

/* Hands the job over. For many jobs that wait, the database is read at once (db/openings.h). */
void dispatcher_submit(struct dispatcher *d, struct job *job) __attribute__((nonnull));

/*
 * Returns after every thread has finished its current job; jobs that wait are freed. NULL is
 * allowed.
 */
void dispatcher_close(struct dispatcher *d);

#endif
