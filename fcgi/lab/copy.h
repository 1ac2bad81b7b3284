/*
 * Private copies of this server's own parts, the event loop and a pool of threads, on sockets of
 * their own: no user notices what is done to them. They have one route and no database.
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
    struct sockaddr_un at; /* an abstract socket (unix(7)), which disappears with it */
    socklen_t at_len;
};

/*
 * Starts a copy, a pool with `threads` threads. Returns false with errno. It ends with the caller,
 * or by copy_stop.
 */
bool copy_start(struct copy *c, const struct settings *settings, enum copy_kind kind, int threads)
    __attribute__((nonnull, warn_unused_result));
void copy_stop(const struct copy *c) __attribute__((nonnull));

/* Blocks for COPY_BLOCK_MS the thread in which it began; in the event loop, the loop itself. */
enum { COPY_BLOCK_MS = 500 };
void copy_block(const struct copy *c) __attribute__((nonnull));

/* A connection to the copy; -1 with errno. */
int copy_connect(const struct copy *c) __attribute__((nonnull));

/*
 * Sends one request over a connection; with `blocks`, its handler blocks for COPY_BLOCK_MS. Returns
 * whether a reply came.
 */
bool copy_ask(int fd, bool blocks) __attribute__((warn_unused_result));

#endif
