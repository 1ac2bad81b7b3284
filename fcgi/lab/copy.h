/*
 * Private copies of the server's event loop and thread pool, on their own sockets: blocking them
 * affects no user. They have two routes and no database.
 */
#ifndef FCGI_LAB_COPY_H
#define FCGI_LAB_COPY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include "base/settings.h"

enum copy_kind { COPY_EVENTS, COPY_POOL };

struct copy {
    pid_t pid;
    struct sockaddr_un at; /* an abstract socket (unix(7)): it ends with the process */
    socklen_t at_len;
};

/*
 * Starts a copy; a pool has `threads` threads. Returns false, with errno, if it cannot be started.
 * It ends with its parent, or by copy_stop.
 */
bool copy_start(struct copy *c, const struct settings *settings, enum copy_kind kind, int threads)
    __attribute__((nonnull, warn_unused_result));
void copy_stop(const struct copy *c) __attribute__((nonnull));

/* Blocks the copy's main thread, which runs the event loop, for COPY_BLOCK_MS. */
enum { COPY_BLOCK_MS = 500 };
void copy_block(const struct copy *c) __attribute__((nonnull));

/* Returns a connected socket, or -1. */
int copy_connect(const struct copy *c) __attribute__((nonnull));

/*
 * One request over a connection, answered at once or, with `blocks`, by a handler that blocks for
 * COPY_BLOCK_MS. Returns false if no reply came.
 */
bool copy_request(int fd, bool blocks) __attribute__((warn_unused_result));

#endif
