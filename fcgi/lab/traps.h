/* The essay's two traps: a handler that blocks an event loop, and a pool that is full. */
#ifndef FCGI_LAB_TRAPS_H
#define FCGI_LAB_TRAPS_H

#include "base/settings.h"
#include "fcgi/lab/lab.h"

enum { LAB_TRAPS_SECONDS = 4 };

/* Returns NULL, or why it failed. `port` is the endpoint's. No other thread may run meanwhile. */
const char *traps_measure(const struct settings *settings, int port, struct lab_tasks *tasks,
                          bool (*is_stopped)(void), struct lab_traps *traps)
    __attribute__((nonnull, warn_unused_result));

#endif
