/* How a handler replies: with exactly one of these. */
#ifndef ROUTES_FRAME_REPLY_H
#define ROUTES_FRAME_REPLY_H

#include "db/mysql/db.h"
#include "routes/frame/problem.h"
#include "routes/frame/request.h"

/* Replies with the struct in the route's output shape and the route's status. */
void reply(struct request *req, const void *out) __attribute__((nonnull));

/* The same with the route's other_status (route.h). */
void reply_with(struct request *req, int status, const void *out) __attribute__((nonnull));

/* 204. */
void reply_empty(struct request *req) __attribute__((nonnull));

/*
 * {"detail", "code"} with the problem's status, in the caller's language; 429 and 503 with a
 * Retry-After of a few seconds.
 */
void reply_problem(struct request *req, enum problem p) __attribute__((nonnull));

/* The same with this Retry-After (RFC 9110 section 10.2.3). */
void reply_retry(struct request *req, enum problem p, int seconds) __attribute__((nonnull));

/* 413, naming the largest body of this route in bytes. */
void reply_body_too_large(struct request *req, size_t max) __attribute__((nonnull));

/* 415 to a body with a Content-Encoding, naming the one that is accepted (RFC 9110, 12.5.3). */
void reply_body_encoded(struct request *req) __attribute__((nonnull));

/*
 * Replies to a result other than DB_OK that the handler does not handle itself: DB_FORBIDDEN with
 * the caller's denial (403, 404, 409, 429); 503 with Retry-After if the database is away, the
 * request's time is over, or something was committed; otherwise 500.
 */
void reply_failure(struct request *req, enum db_result r) __attribute__((nonnull));

/* 422 with req->faults, and the number of those that were only counted. */
void reply_faults(struct request *req) __attribute__((nonnull));

/* A finished body of any media type. */
void reply_bytes(struct request *req, int status, const char *media_type, const void *at,
                 size_t len) __attribute__((nonnull));

/* Lets the caller keep the reply, if it asks each time whether it is still the same. */
void reply_cached(struct request *req) __attribute__((nonnull));

/* 304. */
void reply_not_modified(struct request *req) __attribute__((nonnull));

/* The head of the route's success without a body, to a HEAD whose GET is not run. */
void reply_head(struct request *req) __attribute__((nonnull));

/*
 * A body of `bytes` bytes that is too large for memory: `next` returns it in pieces (struct
 * stream), each under a deadline of its own.
 */
void reply_stream(struct request *req, int status, const char *media_type, int64_t bytes,
                  bool (*next)(struct request *req, void *context), void *context)
    __attribute__((nonnull(1, 3, 5)));

/* Adds a header line; neither text may contain a line break. */
void reply_header(struct request *req, const char *name, const char *value)
    __attribute__((nonnull));

#endif
