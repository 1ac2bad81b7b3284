/* The path of a request: match its route, admit the caller, read the input, call the handler. */
#ifndef ROUTES_FRAME_DISPATCH_H
#define ROUTES_FRAME_DISPATCH_H

#include "routes/frame/request.h"
#include "routes/frame/router.h"

/*
 * Serves a request that request_init has prepared: afterwards req->status, head and body are the
 * reply, whatever came in.
 */
void dispatch(const struct router *router, struct request *req) __attribute__((nonnull));

#endif
