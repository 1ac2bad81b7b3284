/*
 * One request: what came in, who calls, what goes out. A plain struct, which FastCGI, CGI and the
 * unit tests fill alike with the meta-variables of CGI (RFC 3875).
 */
#ifndef ROUTES_FRAME_REQUEST_H
#define ROUTES_FRAME_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/random.h"
#include "base/settings.h"
#include "db/caller.h"
#include "db/sessions.h"

struct request;
struct route;
struct router;
struct shape;
struct fault;
struct deferred_reply;

enum language { LANGUAGE_NOT_READ, ENGLISH, CHINESE };

enum {
    BODY_MAX = 1024 * 1024,   /* bytes of a request's body; of most routes less (shape_body_max) */
    ROUTE_PARAMETERS_MAX = 4, /* in one path */
};

/* The resources that a thread owns and lends to each of its requests. */
struct resources {
    const struct settings *settings;
    struct arena arena;
    struct db *db;
    struct redis *redis;
    struct buf head, body; /* of the reply */
};

/* A reply's body that is written in pieces, since it is too large for memory. */
struct stream {
    /*
     * Appends the next piece to req->body, which is empty. False: it cannot be read, cut the reply.
     */
    bool (*next)(struct request *req, void *context);
    void *context; /* in the request's arena */
    int64_t bytes; /* of all pieces */
};

struct request {
    /* Set before dispatch. */
    char *const *env; /* "REQUEST_METHOD=GET" …, ends with NULL; lives until the request ends */
    /* Reads up to `size` bytes of the body, fewer only at its end or after an error. NULL: none. */
    size_t (*read_body)(void *source, char *at, size_t size);
    void *body_source;
    const struct settings *settings;
    struct caller caller;    /* the stores; after auth_admit also who calls */
    struct buf *head, *body; /* of the reply: header lines ending in \r\n; the body's bytes */
    struct deferred_reply *deferred;                /* deferred.h; NULL: reply at once */
    bool (*take_turn)(void *turn, int64_t user_id); /* may it run now? NULL: it may */
    void *turn;
    bool counted;      /* the limit counted this request when it was first dispatched */
    int64_t waited_us; /* in a queue, before it was dispatched */

    /* Set by dispatch. */
    char id[REQUEST_ID_SIZE];
    enum language language; /* request_language reads it when it is wanted */
    const char *method;     /* after X-HTTP-Method-Override */
    const char *path;       /* as sent, without the query */
    const char *query;
    const char *origin;        /* the Origin header; NULL without one */
    const char *address;       /* the client's */
    const struct route *route; /* NULL until one matched */
    const struct router *router;
    /* The path's parameters, decoded, in the order of the route's pattern. */
    const char *parameters[ROUTE_PARAMETERS_MAX];
    struct session session;             /* of the caller's token; all 0 without one */
    struct fault *faults, **last_fault; /* of the input; shape.h */
    size_t fault_count;                 /* more than there are in `faults`, if many; fault.h */
    int64_t began_us;
    bool put_off; /* its user's other requests come first: it will be dispatched again */

    /* The reply. */
    int status;           /* 0: none yet */
    bool length_unknown;  /* of a body that is not produced: reply_head */
    struct stream stream; /* reply_stream; `next` NULL: `body` is the whole body */
};

/* Clears `req` and lends it the thread's resources. */
void request_init(struct request *req, struct resources *from, char *const *env)
    __attribute__((nonnull));

/* A meta-variable ("HTTP_ACCEPT"); NULL without one. */
const char *request_env(const struct request *req, const char *name) __attribute__((nonnull));

/* The one of our languages that weighs more in Accept-Language; of equal ones the first. */
enum language request_language(struct request *req) __attribute__((nonnull));

/* An array of `count` zeroed structs in the request's arena. */
#define request_new(req, count, type)                                                              \
    ((type *)arena_array((req)->caller.arena, (count), sizeof(type)))

#endif
