/* Admission: who calls, may they, and how often. Every request passes it before its handler. */
#ifndef ROUTES_FRAME_AUTH_H
#define ROUTES_FRAME_AUTH_H

#include <stdbool.h>

#include "routes/frame/request.h"
#include "routes/frame/route.h"

/*
 * Sets req->session and req->caller if the route is for signed-in users, and counts the call
 * against its limit. Returns false after replying 401, 403, 429, 500 or 503.
 */
bool auth_admit(struct request *req) __attribute__((nonnull, warn_unused_result));

/* The hash of the request's bearer token. Returns false if there is none of the right form. */
bool auth_token_hash(const struct request *req, uint8_t *hash)
    __attribute__((nonnull, warn_unused_result));

/*
 * Counts `n` more uses of a limit by the signed-in caller, for a call that costs more than one.
 * Returns false after replying 429.
 */
bool auth_admit_more(struct request *req, enum limit limit, int n)
    __attribute__((nonnull, warn_unused_result));

#endif
