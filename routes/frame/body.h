/* A request's body, whole, in its arena. */
#ifndef ROUTES_FRAME_BODY_H
#define ROUTES_FRAME_BODY_H

#include <stdbool.h>

#include "routes/frame/request.h"

struct body {
    const char *at;
    size_t len; /* 0: there is none */
};

/*
 * Read a JSON body. False after having answered: 413 above BODY_MAX, 415 for another media type,
 * 400 where it ended before its Content-Length.
 */
bool body_read(struct request *req, struct body *body) __attribute__((nonnull, warn_unused_result));

#endif
