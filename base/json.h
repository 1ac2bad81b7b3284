/*
 * JSON (RFC 8259) in and out.
 *
 * In: json_parse first makes one strict pass of our own over the bytes, since json-c is lenient
 * (single quotes, NaN, control characters, duplicate keys …), then lets json-c build the tree.
 * Out: json_* write straight into a buffer; nothing is built.
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
    JSON_MAX_DEPTH = 32, /* arrays and objects inside one another */
};

/* Where and why a text is not JSON. */
struct json_error {
    size_t offset;      /* byte, from 0 */
    const char *reason; /* a static English phrase: "duplicate key", "invalid UTF-8" … */
};

/*
 * Is `text` one strict JSON value with nothing behind it? Refuses depth over JSON_MAX_DEPTH,
 * duplicate keys (compared decoded), invalid UTF-8, lone surrogates written as \u escapes, integers
 * that fit neither int64 nor uint64, other numbers beyond a double, and U+0000 in keys. `scratch`
 * holds the keys meanwhile.
 */
bool json_check(const char *text, size_t len, struct arena *scratch, struct json_error *error)
    __attribute__((nonnull, warn_unused_result));

/*
 * json_check, then json-c's tree in *tree, which the caller releases with json_object_put.
 * The JSON value null is success with *tree NULL.
 */
bool json_parse(const char *text, size_t len, struct arena *scratch, struct json_object **tree,
                struct json_error *error) __attribute__((nonnull, warn_unused_result));

/* A JSON string with its quotes. Bytes that are not UTF-8 leave as U+FFFD. "/" is not escaped. */
void json_string(struct buf *out, const char *s, size_t len) __attribute__((nonnull));

/* json_string of a C string; the word null for NULL. */
void json_text(struct buf *out, const char *s) __attribute__((nonnull(1)));

/* A JSON text again, in which nothing beyond ASCII is left: \uXXXX in its strings, with surrogate pairs. */
void json_ascii(struct buf *out, const char *json, size_t len) __attribute__((nonnull));

#endif
