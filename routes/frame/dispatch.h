/* One request's way: match, admit, read, handle. */
#ifndef ROUTES_FRAME_DISPATCH_H
#define ROUTES_FRAME_DISPATCH_H

#include "routes/frame/request.h"
#include "routes/frame/router.h"

/* Answer a request that request_init has begun: afterwards req->status, head and body are the answer, whatever came in. */
void dispatch(const struct router *router, struct request *req) __attribute__((nonnull));

#endif
