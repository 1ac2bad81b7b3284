/* Entity tags and the request's conditions on them (RFC 9110, sections 8.8.3 and 13.1). */
#ifndef ROUTES_FRAME_HTTP_ETAG_H
#define ROUTES_FRAME_HTTP_ETAG_H

#include <stdbool.h>

/*
 * Is `etag` among the tags of a list as If-None-Match has it: `*` or entity tags, compared weakly?
 * From a malformed tag on, the list is not read.
 */
bool etag_is_listed(const char *etag, const char *list) __attribute__((nonnull));

/* The same for If-Match, which compares strongly: a weak tag (W/) equals none. */
bool etag_is_listed_strongly(const char *etag, const char *list) __attribute__((nonnull));

#endif
