/* Serves one request, from its meta-variables to its reply, for every protocol. */
#ifndef FCGI_SERVE_H
#define FCGI_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi/app.h"

/*
 * Bytes of all parameters of a request: nginx cannot send more. A longer request is answered with
 * serve_bad_request.
 */
enum { PARAMS_MAX = 65536 };

/* The functions of a protocol that read the request's body and write the reply. */
struct exchange {
    char *const *env;
    /* Reads up to `size` bytes of the body; fewer at its end or on an error. */
    size_t (*read)(void *context, char *at, size_t size);
    /*
     * False if the other side has gone: the request stands, and only the rest of a stream is not
     * produced.
     */
    bool (*write)(void *context, const char *at, size_t len);
    void *context;                   /* the first argument of all three functions */
    struct deferred_reply *deferred; /* routes/frame/deferred.h; NULL if every reply is immediate */
    /* Called if the handler has set deferred->mode, before the request's memory is freed. */
    void (*on_deferred)(void *context, const struct request *req);
    /*
     * Whether a request of the user may run now (fcgi/turns.h). If not, nothing is written
     * or logged, and the request is served again later. NULL: every request may.
     */
    bool (*take_turn)(void *turn, int64_t user_id);
    void *turn;
    bool counted; /* the request was dispatched before, and counted against its rate limit */
    /* How long the writing of a body in pieces may wait for the other side, in all; 0: no limit. */
    int write_seconds;
    int64_t waited_us; /* in a queue before, which counts against its deadline */
};

/*
 * Replies to one request and logs it, then resets its memory. Of a live stream, only the header
 * lines are written. For a request that waits (REPLY_LATER), nothing is written or logged. Returns
 * false if the reply was begun and cannot be completed: the connection must then be closed, so that
 * the other side sees that something is missing.
 */
bool serve(const struct app *app, struct resources *from, const struct exchange *with)
    __attribute__((nonnull));

/* The whole reply, with 400, to a request that cannot be dispatched because it cannot be read. */
extern const char serve_bad_request[];

/* From now on, a crash of this process names on stderr the route in which it happened. */
void serve_name_crashes(void);

#endif
