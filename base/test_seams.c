/*
 * At the seams the released program does nothing. All defaults are in this one file, so a
 * test program that defines only some of the functions does not link.
 */
#include "base/test_seams.h"

bool
test_fault_injected(enum test_fault fault)
{
    (void)fault;
    return false;
}

bool
test_cheap_passwords(void)
{
    return false;
}

const struct route_group *
test_routes(void)
{
    return NULL;
}

const struct task_kind *const *
test_task_kinds(void)
{
    return NULL;
}

void
test_check_reply(const struct request *req)
{
    (void)req;
}

void
test_check_event(const char *name, const struct shape *shape, const char *json, size_t len)
{
    (void)name;
    (void)shape;
    (void)json;
    (void)len;
}
