/*
 * The route table's row. From these rows come dispatch, validation, nginx's pools and the OpenAPI document;
 * there is no second list of routes anywhere.
 */
#ifndef ROUTES_FRAME_ROUTE_H
#define ROUTES_FRAME_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "routes/frame/problem.h"
#include "routes/frame/request.h"
#include "routes/frame/shape.h"

enum method { GET, POST, PUT, PATCH, DELETE, METHODS };

/* The kind of work a route does, and so the process shape that answers it. */
enum runs {
    FAST_IO, /* a few queries, then an answer: pool `api` */
    CPU,     /* password hashing …: pool `cpu`, where it cannot starve the others */
    SLOW_IO, /* held requests: the event loop, `fastchat events` */
};

enum who { ANYONE, USER, ADMIN };

/* Which counter a call takes from: a user's where somebody is signed in, else the address's. */
enum limit { LIMIT_GENERAL, LIMIT_SEND, LIMIT_LOGIN, LIMIT_REGISTER, LIMIT_NONE };

struct route {
    enum method method;
    const char *path; /* "/api/rooms/{room_id}": {name} is a parameter of `.in` */
    /* `input` is a struct of `.in`, or NULL without one. Answers with reply_* (reply.h), exactly once. */
    void (*handler)(struct request *req, const void *input);
    enum runs runs;
    enum who who;
    enum limit limit;
    const struct shape *in, *out; /* NULL: nothing comes in, 204 goes out */
    int status;                   /* of success */
    int other_status;             /* a second one (200 beside 201); 0 for none */
    const enum problem *problems; /* of its own, ends with PROBLEM_END; NULL */
    const char *media_type;       /* of success without `out`; NULL: JSON */
    const char *tag, *summary;
};

#define ROUTES_END                                                                                 \
    {                                                                                              \
        .path = NULL                                                                               \
    }
#define PROBLEMS(...) ((const enum problem[]){__VA_ARGS__, PROBLEM_END})

const char *method_name(enum method m);
bool method_read(const char *name, enum method *m) __attribute__((nonnull));

#endif
