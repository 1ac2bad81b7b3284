/* Makes requests for routes of the table, in the form of script.h. */
#ifndef T_FUZZ_DISPATCH_COMPOSE_H
#define T_FUZZ_DISPATCH_COMPOSE_H

#include "base/buf.h"
#include "routes/frame/route.h"

/* A number below `below`, from a generator that a seed starts. */
unsigned compose_choose(unsigned *seed, unsigned below) __attribute__((nonnull));

/* The name of a caller, of script.h. */
const char *compose_caller(unsigned *seed) __attribute__((nonnull, returns_nonnull));

/*
 * Appends a request for the route, with values that its shape accepts. With `odd`, one value in
 * eight is one that it may not accept.
 */
void compose_request(struct buf *out, const struct route *route, const char *caller, bool odd,
                     unsigned *seed) __attribute__((nonnull));

#endif
