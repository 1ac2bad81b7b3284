/* Checks the values of a request's input, one by one, and notes what is wrong with them. */
#ifndef ROUTES_FRAME_INPUT_READING_H
#define ROUTES_FRAME_INPUT_READING_H

#include "base/json.h"
#include "routes/frame/request.h"
#include "routes/frame/shape.h"

/* A value that is being read, and its place. */
struct reading {
    struct request *req;
    const struct field *field;
    const struct reading *outer; /* the object whose member it is; NULL: the request itself */
    const char *text;            /* as given in the path, the query or a header; NULL: `value` */
    struct json_value value;     /* as given in the body; absent if it is missing */
    /* The place inside the field: of a list's element its number from 1, of a member its key. */
    size_t number;
    struct json_value key;
    bool reads_key; /* `value` is the key itself */
};

/*
 * Reads a value of the field's type, which is not a list or an object, into *to, which has the
 * type of the struct's member (enum field_type). The rules for it are in docs/api.md. Returns false
 * after noting a fault.
 */
bool reading_scalar(const struct reading *r, void *to) __attribute__((nonnull));

/* The parts of reading_scalar: reading_number.c and reading_text.c. */
bool reading_int(const struct reading *r, int64_t *to) __attribute__((nonnull));
bool reading_float(const struct reading *r, double *to) __attribute__((nonnull));
bool reading_bool(const struct reading *r, int *to) __attribute__((nonnull));
bool reading_digits(const struct reading *r, const char **to) __attribute__((nonnull));
bool reading_text(const struct reading *r, const char **to) __attribute__((nonnull));
bool reading_enum(const struct reading *r, int *to) __attribute__((nonnull));
bool reading_time(const struct reading *r, int64_t *to) __attribute__((nonnull));

/* The value as a text with a NUL after its *len bytes; NULL if it is JSON other than a string. */
const char *reading_given_text(const struct reading *r, size_t *len) __attribute__((nonnull));

/* Whether a field is a list of integers, texts or words. */
bool field_is_list(const struct field *f) __attribute__((nonnull));

/* A list of scalars while it is read: set `element`'s value and number, then read it. */
struct list_reading {
    struct reading element;
    struct field bounds; /* of `element` */
    char *at;            /* where the values go */
    size_t size, count;  /* of one; of all */
};
void reading_list_begin(const struct reading *r, size_t count, struct list_reading *list)
    __attribute__((nonnull));
void reading_list_element(struct list_reading *list) __attribute__((nonnull));
void reading_list_end(const struct list_reading *list, void *to) __attribute__((nonnull));

/* Checks the number of elements; `kind` is "List" or "Dictionary". */
bool reading_count(const struct reading *r, size_t count, const char *kind)
    __attribute__((nonnull));

/* Notes a fault of the value; `ctx` as in struct fault. */
void reading_fault(const struct reading *r, const char *type, const char *ctx, const char *en,
                   const char *zh) __attribute__((nonnull(1, 2, 4, 5)));

/* The same for a fault that fault_count has counted: for texts that have to be made. */
void reading_describe(const struct reading *r, const char *type, const char *ctx, const char *en,
                      const char *zh) __attribute__((nonnull(1, 2, 4, 5)));

/* A bound that a value exceeds. In its texts, "#" stands for the bound. */
struct bound {
    const char *type;
    const char *ctx; /* NULL for none */
    const char *en, *zh;
};
void reading_bound_fault(const struct reading *r, const struct bound *b, int64_t bound)
    __attribute__((nonnull));
void reading_float_bound_fault(const struct reading *r, const struct bound *b, double bound)
    __attribute__((nonnull));

/*
 * Notes that a required value is not there. `object`: the object that lacks it, which is echoed
 * unless its `shape` has a secret; NULL outside of a body.
 */
void reading_missing(const struct reading *r, const struct json_value *object,
                     const struct shape *shape) __attribute__((nonnull(1)));

/*
 * Adds a counted fault: an object has a member, or a query a parameter, that nobody may set. `key`
 * and `input` are JSON texts; `object` is NULL for the body itself and for a query.
 */
void reading_extra(struct request *req, enum field_from from, const struct reading *object,
                   const char *key, const char *input) __attribute__((nonnull(1, 4, 5)));

/* Whether any field of a shape, or of one inside it, is secret. */
bool shape_has_secret(const struct shape *shape) __attribute__((nonnull));

/* An object of this shape as a fault echoes it: not at all if it may have a secret. */
const char *reading_echo_object(struct request *req, const struct shape *shape,
                                struct json_value value) __attribute__((nonnull));

#endif
