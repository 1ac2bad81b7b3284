/*
 * Makes the released program the test program: cheap password hashes, routes and tasks that
 * only tests want, and the faults that FASTCHAT_BREAK names (retry, hints, restores, claims).
 * A reply that its route does not declare is logged, and the line fails the test (Fastchat::Logs).
 */
#include "base/test_seams.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "routes/frame/route.h"
#include "t/program/answers.h"
#include "t/program/trial.h"

bool
test_fault_injected(enum test_fault fault)
{
    static const char *const names[] = {
        [FAULT_RETRY] = "retry",
        [FAULT_HINTS] = "hints",
        [FAULT_RESTORES] = "restores",
        [FAULT_CLAIMS] = "claims",
    };
    const char *injected = getenv("FASTCHAT_BREAK");

    return injected != NULL && strcmp(injected, names[fault]) == 0;
}

bool
test_cheap_passwords(void)
{
    return true;
}

const struct route_group *
test_routes(void)
{
    return &trial_group;
}

const struct task_kind *const *
test_task_kinds(void)
{
    return trial_kinds;
}

void
test_check_reply(const struct request *req)
{
    struct buf fault = {0};

    if (!answer_check(req, &fault)) {
        log_error("undeclared answer: %s %s: %d: %s", req->method,
                  req->route == NULL ? "-" : req->route->path, req->status, buf_cstr(&fault));
    }
    buf_free(&fault);
}

void
test_check_event(const char *name, const struct shape *shape, const char *json, size_t len)
{
    struct buf fault = {0};

    if (!answer_check_event(shape, json, len, &fault)) {
        log_error("undeclared answer: event %s: %s", name, buf_cstr(&fault));
    }
    buf_free(&fault);
}
