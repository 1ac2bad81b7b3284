/*
 * Private copies of this server's own parts, the event loop and a pool of threads, on sockets of their own: what is done to them
 * no user feels. They have one route, and no database.
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
    struct sockaddr_un at; /* its socket: an abstract one (unix(7)), which is gone with it */
    socklen_t at_len;
};

/* Start one, of `threads` threads if it is a pool. False, with errno. It ends with the caller, or by copy_stop. */
bool copy_start(struct copy *c, const struct settings *settings, enum copy_kind kind, int threads)
    __attribute__((nonnull, warn_unused_result));
void copy_stop(const struct copy *c) __attribute__((nonnull));

/* Block the thread in which it began for COPY_BLOCK_MS: of the event loop that is the loop. */
enum { COPY_BLOCK_MS = 500 };
void copy_block(const struct copy *c) __attribute__((nonnull));

/* A connection to it; -1. */
int copy_connect(const struct copy *c) __attribute__((nonnull));

/*
 * One request over a connection: answered at once, or with `blocks` by a handler that blocks for COPY_BLOCK_MS. False where no
 * answer came.
 */
bool copy_ask(int fd, bool blocks) __attribute__((warn_unused_result));

#endif
