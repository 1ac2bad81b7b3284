/* Who calls, and how often: the front line that every request passes before its handler. */
#ifndef ROUTES_FRAME_AUTH_H
#define ROUTES_FRAME_AUTH_H

#include <stdbool.h>

#include "routes/frame/request.h"

/* Find the caller's session where the route wants one, and count the call. False after having answered 401, 429 or 503. */
bool auth_admit(struct request *req) __attribute__((nonnull, warn_unused_result));

#endif
