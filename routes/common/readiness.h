/*
 * The state of the stores, checked about once a second per process, however often it is asked for.
 */
#ifndef ROUTES_COMMON_READINESS_H
#define ROUTES_COMMON_READINESS_H

#include "db/caller.h"
#include "db/readiness.h"

struct stores {
    enum database_state database;
    enum redis_state redis;
};

/* Checks the stores, or returns what another request found in the last second. */
struct stores stores_check(struct caller *caller) __attribute__((nonnull));

#endif
