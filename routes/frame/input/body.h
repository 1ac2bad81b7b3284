/* Reads a request's JSON body into the request's arena. */
#ifndef ROUTES_FRAME_INPUT_BODY_H
#define ROUTES_FRAME_INPUT_BODY_H

#include <stdbool.h>

#include "routes/frame/request.h"

struct body {
    const char *at;
    size_t len; /* 0: no body */
};

/*
 * Reads the whole body. Returns false after replying: 413 if it is larger than `max` bytes, 415 if
 * it is compressed or not JSON, 400 if it ends before its Content-Length, or that is not a number.
 */
bool body_read(struct request *req, size_t max, struct body *body)
    __attribute__((nonnull, warn_unused_result));

#endif
