/* One request, from its meta-variables to its answer, whatever protocol brought it. */
#ifndef FCGI_SERVE_H
#define FCGI_SERVE_H

#include <stddef.h>

#include "fcgi/app.h"

/* How a protocol brings the body and takes the answer away. */
struct exchange {
    char *const *env;
    size_t (*read)(void *peer, char *at, size_t size);
    void (*write)(void *peer, const char *at,
                  size_t len); /* failures are the protocol's: an answer is never needed */
    void *peer;
    struct hold *hold; /* routes/hold.h; NULL: every answer comes at once */
    /* Where the handler has set hold->kind: called before the request's memory is freed. */
    void (*held)(void *peer, const struct request *req);
    bool counted; /* the request was dispatched before, and its call counted */
};

/*
 * Answer one request and log it. Its memory is free afterwards. Of a stream that is held only the header lines are written; of a
 * request that waits nothing, and nothing is logged.
 */
void serve(const struct app *app, struct resources *from, const struct exchange *with)
    __attribute__((nonnull));

/* From now on a crash of this process says on stderr which route it was in. */
void serve_name_crashes(void);

#endif
