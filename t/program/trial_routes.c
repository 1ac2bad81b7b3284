/* A handler that blocks for a time that the caller names, in either pool. */
#include <time.h>

#include "base/wait_hook.h"
#include "routes/frame/reply.h"
#include "t/program/trial.h"
#include "t/program/trial_answers.h"

struct trial_pause {
    int64_t ms;
};

static const struct shape trial_pause_shape = SHAPE("TrialPause", struct trial_pause,
                                                    FIELD(struct trial_pause, ms, FIELD_INT,
                                                          .from = FROM_QUERY, .max = 10000,
                                                          .default_value = 50));

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
    },
    {
        .method = POST, .path = "/api/trial/pause", INPUT(pause_thread, trial_pause),
        .runs = CPU, .access = ANYONE, .limit = LIMIT_NONE,
        .status = 204,
        .summary = "Block a process of the cpu pool",
    },
    {
        .method = GET, .path = "/api/trial/answer", INPUT(answer_as_wished, trial_wish),
        .access = ANYONE,
        .out = &trial_answer_shape, .status = 200, .other_status = 204,
        .problems = PROBLEMS(NO_SUCH_ROOM, UNAVAILABLE),
        .summary = "Get a right answer, or a wrong one",
    },
    ROUTES_END,
};
/* clang-format off */

const struct route_group trial_group = {.tag = "trial", .routes = routes};
