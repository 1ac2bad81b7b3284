/*
 * The seams at which the test program differs from the released one.
 *
 * The defaults of base/test_seams.c do nothing, and are all that the released program has. The test
 * program (t/program) defines the same functions; it is linked before the library, so the linker
 * never takes the defaults. No setting and no environment variable can therefore turn any of this
 * on in a released program.
 */
#ifndef BASE_TEST_SEAMS_H
#define BASE_TEST_SEAMS_H

#include <stdbool.h>
#include <stddef.h>

struct request;
struct route_group;
struct shape;
struct task_kind;

/* Faults that t/faults injects, to prove that its checks find them. */
enum test_fault {
    FAULT_RETRY,    /* a message that is sent again is appended again */
    FAULT_HINTS,    /* every tenth hint is dropped, and the reconciler is off */
    FAULT_RESTORES, /* rooms that went back to an older state do not begin again */
    FAULT_CLAIMS,   /* a run ends its task even if another run has claimed it since */
};

/* Is this fault injected? */
bool test_fault_injected(enum test_fault fault);

/* Are passwords hashed at the lowest cost that the library allows? */
bool test_cheap_passwords(void);

/* Routes and kinds of tasks beside the program's own; NULL for none. */
const struct route_group *test_routes(void);
const struct task_kind *const *test_task_kinds(void);

/* Compares a dispatched request's reply with its row, and the data of an event with its shape. */
void test_check_reply(const struct request *req);
void test_check_event(const char *name, const struct shape *shape, const char *json, size_t len);

#endif
