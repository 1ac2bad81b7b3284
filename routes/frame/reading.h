/* Checks the values of a request's input, one by one, and notes what is wrong with them. */
#ifndef ROUTES_FRAME_READING_H
#define ROUTES_FRAME_READING_H

#include "base/json.h"
#include "routes/frame/request.h"
#include "routes/frame/shape.h"

/* A value that is being read, and its place. */
struct reading {
    struct request *req;
    const struct field *field;
    const char *text;        /* as given in the path or the query; NULL: `value` */
    struct json_value value; /* as given in the body; absent if it is missing */
    /* The place inside the field: of a list's element its number from 1, of a member its key. */
    size_t number;
    struct json_value key;
    bool reads_key; /* `value` is the key itself */
};

/*
 * Each of these stores the value in *to. Returns false after noting a fault: a text of the wrong
 * form, or a value beyond the field's bounds.
 */
bool reading_int_text(const struct reading *r, const char *text, int64_t *to)
    __attribute__((nonnull));
bool reading_int_json(const struct reading *r, int64_t *to) __attribute__((nonnull));
bool reading_digits(const struct reading *r, const char *text, const char **to)
    __attribute__((nonnull));
bool reading_bool_text(const struct reading *r, const char *text, int *to) __attribute__((nonnull));
bool reading_enum(const struct reading *r, const char *text, size_t len, int *to)
    __attribute__((nonnull));
bool reading_text(const struct reading *r, const char *text, size_t len, const char **to)
    __attribute__((nonnull));

/* The number of elements; `kind` is "List" or "Dictionary". */
bool reading_count(const struct reading *r, size_t count, const char *kind)
    __attribute__((nonnull));

/* Notes a fault of the value; `ctx` as in struct fault. */
void reading_fault(const struct reading *r, const char *type, const char *ctx, const char *en,
                   const char *zh) __attribute__((nonnull(1, 2, 4, 5)));

/* Notes that a required value is not there. */
void reading_missing(const struct reading *r) __attribute__((nonnull));

#endif
