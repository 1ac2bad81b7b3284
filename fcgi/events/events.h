/* The event loop: one process, one thread that never waits, tens of thousands of held requests. */
#ifndef FCGI_EVENTS_EVENTS_H
#define FCGI_EVENTS_EVENTS_H

#include "fcgi/app.h"

/*
 * Serve the listening socket on descriptor 0 until SIGTERM: then tell every stream goodbye, let what is under way end, and return.
 * Returns an exit status.
 */
int events_run(const struct app *app) __attribute__((nonnull));

#endif
