/* A handler that blocks for a time that the caller names, in either pool. */
#include <time.h>

#include "base/wait_hook.h"
#include "routes/frame/reply.h"
#include "t/program/trial.h"

struct trial_pause {
    int64_t ms;
};

static const struct shape trial_pause_shape = SHAPE(
    "TrialPause", struct trial_pause,
    FIELD(struct trial_pause, ms, FIELD_INT, .from = FROM_QUERY, .max = 10000, .default_value = 50,
          .description = "In milliseconds."));

HANDLER(pause_thread, trial_pause)

/* Blocks its thread, as a slow query would. 204. */
void
pause_thread(struct request *req, const struct trial_pause *in)
{
    struct timespec time = {in->ms / 1000, in->ms % 1000 * 1000000};

    wait_hook_run();
    (void)nanosleep(&time, NULL);
    reply_empty(req);
}

/* clang-format off */
static const struct route routes[] = {
    {
        .method = GET, .path = "/api/trial/pause", INPUT(pause_thread, trial_pause),
        .access = ANYONE, .limit = LIMIT_NONE,
        .status = 204,
        .summary = "Block a thread of the api pool",
        .description = "Only in the test program.",
    },
    {
        .method = POST, .path = "/api/trial/pause", INPUT(pause_thread, trial_pause),
        .operation = "pause_process", .runs = CPU, .access = ANYONE, .limit = LIMIT_NONE,
        .status = 204,
        .summary = "Block a process of the cpu pool",
        .description = "Only in the test program.",
    },
    ROUTES_END,
};
/* clang-format off */

const struct route_group trial_group = {
    .tag = "trial", .description = "Routes that only the test program has.", .routes = routes,
};
