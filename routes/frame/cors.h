/*
 * Cross-origin calls, for the origins of CORS_ORIGINS (Fetch standard, section 3.2, "CORS
 * protocol").
 */
#ifndef ROUTES_FRAME_CORS_H
#define ROUTES_FRAME_CORS_H

#include "routes/frame/request.h"

/* The header lines by which a browser lets the page of an allowed origin read the answer. */
void cors_allow(struct request *req) __attribute__((nonnull));

/*
 * The lines of a preflight's answer, beside those of cors_allow; `methods` is the value of Allow.
 */
void cors_preflight(struct request *req, const char *methods) __attribute__((nonnull));

#endif
