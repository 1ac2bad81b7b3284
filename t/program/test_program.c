/*
 * Makes the released program the test program: cheap password hashes, routes and tasks that
 * only tests want, and the faults that FASTCHAT_BREAK names (retry, hints, restores, claims).
 */
#include "base/test_seams.h"

#include <stdlib.h>
#include <string.h>

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
