/*
 * The records at the front of a new connection that do not begin a request for libfcgi: management
 * records, requests for other roles, and what belongs to such a request. libfcgi would hold a
 * thread until a request follows, or close the connection without FCGI_END_REQUEST.
 */
#ifndef FCGI_WORKER_FRONT_H
#define FCGI_WORKER_FRONT_H

#include "fcgi/record.h"

enum front {
    FRONT_REQUEST, /* a request for libfcgi begins */
    FRONT_HANDLED, /* wait until the connection is readable again */
    FRONT_CLOSE,   /* the connection ends */
};

/*
 * Handles at most one record of a readable connection, without waiting for more of it. `in` is the
 * connection's own, and starts as {0}.
 */
enum front front_handle(struct request_parser *in, int fd)
    __attribute__((nonnull, warn_unused_result));

#endif
