/* A handler that blocks for a time that the caller names, in either pool. */
#include <time.h>

#include "routes/frame/reply.h"
#include "routes/trial/trial.h"

struct pause {
    int64_t ms;
};

static const struct shape pause_shape =
    SHAPE("TrialPause", struct pause,
          FIELD(struct pause, ms, FIELD_INT, .from = FROM_QUERY, .max = 10000, .fallback = 50));

/* Blocks its thread, as a slow query would. 204. */
static void
pause_thread(struct request *req, const void *input)
{
    const struct pause *in = input;
    struct timespec time = {in->ms / 1000, in->ms % 1000 * 1000000};

    (void)nanosleep(&time, NULL);
    reply_empty(req);
}

const struct route trial_routes[] = {
    {
        .method = GET, .path = "/api/trial/pause", .handler = pause_thread,
        .runs = FAST_IO, .who = ANYONE, .limit = LIMIT_NONE,
        .in = &pause_shape, .status = 204, .tag = "trial",
        .summary = "Block a thread of the api pool",
    },
    {
        .method = POST, .path = "/api/trial/pause", .handler = pause_thread,
        .runs = CPU, .who = ANYONE, .limit = LIMIT_NONE,
        .in = &pause_shape, .status = 204, .tag = "trial",
        .summary = "Block a process of the cpu pool",
    },
    ROUTES_END,
};
