/* The FastCGI worker: one process of a pool, with threads over one epoll set of kept connections. */
#ifndef FCGI_WORKER_WORKER_H
#define FCGI_WORKER_WORKER_H

#include "fcgi/app.h"

enum { WORKER_SOCKET = 0 }; /* FCGI_LISTENSOCK_FILENO, FastCGI specification section 2.2 */

enum pool { POOL_API, POOL_CPU };

/*
 * Serve the listening socket WORKER_SOCKET until SIGTERM (or until it has served its number of requests): then accept nothing
 * more, serve the kept connections until the web server lets go of each, and return. One that holds on to them is cut loose
 * with its next answer. Returns an exit status.
 */
int worker_run(const struct app *app, enum pool pool) __attribute__((nonnull));

#endif
