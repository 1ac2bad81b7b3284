/*
 * Compares replies and live events with what the route table declares of them. The checks run where
 * replies are finished, at the end of dispatch, so they see those of FastCGI, plain CGI, held
 * requests, unit tests and the fuzzer alike.
 */
#ifndef T_PROGRAM_ANSWERS_H
#define T_PROGRAM_ANSWERS_H

#include "routes/frame/request.h"
#include "routes/frame/shape.h"

/*
 * Has the request, which was just dispatched, the reply that its row declares: status, media type,
 * header lines and body? True also if the reply is still to come (deferred, put off). If not,
 * appends the first fault to `fault`.
 */
bool answer_check(const struct request *req, struct buf *fault)
    __attribute__((nonnull, warn_unused_result));

/* Has the data of an event its shape, and is it ASCII? */
bool answer_check_event(const struct shape *shape, const char *json, size_t len, struct buf *fault)
    __attribute__((nonnull, warn_unused_result));

#endif
