/*
 * The route table's row. Dispatch, validation, nginx's pools and the OpenAPI document are made from
 * these rows; there is no second list of routes.
 */
#ifndef ROUTES_FRAME_ROUTE_H
#define ROUTES_FRAME_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "routes/frame/problem.h"
#include "routes/frame/request.h"
#include "routes/frame/shape.h"

enum method { GET, POST, PUT, PATCH, DELETE, METHODS };

/* The kind of work a route does, and with it the process shape that serves it. */
enum runs {
    FAST_IO, /* a few queries, then a reply: pool `api` */
    CPU,     /* password hashing …: pool `cpu`, where it cannot starve the others */
    SLOW_IO, /* held requests: the event loop, `fastchat events` */
};

/* The users who may call a route; by default those who are signed in. */
enum access {
    USER,
    MEMBER, /* a member of the room {room_id}; the handler's query checks it where Redis cannot */
    ADMIN,
    ANYONE, /* signed in or not; the session is not looked up */
};

/* The counter that a call is charged to: the user's if signed in, else the address's. */
enum limit {
    LIMIT_GENERAL,
    LIMIT_SEND,    /* whatever appends an entry to a room's log: everybody in the room gets it */
    LIMIT_ADD,     /* people whom the caller adds to rooms */
    LIMIT_LOGIN,   /* password checks of a user who is signed in */
    LIMIT_TYPING,  /* a small part of the general limit */
    LIMIT_SIGN_IN, /* many: only wrong passwords are counted strictly (db/guesses.h) */
    LIMIT_REGISTER,
    LIMIT_NONE,
};

/* A kind of event that a stream sends. */
struct stream_event {
    const char *name;
    const struct shape *shape; /* of its data; NULL: it has none */
    bool has_id;               /* it may have an id, to resume from */
    const char *description;
};

struct route {
    enum method method;
    const char *path; /* "/api/rooms/{room_id}": {name} is a parameter of `.in` */
    /* Set by INPUT or NO_INPUT. Replies with reply_* (reply.h), exactly once. */
    void (*handler)(struct request *req, const void *input);
    const char *handler_name;
    const struct shape *in;  /* NULL: the route takes no input */
    const struct shape *out; /* NULL: the reply has no JSON of a shape */
    enum runs runs;
    enum access access;
    enum limit limit;
    /*
     * A GET that starts or holds something. HEAD does not run it, and a prefetch is refused: nobody
     * has asked for it yet.
     */
    bool has_effect;
    bool download;                 /* the body may be too large for memory (reply_stream) */
    int status;                    /* of success */
    int other_status;              /* a second one (200 beside 201); 0 for none */
    const struct shape *other_out; /* of other_status; NULL: the same as `.out` */
    /* The route's own problems, beside those of `.access` and `.limit`; NULL for none. */
    const enum problem *problems;      /* ends with PROBLEM_END */
    const struct stream_event *events; /* of a stream; ends with an event without a name; NULL */
    const char *media_type;            /* of success without `.out`; NULL: JSON */
    /*
     * Header lines beside those of every request and reply, by their names in the document
     * (openapi/components.c); each list ends with NULL. A route that gives ETag may reply 304.
     */
    const char *const *takes_headers, *const *gives_headers;
    const char *operation;   /* the document's operationId; NULL: the handler's name */
    const char *summary;     /* one line */
    const char *description; /* all that a caller must know beside the schemas; Markdown */
};

/* The shape of a reply with this status; NULL if it has none. */
static inline const struct shape *
route_out(const struct route *route, int status)
{
    return status == route->other_status && route->other_out != NULL ? route->other_out
                                                                     : route->out;
}

/* Is a header line in one of the lists of a row? */
static inline bool
route_names_header(const char *const *list, const char *name)
{
    for (; list != NULL && *list != NULL; list++) {
        if (strcmp(*list, name) == 0) {
            return true;
        }
    }
    return false;
}

/* The routes of one folder, and what they have in common. */
struct route_group {
    const char *tag, *description;
    const struct route *routes; /* ends with ROUTES_END */
};

/*
 * A group's schemas.h declares its handlers with these, each with the struct that its row's shape
 * fills; the row names both again with INPUT. A row whose shape and handler do not belong together
 * does not compile: _Generic finds no match.
 *
 *     HANDLER(send_message, message_new)            in schemas.h
 *     … INPUT(send_message, message_new) …          in routes.c
 *     void send_message(struct request *req, const struct message_new *in) { … }    in views.c
 */
#define HANDLER(function, input_struct)                                                            \
    void function(struct request *req, const struct input_struct *in);                             \
    static inline void function##_untyped(struct request *req, const void *input)                  \
    {                                                                                              \
        const struct input_struct *in = input;                                                     \
        function(req, in);                                                                         \
    }
#define HANDLER_WITHOUT_INPUT(function)                                                            \
    void function(struct request *req);                                                            \
    static inline void function##_untyped(struct request *req, const void *input)                  \
    {                                                                                              \
        (void)input;                                                                               \
        function(req);                                                                             \
    }

#define INPUT(function, input_struct)                                                              \
    .in = &input_struct##_shape, .handler_name = #function,                                        \
    .handler = _Generic(&(function), void (*)(struct request *, const struct input_struct *)       \
                        : function##_untyped)
#define NO_INPUT(function)                                                                         \
    .handler_name = #function, .handler = _Generic(&(function), void (*)(struct request *)         \
                                                   : function##_untyped)

#define ROUTES_END                                                                                 \
    {                                                                                              \
        .path = NULL                                                                               \
    }
#define PROBLEMS(...) ((const enum problem[]){__VA_ARGS__, PROBLEM_END})

#define HEADERS(...) ((const char *const[]){__VA_ARGS__, NULL})

const char *method_name(enum method m);
bool method_read(const char *name, enum method *m) __attribute__((nonnull));

#endif
