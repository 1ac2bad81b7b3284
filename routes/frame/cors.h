/* Lets pages of the origins in CORS_ORIGINS call the API (Fetch standard, "CORS protocol"). */
#ifndef ROUTES_FRAME_CORS_H
#define ROUTES_FRAME_CORS_H

#include "routes/frame/request.h"

/* Adds the header lines that let a page of an allowed origin read the reply. */
void cors_allow(struct request *req) __attribute__((nonnull));

/*
 * Adds the header lines that a reply to a preflight needs besides those of cors_allow. `methods` is
 * the value of Allow: "OPTIONS, GET, HEAD".
 */
void cors_preflight(struct request *req, const char *methods) __attribute__((nonnull));

#endif
