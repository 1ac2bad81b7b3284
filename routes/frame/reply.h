/* How a handler answers. */
#ifndef ROUTES_FRAME_REPLY_H
#define ROUTES_FRAME_REPLY_H

#include "db/mysql/db.h"
#include "routes/frame/problem.h"
#include "routes/frame/request.h"

/* The struct in the route's output shape, with the route's status. */
void reply(struct request *req, const void *out) __attribute__((nonnull));

/* The same with another status (route.h: other_status). */
void reply_with(struct request *req, int status, const void *out) __attribute__((nonnull));

/* 204. */
void reply_empty(struct request *req) __attribute__((nonnull));

/* {"detail", "code"} with the problem's status, in the caller's language. */
void reply_problem(struct request *req, enum problem p) __attribute__((nonnull));

/* The same with Retry-After (RFC 9110 section 10.2.3). */
void reply_retry(struct request *req, enum problem p, int seconds) __attribute__((nonnull));

/*
 * Replies to a result other than DB_OK that the handler does not treat itself: DB_FORBIDDEN with the
 * caller's denial (403, 404, 409); 503 with Retry-After if the database is away, the request's time
 * is over, or something was committed; otherwise 500.
 */
void reply_failure(struct request *req, enum db_result r) __attribute__((nonnull));

/* 422 with req->faults. */
void reply_faults(struct request *req) __attribute__((nonnull));

/* A body that is ready, of that media type. */
void reply_bytes(struct request *req, int status, const char *media_type, const void *at,
                 size_t len) __attribute__((nonnull));

/*
 * A body of `bytes` bytes that is too large to be held: `next` gives it piece by piece (request.h), each with a deadline of
 * its own.
 */
void reply_stream(struct request *req, int status, const char *media_type, int64_t bytes,
                  bool (*next)(struct request *req, void *context), void *context)
    __attribute__((nonnull(1, 3, 5)));

/* One more header line; neither may hold a line break. */
void reply_header(struct request *req, const char *name, const char *value)
    __attribute__((nonnull));

#endif
