/* The handlers of the lab group. */
#include "routes/lab/schemas.h"

#include <inttypes.h>

#include "db/tasks.h"
#include "routes/frame/reply.h"
#include "routes/lab/schemas.h"

/* Serial mode waits for each request in turn, once alone and once beside computing. */
enum { MOST_SECONDS = 30 * 60 };

static bool
is_too_long(const struct lab_new *in)
{
    return in->repeat * in->tasks * (2 * in->wait_ms + 5 * in->cpu) > MOST_SECONDS * INT64_C(1000);
}

/*
 * Queues a run. 202; 400 lab_too_long; 409 lab_is_running: two runs at once would measure each
 * other.
 */
void
queue_lab(struct request *req, const struct lab_new *in)
{
    struct lab_queued out = {.state = TASK_QUEUED};
    enum db_result r;

    if (is_too_long(in)) {
        reply_problem(req, LAB_TOO_LONG);
        return;
    }
    r = task_enqueue_for_caller(
        &req->caller,
        &(struct task_new){
            .kind = LAB_KIND,
            .arguments = arena_printf(req->caller.arena,
                                      "{\"tasks\":%" PRId64 ",\"cpu\":%" PRId64
                                      ",\"wait_ms\":%" PRId64 ",\"repeat\":%" PRId64 "}",
                                      in->tasks, in->cpu, in->wait_ms, in->repeat),
            .max_attempts = 1,
            .dedupe_key = LAB_KIND,
        },
        req->settings->tasks_per_user, &out.id);
    if (r == DB_EXISTS) {
        reply_problem(req, LAB_IS_RUNNING);
    } else if (r != DB_OK) {
        reply_failure(req, r);
    } else {
        tasks_wake(req->caller.redis);
        reply(req, &out);
    }
}
