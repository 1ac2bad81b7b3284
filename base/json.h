/*
 * JSON (RFC 8259) in and out, both without a tree.
 *
 * In: json_check is a strict scan of the whole text. Values are then read where they stand in the
 * checked text (struct json_value), so that a value nobody reads costs nothing. A tree would cost
 * up to 380 times the bytes of its text: json-c takes 760 bytes for "{}". Out: json_* write
 * straight into a buffer.
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
 * int64 nor uint64, other numbers that a double cannot hold, U+0000 in keys, and 2 GiB or more.
 * `scratch` holds the decoded form of keys with escapes. The check needs less than ten
 * times the bytes of the text, and returns all of it but `scratch`.
 */
bool json_check(const char *text, size_t len, struct arena *scratch, struct json_error *error)
    __attribute__((nonnull, warn_unused_result));

/* JSON_INTEGER: without fraction and exponent. JSON_ABSENT: there is no value. */
enum json_kind {
    JSON_ABSENT,
    JSON_NULL,
    JSON_BOOLEAN,
    JSON_INTEGER,
    JSON_FRACTION,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

/* A value in a text that json_check has accepted: its bytes there, without space around them. */
struct json_value {
    enum json_kind kind;
    const char *at;
    size_t len;
};

/* The value that is the whole of a checked text. */
struct json_value json_whole(const char *text, size_t len) __attribute__((nonnull));

/* The elements of an array, or the members of an object, that are still to be read. */
struct json_items {
    const char *at, *end;
};

/* Begins at the first item. A value that is neither an array nor an object has none. */
struct json_items json_items(struct json_value of);

/* Reads the next element, or the next member with its key. Returns false after the last one. */
bool json_next_element(struct json_items *items, struct json_value *value)
    __attribute__((nonnull, warn_unused_result));
bool json_next_member(struct json_items *items, struct json_value *key, struct json_value *value)
    __attribute__((nonnull, warn_unused_result));

/* The number of elements of an array, or of members of an object. */
size_t json_count(struct json_value of);

/* A member of an object; absent if there is none, or if `of` is not an object. */
struct json_value json_member(struct json_value of, const char *name) __attribute__((nonnull));

/* Whether a value is a string of exactly this text. */
bool json_equals(struct json_value value, const char *text) __attribute__((nonnull));

/* The text of a string, with a NUL after its *len bytes. The text itself may contain NUL. */
const char *json_decode(struct json_value string, struct arena *a, size_t *len)
    __attribute__((nonnull, returns_nonnull));

/* An integer; beyond int64 the nearest limit. */
int64_t json_int64(struct json_value integer);

/* A number, with or without a fraction; finite. `a` holds a copy of one of 64 bytes or more. */
double json_double(struct json_value number, struct arena *a) __attribute__((nonnull));

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

/* Writes a finite number; null for any other. */
void json_float(struct buf *out, double n) __attribute__((nonnull));

/*
 * Copies a JSON text; characters beyond ASCII in its strings become \uXXXX, with surrogate pairs.
 */
void json_ascii(struct buf *out, const char *json, size_t len) __attribute__((nonnull));

#endif
