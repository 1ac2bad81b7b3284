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
    FIELD_INT,       /* int64_t; as output, `.nullable` writes 0 as null */
    FIELD_FLOAT,     /* double, finite; as output, what is not finite is null */
    FIELD_BOOL,      /* int: 0 or 1 */
    FIELD_TEXT,      /* const char *, valid UTF-8 without NUL; NULL: not given, or null */
    FIELD_ENUM,      /* int: index into `.values`; as output, `.nullable` writes -1 as null */
    FIELD_TIME,      /* int64_t, ms since 1970; as output, `.nullable` writes 0 as null */
    FIELD_DIGITS,    /* const char *: an integer of up to `.max` digits; only in a path or query */
    FIELD_INTS,      /* struct ints: a list of integers; ids without `.element` */
    FIELD_TEXT_LIST, /* struct text_list; `.element` has the bounds of each */
    FIELD_ENUM_LIST, /* struct enum_list: indexes into `.values` */
    FIELD_SEQS,      /* struct seqs: an object of id -> number */
    FIELD_TEXTS,     /* struct texts: an object of id -> text; output only */
    FIELD_OBJECT,    /* const void * to a struct of `.item`; NULL: not given, or null */
    FIELD_INLINE,    /* a struct of `.item` inside this one */
    FIELD_LIST,      /* struct list of structs of `.item`; as input with `.max` */
    FIELD_JSON,      /* const char *: JSON text as it is; NULL writes null; output only */
};

/* Objects and lists come only from a body. A header has no list. */
enum field_from { FROM_BODY, FROM_PATH, FROM_QUERY, FROM_HEADER };

struct ints {
    const int64_t *at;
    size_t count;
};

struct text_list {
    const char *const *at;
    size_t count;
};

struct enum_list {
    const int *at;
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

/*
 * A rule for a text beyond its length. A rule with a format decides about the length as well, and
 * its faults have types of their own: "uuid_type", "uuid_parsing".
 */
struct pattern {
    const char *regex; /* ECMA-262, with or without flag u: OpenAPI and the 422; NULL: a format */
    const struct text_fault *(*fault)(const char *text, struct arena *a); /* NULL: none */
    const char *format; /* OpenAPI's name of it: "uuid"; NULL for none */
    size_t longest;     /* of a format: the characters of its longest form */
    const char *(*plain)(const char *text, struct arena *a); /* the one form that is kept; NULL */
};

/* "12345678-90ab-cdef-1234-567890abcdef"; also without hyphens, or whole in braces or a URN. */
extern const struct pattern uuid_pattern;

struct shape;

enum {
    COMPOSED_MAX = 4,      /* characters that a normalization makes one of */
    SHAPE_FIELDS_MAX = 32, /* of an input */
    SHAPE_DEPTH_MAX = 8,   /* of inputs inside one another; none contains itself */
};

struct field {
    const char *name;
    const char *key; /* the name as JSON writes it before a value: "name": with its quotes */
    size_t key_len;
    enum field_type type;
    enum field_from from;
    size_t offset;
    bool required;
    bool nullable; /* as input: null counts as not given; without it, null is a fault */
    bool secret;   /* never echoed */
    /*
     * INT: value (max 0: 2^53 - 1); TEXT: characters; DIGITS: digits; lists and SEQS: elements
     * (max 0: any number). FLOAT: value; both 0: any.
     */
    union {
        int64_t min;
        double float_min;
    };
    union {
        int64_t max;
        double float_max;
    };
    /* The value if nothing is given. */
    union {
        int64_t default_value; /* INT, TIME, BOOL, ENUM */
        double default_float;
        const char *default_text;
        const void *default_at; /* of a list or object: where a struct of the member's type is */
    };
    const char *const *values; /* ENUM, ENUM_LIST: ends with NULL */
    /* TEXT: the form whose characters are counted, though the text stays as it is; or NULL. */
    char *(*counted_form)(const char *text, struct arena *a);
    const struct pattern *pattern;
    const struct field *element; /* INTS, TEXT_LIST: the bounds of each; see ELEMENT */
    const struct shape *item;    /* OBJECT, INLINE, LIST */
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

/* A header: HEADER(struct x, kind, "x-kind", FIELD_TEXT); its name in small letters. */
#define HEADER(struct_type, member, header_name, field_type, ...)                                  \
    {                                                                                              \
        .name = header_name, .key = "\"" #member "\":", .key_len = sizeof(#member) + 2,            \
        .type = field_type, .from = FROM_HEADER, .offset = offsetof(struct_type, member),          \
        __VA_ARGS__                                                                                \
    }
/* The bounds of each element of a list: .element = ELEMENT(FIELD_TEXT, .min = 1, .max = 20). */
#define ELEMENT(field_type, ...) (&(const struct field){.type = field_type, __VA_ARGS__})

/* One fault of a request, as pydantic v2 names it. */
struct fault {
    const char *type;  /* "int_parsing" */
    const char *from;  /* "path", "query", "header", "body" */
    const char *place; /* the rest of `loc` as JSON: "\"ids\",0"; NULL: the whole body */
    const char *input; /* JSON text of the given value; NULL: the value is missing */
    const char *ctx;   /* JSON members: "\"ge\":1"; NULL for none */
    const char *en, *zh;
    struct fault *next;
};

/*
 * Reads a request's path, query, headers and body into a new struct in the request's arena.
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

/* Sets every field's default value in a zeroed struct. */
void shape_set_defaults(const struct shape *shape, char *to) __attribute__((nonnull));

/* Writes a struct as a JSON object. */
void shape_write(const struct shape *shape, const void *from, struct buf *out)
    __attribute__((nonnull));

#endif
