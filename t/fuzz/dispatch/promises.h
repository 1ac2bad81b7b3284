/* The promises about the reply to any request. */
#ifndef T_FUZZ_DISPATCH_PROMISES_H
#define T_FUZZ_DISPATCH_PROMISES_H

#include "t/fuzz/dispatch/server.h"

/* A request and its reply. */
struct exchanged {
    const struct observation *seen;
    int64_t user_id;      /* whose token the request had; 0: nobody's */
    size_t request_bytes; /* in FastCGI records */
    const char *reply;    /* in CGI's form, with a NUL after it */
    size_t reply_len;
};

/* Returns the first promise that is broken, in the arena; NULL if all hold. */
const char *promise_broken(const struct exchanged *with, struct arena *a)
    __attribute__((nonnull, warn_unused_result));

#endif
