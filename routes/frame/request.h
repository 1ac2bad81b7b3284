/*
 * One request on its way through: what came in, who calls, what goes out.
 * A plain struct: FastCGI, CGI and the unit tests fill it alike, with the meta-variables of CGI (RFC 3875).
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

enum language { ENGLISH, CHINESE };

enum {
    BODY_MAX = 1024 * 1024,   /* bytes of a request's body */
    ROUTE_PARAMETERS_MAX = 4, /* in one path */
};

/* What a thread owns and lends to each of its requests. */
struct resources {
    const struct settings *settings;
    struct arena arena;
    struct db *db;
    struct redis *redis;
    struct names *names;
    struct buf head, body; /* of the answer */
};

/* A body that is written piece by piece. */
struct stream {
    /* Append the next piece to req->body, which is empty. False where it cannot be had: the answer is cut. */
    bool (*next)(struct request *req, void *context);
    void *context; /* in the request's arena */
    int64_t bytes; /* of all pieces */
};

struct request {
    /* Set by the caller of dispatch. */
    char *const *env; /* "REQUEST_METHOD=GET" …, ends with NULL; must live until the request ends */
    /* Reads up to `size` bytes of the body; fewer only at its end or on an error. NULL: there is none. */
    size_t (*read_body)(void *source, char *at, size_t size);
    void *body_source;
    const struct settings *settings;
    struct caller caller;    /* the stores; from auth_admit on, who calls */
    struct buf *head, *body; /* of the answer: header lines ending in \r\n; the body's bytes */
    struct deferred_reply *deferred; /* deferred.h; NULL: answer at once */
    bool counted;                    /* by the rate limit, when this request was first dispatched */

    /* Found by dispatch. */
    char id[REQUEST_ID_SIZE];
    enum language language;
    const char *method; /* after X-HTTP-Method-Override */
    const char *path;   /* as it was sent, without the query */
    const char *query;
    const char *origin;        /* the Origin header; NULL */
    const char *address;       /* of the client */
    const struct route *route; /* NULL until one matched */
    const struct router *router;
    const char
        *parameters[ROUTE_PARAMETERS_MAX]; /* of the path, decoded, in the order of the pattern */
    struct session session;                /* of the caller's token; all 0 without one */
    struct fault *faults, **last_fault;    /* see shape.h */
    int64_t began_us;

    /* The answer. */
    int status;
    struct stream stream; /* reply_stream; `next` NULL: the body is all */
};

/* Lend `from` to the request `req`, which is cleared. */
void request_init(struct request *req, struct resources *from, char *const *env)
    __attribute__((nonnull));

/* A meta-variable ("HTTP_ACCEPT"); NULL where it is not there. */
const char *request_env(const struct request *req, const char *name) __attribute__((nonnull));

/* An array of `count` zeroed structs in the request's arena. */
#define request_new(req, count, type)                                                              \
    ((type *)arena_array((req)->caller.arena, (count), sizeof(type)))

#endif
