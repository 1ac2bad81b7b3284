/* The event loop: one process, one thread that never blocks, tens of thousands of held requests. */
#ifndef FCGI_EVENTS_EVENTS_H
#define FCGI_EVENTS_EVENTS_H

#include "fcgi/app.h"

/*
 * Serves the listening socket on descriptor 0 until SIGTERM, then ends all streams with `bye`, lets
 * other requests finish, and returns. Returns the exit status: 1 after reporting which step of the
 * start failed.
 */
int events_run(const struct app *app) __attribute__((nonnull));

#endif
