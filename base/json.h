/*
 * JSON (RFC 8259) in and out.
 *
 * In: json_parse first checks the bytes with a strict scan of our own, since json-c is lenient
 * (single quotes, NaN, control characters, duplicate keys …), then json-c builds the tree. Out:
 * json_* write straight into a buffer, without a tree.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

enum {
    JSON_MAX_DEPTH = 32, /* of nested arrays and objects */
};

/* Why a text is not JSON, and at which byte. */
struct json_error {
    size_t offset;      /* byte, from 0 */
    const char *reason; /* a static English phrase: "duplicate key", "invalid UTF-8" … */
};

/*
 * Whether `text` is exactly one strict JSON value. Refuses a depth over JSON_MAX_DEPTH, duplicate
 * keys (compared decoded), invalid UTF-8, lone surrogates as \u escapes, integers that fit neither
 * int64 nor uint64, other numbers that a double cannot hold, and U+0000 in keys. `scratch` holds
 * the keys during the check.
 */
bool json_check(const char *text, size_t len, struct arena *scratch, struct json_error *error)
    __attribute__((nonnull, warn_unused_result));

/*
 * json_check, then json-c's tree in *tree, which the caller releases with json_object_put.
 * The JSON value null is success with *tree NULL.
 */
bool json_parse(const char *text, size_t len, struct arena *scratch, struct json_object **tree,
                struct json_error *error) __attribute__((nonnull, warn_unused_result));

/*
 * Writes a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD; "/" is not escaped.
 */
void json_string(struct buf *out, const char *s, size_t len) __attribute__((nonnull));

/* json_string of a C string; NULL writes null. */
void json_text(struct buf *out, const char *s) __attribute__((nonnull(1)));

/*
 * Copies a JSON text; characters beyond ASCII in its strings become \uXXXX, with surrogate pairs.
 */
void json_ascii(struct buf *out, const char *json, size_t len) __attribute__((nonnull));

#endif
