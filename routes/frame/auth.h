/* Admission: who calls, may they, and how often. Every request passes it before its handler. */
#ifndef ROUTES_FRAME_AUTH_H
#define ROUTES_FRAME_AUTH_H

#include <stdbool.h>

#include "routes/frame/request.h"

/*
 * Sets req->session and req->caller if the route is for signed-in users, and counts the call
 * against its limit. Returns false after replying 401, 403, 429, 500 or 503.
 */
bool auth_admit(struct request *req) __attribute__((nonnull, warn_unused_result));

#endif
