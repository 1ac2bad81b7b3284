/*
 * The FastCGI worker: one process of a pool, with threads over one epoll set of kept connections.
 */
#ifndef FCGI_WORKER_WORKER_H
#define FCGI_WORKER_WORKER_H

#include "fcgi/app.h"

enum { WORKER_SOCKET = 0 }; /* FCGI_LISTENSOCK_FILENO, FastCGI 1.0 section 2.2 */

enum pool { POOL_API, POOL_CPU };

/*
 * Serves the listening socket WORKER_SOCKET until SIGTERM, or until WORKER_MAX_REQUESTS are served.
 * It then accepts no more connections, serves the kept ones until the web server closes them, and
 * returns. A connection that is kept open for too long is closed after its next reply. Returns the
 * process's exit status; 1 after reporting which step of the start failed.
 */
int worker_run(const struct app *app, enum pool pool) __attribute__((nonnull));

#endif
