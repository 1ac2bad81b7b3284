/*
 * The server in this process, beside a real database and Redis: the environment names their
 * sockets, DB_SOCKET and REDIS_HOST (t/fuzz/beside-stores sets them).
 */
#ifndef T_FUZZ_DISPATCH_SERVER_H
#define T_FUZZ_DISPATCH_SERVER_H

#include "fcgi/app.h"
#include "routes/frame/route.h"

/* The course of a request, seen from inside. */
struct observation {
    const struct route *route; /* whose handler ran; NULL: none did */
    int64_t user_id;           /* whom the handler took the caller for; 0: nobody */
    bool has_no_right;         /* the caller: not to the session, the route or the known room */
    bool unreadable;           /* the records were no request */
    bool changed;              /* the database was */
    size_t arena_bytes;
    char undeclared[200]; /* what the reply has that its route does not declare; "" */
};

/* Starts it at the first call. Returns NULL, or the reason of a failure. */
const char *server_start(void) __attribute__((warn_unused_result));

/*
 * Forgets what the previous script did, also in the database if it was changed. Returns NULL, or
 * the reason of a failure.
 */
const char *server_reset(bool changed) __attribute__((warn_unused_result));

/* From now until server_reset, strangers are asked before they are added to rooms. */
void server_ask_consent(void);

/*
 * Serves a request, given as FastCGI records, as the event loop does; a held request is dispatched
 * again at once, as after its time. Appends the reply in CGI's form.
 */
void server_serve(const struct buf *records, struct observation *seen, struct buf *reply)
    __attribute__((nonnull));

/* All routes; ends with NULL. */
const struct route *const *server_routes(void) __attribute__((returns_nonnull));

/* How often the handler of route `i` has run. */
size_t server_route_runs(size_t i);

/* A connection for questions beside those of the server. */
struct db *server_database(void) __attribute__((returns_nonnull));

#endif
