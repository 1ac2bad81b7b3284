/* Conditional requests and ranges of bytes (RFC 9110 sections 13 and 14), for GET and HEAD. */
#ifndef ROUTES_FRAME_HTTP_CONDITIONAL_H
#define ROUTES_FRAME_HTTP_CONDITIONAL_H

#include <stdbool.h>
#include <stdint.h>

#include "routes/frame/request.h"

struct byte_range {
    int64_t first, length;
};

enum range_kind {
    RANGE_WHOLE,          /* no range that is served alone: all bytes are sent */
    RANGE_PART,           /* one range, cut at the end of the bytes */
    RANGE_NOT_IN_CONTENT, /* it begins after their end */
};

/* Reads Range for a content of `size` bytes; several ranges at once are RANGE_WHOLE. */
enum range_kind range_read(const char *text, int64_t size, struct byte_range *range)
    __attribute__((nonnull));

/*
 * Adds ETag, and checks If-Match and If-None-Match. Returns false after replying 412 or 304.
 */
bool conditional_admit(struct request *req, const char *etag)
    __attribute__((nonnull, warn_unused_result));

/*
 * The part of a content of `size` bytes that the request wants, by Range and If-Range: all of it,
 * also for HEAD, or a part, whose Content-Range is then added. *status is 200 or 206. Returns false
 * after replying 416.
 */
bool conditional_range(struct request *req, const char *etag, int64_t size,
                       struct byte_range *range, int *status)
    __attribute__((nonnull, warn_unused_result));

#endif
