/* Compares JSON with the output shape that it should have. */
#ifndef T_PROGRAM_SHAPE_CHECK_H
#define T_PROGRAM_SHAPE_CHECK_H

#include "base/json.h"
#include "routes/frame/shape.h"

/* Where a value stands in a JSON text: the chain leads from it outwards. */
struct place {
    const struct place *outer; /* NULL: the whole text */
    const char *name;          /* of a member, `len` bytes; NULL: an element */
    size_t len, index;
};

/*
 * Does the value, read from a checked text, have exactly the members of the shape, and each of them
 * its type, its range and its words? If not, appends "PLACE: REASON" about the first fault to
 * `fault`: "items.0.user.id: a string, not an integer". `outer` NULL: the value is the whole text.
 */
bool shape_check(const struct shape *shape, struct json_value value, const struct place *outer,
                 struct buf *fault) __attribute__((nonnull(1, 4), warn_unused_result));

/* Appends "PLACE: REASON"; returns false. */
bool shape_fault(struct buf *fault, const struct place *at, const char *format, ...)
    __attribute__((nonnull(1, 3), format(printf, 3, 4)));

/* Appends a fault and returns false if the value is not of this kind. */
bool kind_check(struct json_value value, enum json_kind kind, const struct place *at,
                struct buf *fault) __attribute__((nonnull(4), warn_unused_result));

#endif
