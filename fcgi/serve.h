/* One request, from its meta-variables to its answer, whatever protocol brought it. */
#ifndef FCGI_SERVE_H
#define FCGI_SERVE_H

#include <stdbool.h>
#include <stddef.h>

#include "fcgi/app.h"

/* How a protocol brings the body and takes the answer away. */
struct exchange {
    char *const *env;
    size_t (*read)(void *peer, char *at, size_t size);
    /* False where nobody takes it: that never matters to what was done, only to what is still to be read. */
    bool (*write)(void *peer, const char *at, size_t len);
    void *peer;
    struct deferred_reply *deferred; /* routes/frame/deferred.h; NULL: every answer comes at once */
    /* Where the handler has set deferred->mode: called before the request's memory is freed. */
    void (*on_deferred)(void *peer, const struct request *req);
    bool counted; /* the request was dispatched before, and its call counted */
};

/*
 * Answer one request and log it. Its memory is free afterwards. Of a stream that is held only the header lines are written; of a
 * request that waits nothing, and nothing is logged. False where the answer was begun and could not be completed: the
 * connection must be ended so that the peer sees that something is missing.
 */
bool serve(const struct app *app, struct resources *from, const struct exchange *with)
    __attribute__((nonnull));

/* From now on a crash of this process says on stderr which route it was in. */
void serve_name_crashes(void);

#endif
