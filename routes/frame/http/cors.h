/* Lets pages of the origins in CORS_ORIGINS call the API (Fetch standard, "CORS protocol"). */
#ifndef ROUTES_FRAME_HTTP_CORS_H
#define ROUTES_FRAME_HTTP_CORS_H

#include "routes/frame/request.h"

/*
 * Pages of these origins may send and read these, beside those that every page may (Fetch standard,
 * "CORS-safelisted"). nginx's own errors carry the same (fcgi/cli/nginx_errors.c).
 */
#define CORS_METHODS "OPTIONS, GET, HEAD, POST, PUT, PATCH, DELETE"
#define CORS_HEADERS                                                                               \
    "Authorization, Content-Type, Content-Encoding, Accept, Accept-Language, Cache-Control, "      \
    "Pragma, If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, If-Range, Range, "   \
    "X-Requested-With, X-HTTP-Method-Override, Last-Event-ID"
#define CORS_EXPOSED                                                                               \
    "X-Request-ID, Retry-After, Allow, ETag, Content-Disposition, Content-Range, Accept-Ranges, "  \
    "Accept-Encoding"

/* Adds the header lines that let a page of an allowed origin read the reply. */
void cors_allow(struct request *req) __attribute__((nonnull));

/* Does a browser ask whether a page may send a request? */
bool cors_is_preflight(const struct request *req) __attribute__((nonnull));

/*
 * Adds the header lines that a reply to a preflight needs besides those of cors_allow. `methods` is
 * the value of Allow: "OPTIONS, GET, HEAD".
 */
void cors_preflight(struct request *req, const char *methods) __attribute__((nonnull));

#endif
