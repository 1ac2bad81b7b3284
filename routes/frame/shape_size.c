/*
 * The largest body that a shape can need. Each character may be written as escapes, as in the JSON
 * of a client that sends ASCII only. Beyond that there is room for indentation, and for members of
 * other versions of the API, which get a 422 that names them.
 */
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

/* The largest value in bytes; UINT64_MAX if it is not bounded. */
static uint64_t
field_size(const struct field *f)
{
    uint64_t count = (uint64_t)f->max;

    switch (f->type) {
    case FIELD_TEXT:
        count *= f->counted_form != NULL ? COMPOSED_MAX : 1;
        return count == 0 ? UINT64_MAX : count * CHARACTER;
    case FIELD_ENUM:
        return enum_size(f->values);
    case FIELD_INTS:
        return count == 0 ? UINT64_MAX : count * (INTEGER_MAX + AROUND);
    case FIELD_SEQS: /* its keys are strings */
        return count == 0 ? UINT64_MAX : count * (ID_DIGITS * ESCAPE + INTEGER_MAX + AROUND);
    default:
        return INTEGER_MAX; /* or a boolean */
    }
}

size_t
shape_body_max(const struct shape *shape)
{
    uint64_t sum = SLACK;

    for (size_t i = 0; i < shape->count && sum < BODY_MAX; i++) {
        const struct field *f = &shape->fields[i];

        if (f->from == FROM_BODY) {
            uint64_t size = field_size(f);

            sum += strlen(f->name) * ESCAPE + AROUND + (size < BODY_MAX ? size : BODY_MAX);
        }
    }
    return sum < BODY_MAX ? (size_t)sum : BODY_MAX;
}
