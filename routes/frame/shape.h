/*
 * Shapes: what a request carries and a reply contains, as tables over C structs.
 *
 * A shape reads and checks input (shape_read), writes output (shape_write), and makes its JSON
 * Schema (openapi.h). A handler's input struct is zeroed and then filled; a field that was not
 * given keeps its `.default_value`, or NULL.
 */
#ifndef ROUTES_FRAME_SHAPE_H
#define ROUTES_FRAME_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "db/sync.h"

struct request;

enum field_type {
    FIELD_INT,    /* int64_t; as output, `.nullable` writes 0 as null */
    FIELD_BOOL,   /* int: 0 or 1 */
    FIELD_TEXT,   /* const char *, valid UTF-8 without NUL; NULL: not given, or null */
    FIELD_ENUM,   /* int: index into `.values`; as output, `.nullable` writes -1 as null */
    FIELD_DIGITS, /* const char *: an integer of up to `.max` digits, as given; input only */
    FIELD_JSON,   /* const char *: JSON text as it is; NULL writes null; output only */
    FIELD_TIME,   /* int64_t, ms since 1970; `.nullable` writes 0 as null; output only */
    FIELD_INTS,   /* struct ints: a list of ids */
    FIELD_SEQS,   /* struct seqs: an object of id -> number */
    FIELD_TEXTS,  /* struct texts: an object of id -> text; output only */
    FIELD_OBJECT, /* const void * to a struct of `.item`; NULL writes null; output only */
    FIELD_INLINE, /* a struct of `.item` inside this one; output only */
    FIELD_LIST,   /* struct list of structs of `.item`; output only */
};

enum field_from { FROM_BODY, FROM_PATH, FROM_QUERY };

struct ints {
    const int64_t *at;
    size_t count;
};

struct seqs {
    const struct sync_mark *at;
    size_t count;
};

struct id_text {
    int64_t id;
    const char *text;
};

struct texts {
    const struct id_text *at;
    size_t count;
};

struct list {
    const void *at; /* an array of `count` structs */
    size_t count;
};

/* The message about a text that breaks a rule. */
struct text_fault {
    const char *en, *zh;
};

/* A rule for a text beyond its length. */
struct pattern {
    const char *regex; /* ECMA-262, with or without flag u; for OpenAPI and the 422 */
    const struct text_fault *(*fault)(const char *text, struct arena *a); /* NULL: none */
};

struct shape;

enum { COMPOSED_MAX = 4 }; /* characters that a normalization makes one of */

struct field {
    const char *name;
    const char *key; /* the name as JSON writes it before a value: "name": with its quotes */
    size_t key_len;
    enum field_type type;
    enum field_from from;
    size_t offset;
    bool required;
    bool nullable;
    bool secret; /* never echoed */
    /* INT: value (max 0: 2^53 - 1); TEXT: characters; DIGITS: digits; INTS, SEQS: elements. */
    int64_t min, max;
    int64_t default_value;     /* INT, BOOL, ENUM: the value if nothing is given */
    const char *const *values; /* ENUM: ends with NULL */
    /* TEXT: the form whose characters are counted, though the text stays as it is; or NULL. */
    char *(*counted_form)(const char *text, struct arena *a);
    const struct pattern *pattern;
    const struct shape *item; /* OBJECT, INLINE, LIST */
    const char *description;
    const char *example; /* JSON text */
};

struct shape {
    const char *name; /* in OpenAPI: "UserNew" */
    size_t size;
    const struct field *fields;
    size_t count;
};

#define SHAPE(title, type, ...)                                                                    \
    {                                                                                              \
        .name = title, .size = sizeof(type), .fields = (const struct field[]){__VA_ARGS__},        \
        .count = sizeof((const struct field[]){__VA_ARGS__}) / sizeof(struct field)                \
    }

/* The shape `NAME_shape` of `struct NAME`, for a header that routes.c and views.c include. */
#define SCHEMA(struct_name, title, ...)                                                            \
    static const struct shape struct_name##_shape = SHAPE(title, struct struct_name, __VA_ARGS__)

/* The same for a schema that several groups use; its header declares it. */
#define SHARED_SCHEMA(struct_name, title, ...)                                                     \
    const struct shape struct_name##_shape = SHAPE(title, struct struct_name, __VA_ARGS__)

/* One field: FIELD(struct user, id, FIELD_INT, .description = "…"). */
#define FIELD(struct_type, member, field_type, ...)                                                \
    {                                                                                              \
        .name = #member, .key = "\"" #member "\":", .key_len = sizeof(#member) + 2,                \
        .type = field_type, .offset = offsetof(struct_type, member), __VA_ARGS__                   \
    }
#define PATH_ID(struct_type, member, ...)                                                          \
    FIELD(struct_type, member, FIELD_INT, .from = FROM_PATH, .required = true, .min = 1,           \
          __VA_ARGS__)

/* One fault of a request, as pydantic v2 names it. */
struct fault {
    const char *type;  /* "int_parsing" */
    const char *from;  /* "path", "query", "body" */
    const char *name;  /* of the field; NULL: the whole body */
    const char *inner; /* JSON text of the key or index inside the field; NULL */
    const char *input; /* JSON text of the given value; NULL: the value is missing */
    const char *ctx;   /* JSON members: "\"ge\":1"; NULL for none */
    const char *en, *zh;
    struct fault *next;
};

/*
 * Reads a request's path, query and body into a new struct of `shape` in the request's arena.
 * Returns NULL after noting the faults of the input in req->faults, or after replying (413, 415).
 */
void *shape_read(const struct shape *shape, struct request *req) __attribute__((nonnull));

/*
 * The largest body in bytes that a request of this shape can need, at most BODY_MAX. shape_read
 * replies 413 to a larger one, before it reads any of it.
 */
size_t shape_body_max(const struct shape *shape) __attribute__((nonnull));

/* Adds a fault that only a handler can find; the handler then calls reply_faults. */
void shape_add_fault(struct request *req, const char *from, const char *name, const char *en,
                     const char *zh) __attribute__((nonnull));

/* Writes a struct as a JSON object. */
void shape_write(const struct shape *shape, const void *from, struct buf *out)
    __attribute__((nonnull));

#endif
