/*
 * Which replies a row of the route table declares, by what it lists and by what follows from it.
 * The OpenAPI document lists these, and the test program compares every reply with them.
 */
#ifndef ROUTES_FRAME_DECLARED_H
#define ROUTES_FRAME_DECLARED_H

#include "routes/frame/route.h"

/* Does some input of this shape come in the body? False for NULL. */
bool declares_body(const struct shape *shape);

/* May the route reply with this status, apart from errors? */
bool declares_status(const struct route *route, int status) __attribute__((nonnull));

/*
 * May the route reply with this problem? NULL: a request that no route matches. INTERNAL_ERROR is
 * never declared, since it is a fault of the server.
 */
bool declares_problem(const struct route *route, enum problem p);

#endif
