/*
 * The largest body that a shape can need. Each character may be written as escapes, as in the JSON
 * of a client that sends ASCII only. Beyond that there is room for indentation, and for members of
 * other versions of the API, which get a 422 that names them.
 */
#include <stdlib.h>
#include <string.h>

#include "routes/frame/request.h"
#include "routes/frame/shape.h"

enum {
    SLACK = 16 * 1024,
    ESCAPE = 6,             /* \uXXXX */
    CHARACTER = 2 * ESCAPE, /* a surrogate pair */
    AROUND = 32,            /* of one value: quotes, a comma, a colon, line break and indentation */
    INTEGER_MAX = 20,       /* digits and sign of 64 bits */
    ID_DIGITS = 16,         /* of 2^53 */
    NUMBER_MAX = 64,        /* of a fraction or a time, with room for needless digits */
};

static uint64_t
enum_size(const char *const *values)
{
    size_t longest = 0;

    for (; *values != NULL; values++) {
        longest = strlen(*values) > longest ? strlen(*values) : longest;
    }
    return longest * ESCAPE;
}

static uint64_t shape_size(const struct shape *shape, unsigned depth);

/* The largest text; UINT64_MAX if it is not bounded. */
static uint64_t
text_size(const struct field *f)
{
    uint64_t count = (uint64_t)f->max * (f->counted_form != NULL ? COMPOSED_MAX : 1);

    if (f->pattern != NULL && f->pattern->format != NULL) {
        count = f->pattern->longest;
    }
    return count == 0 ? UINT64_MAX : count * CHARACTER;
}

/* So many values of this size; UINT64_MAX if either is not bounded. */
static uint64_t
list_size(int64_t count, uint64_t size)
{
    return count == 0 || size >= BODY_MAX ? UINT64_MAX : (uint64_t)count * (size + AROUND);
}

/* The largest value in bytes; BODY_MAX or more if it is not bounded. */
static uint64_t
field_size(const struct field *f, unsigned depth)
{
    switch (f->type) {
    case FIELD_TEXT:
        return text_size(f);
    case FIELD_ENUM:
        return enum_size(f->values);
    case FIELD_FLOAT:
    case FIELD_TIME:
        return NUMBER_MAX;
    case FIELD_INTS:
        return list_size(f->max, INTEGER_MAX);
    case FIELD_TEXT_LIST:
        return list_size(f->max, text_size(f->element));
    case FIELD_ENUM_LIST:
        return list_size(f->max, enum_size(f->values));
    case FIELD_SEQS: /* its keys are strings */
        return list_size(f->max, ID_DIGITS * ESCAPE + INTEGER_MAX);
    case FIELD_OBJECT:
    case FIELD_INLINE:
        return shape_size(f->item, depth + 1);
    case FIELD_LIST:
        return list_size(f->max, shape_size(f->item, depth + 1));
    default:
        return INTEGER_MAX; /* or a boolean */
    }
}

/* The largest object of a shape, without the space around it. */
static uint64_t
shape_size(const struct shape *shape, unsigned depth)
{
    uint64_t sum = 0;

    if (depth > SHAPE_DEPTH_MAX) {
        abort(); /* a mistake in a table: its first request finds it */
    }
    for (size_t i = 0; i < shape->count && sum < BODY_MAX; i++) {
        const struct field *f = &shape->fields[i];

        if (f->from == FROM_BODY) {
            uint64_t size = field_size(f, depth);

            sum += strlen(f->name) * ESCAPE + AROUND + (size < BODY_MAX ? size : BODY_MAX);
        }
    }
    return sum;
}

size_t
shape_body_max(const struct shape *shape)
{
    uint64_t sum = SLACK + shape_size(shape, 0);

    return sum < BODY_MAX ? (size_t)sum : BODY_MAX;
}
