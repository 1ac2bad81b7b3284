/*
 * Paths and queries as they come: split, and percent-decoded once (RFC 3986 sections 2.1 and 3.3).
 */
#ifndef ROUTES_FRAME_URL_H
#define ROUTES_FRAME_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"

enum { URL_SEGMENTS_MAX = 16 };

/* The segments of a path, decoded. */
struct url_path {
    const char *segments[URL_SEGMENTS_MAX];
    size_t count;
};

/*
 * Split "/api/rooms/12". False for what no honest client sends: no leading "/", an empty segment
 * ("//", but one "/" at the end is only ignored), "." and "..", also encoded, an encoded "/" or
 * NUL, a broken escape, invalid UTF-8. A path of too many segments has count URL_SEGMENTS_MAX and
 * matches nothing.
 */
bool url_path_read(struct url_path *path, const char *text, struct arena *a)
    __attribute__((nonnull, warn_unused_result));

/*
 * The value of {name} in a pattern, from the values in the order of the pattern; NULL where the
 * pattern has no such name.
 */
const char *url_parameter(const char *pattern, const char *name, const char *const *values)
    __attribute__((nonnull));

struct url_query {
    bool read;
    size_t count;
    struct url_pair {
        const char *name, *value;
        bool broken; /* an escape cannot be decoded, or holds NUL: `value` is as it was sent */
    } * pairs;
};

/* Split and decode "a=1&b=2" ("+" is a space); a second call on the same struct does nothing. */
void url_query_read(struct url_query *query, const char *text, struct arena *a)
    __attribute__((nonnull));

/* The last pair of that name, whose value may be ""; NULL where there is none. */
const struct url_pair *url_query_find(const struct url_query *query, const char *name)
    __attribute__((nonnull));

/*
 * A path as it stands in an address: "/" is kept, what is not unreserved (section 2.3) is
 * percent-encoded.
 */
void url_escape(struct buf *out, const char *path) __attribute__((nonnull));

#endif
