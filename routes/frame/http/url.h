/* Splits request paths and queries, and percent-decodes them once (RFC 3986, 2.1 and 3.3). */
#ifndef ROUTES_FRAME_HTTP_URL_H
#define ROUTES_FRAME_HTTP_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"

enum { URL_SEGMENTS_MAX = 16 }; /* a route has fewer */

/* The segments of a path, decoded. */
struct url_path {
    const char *segments[URL_SEGMENTS_MAX];
    size_t count;
};

/*
 * Splits "/api/rooms/12" into segments, which live in `a`. One "/" at the end is ignored.
 * Returns false for a path that no honest client sends: no leading "/", an empty segment ("//"),
 * "." or ".." (encoded or not), "\", an encoded "/" or NUL, a broken escape, invalid UTF-8.
 * Reading stops at URL_SEGMENTS_MAX segments; such a path matches no route.
 */
bool url_path_read(struct url_path *path, const char *text, struct arena *a)
    __attribute__((nonnull, warn_unused_result));

/*
 * The value of {name} in `pattern`, given the values of all its parameters in order.
 * Returns NULL if the pattern has no parameter of that name.
 */
const char *url_parameter(const char *pattern, const char *name, const char *const *values)
    __attribute__((nonnull));

struct url_query {
    bool read;
    size_t count;
    struct url_pair {
        const char *name, *value;
        bool broken; /* an escape is invalid or encodes NUL; `value` is then not decoded */
    } * pairs;
};

/*
 * Splits and decodes "a=1&b=2" ("+" is a space) into pairs, which live in `a`. Drops a pair whose
 * name is broken. Start with a zeroed struct; a second call on it does nothing.
 */
void url_query_read(struct url_query *query, const char *text, struct arena *a)
    __attribute__((nonnull));

/* The last pair of that name; its value may be "". Returns NULL if there is none. */
const struct url_pair *url_query_find(const struct url_query *query, const char *name)
    __attribute__((nonnull));

/*
 * Appends a path in the form that a URL has: percent-encodes everything but "/" and the unreserved
 * characters (RFC 3986, 2.3).
 */
void url_escape(struct buf *out, const char *path) __attribute__((nonnull));

#endif
