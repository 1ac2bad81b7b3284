/* Reads values where they stand, so that a check of a large reply takes no memory. */
#include "t/program/shape_check.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"

enum { ECHO_MAX = 60 /* bytes of a value in a report */ };

#define SAFE_INTEGER_MAX ((INT64_C(1) << 53) - 1) /* of JavaScript, and of `.max` 0 */

static const char *const kind_names[] = {
    [JSON_ABSENT] = "missing",      [JSON_NULL] = "null",        [JSON_BOOLEAN] = "a boolean",
    [JSON_INTEGER] = "an integer",  [JSON_STRING] = "a string",  [JSON_ARRAY] = "a list",
    [JSON_FRACTION] = "a fraction", [JSON_OBJECT] = "an object",
};

static void
place_write(const struct place *at, struct buf *out)
{
    if (at->outer != NULL) {
        place_write(at->outer, out);
        buf_char(out, '.');
    }
    if (at->name != NULL) {
        buf_add(out, at->name, at->len);
    } else {
        buf_int(out, (int64_t)at->index);
    }
}

bool
shape_fault(struct buf *fault, const struct place *at, const char *format, ...)
{
    char reason[400];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    if (at == NULL) {
        buf_str(fault, "body");
    } else {
        place_write(at, fault);
    }
    buf_str(fault, ": ");
    buf_str(fault, reason);
    return false;
}

bool
kind_check(struct json_value value, enum json_kind kind, const struct place *at, struct buf *fault)
{
    return value.kind == kind ||
           shape_fault(fault, at, "%s, not %s", kind_names[value.kind], kind_names[kind]);
}

static bool
range_check(struct json_value value, int64_t min, int64_t max, const struct place *at,
            struct buf *fault)
{
    int64_t n;

    if (!kind_check(value, JSON_INTEGER, at, fault)) {
        return false;
    }
    n = json_int64(value);
    max = max == 0 ? SAFE_INTEGER_MAX : max;
    return (n >= min && n <= max) || shape_fault(fault, at, "%lld is not from %lld to %lld",
                                                 (long long)n, (long long)min, (long long)max);
}

static bool
enum_check(const struct field *f, struct json_value value, const struct place *at,
           struct buf *fault)
{
    if (!kind_check(value, JSON_STRING, at, fault)) {
        return false;
    }
    for (const char *const *word = f->values; *word != NULL; word++) {
        if (json_equals(value, *word)) {
            return true;
        }
    }
    return shape_fault(fault, at, "%.*s is not one of its words",
                       (int)(value.len < ECHO_MAX ? value.len : ECHO_MAX), value.at);
}

/* RFC 3339 with milliseconds, in quotes: "2026-01-02T03:04:05.678+08:00" or "…Z". */
static bool
is_time(struct json_value value)
{
    static const char form[] = "\"0000-00-00T00:00:00.000";
    const char *at = value.at + sizeof(form) - 1;
    size_t left = value.len - (sizeof(form) - 1);

    if (value.len < sizeof(form)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(form) - 1; i++) {
        if (form[i] == '0' ? !isdigit((unsigned char)value.at[i]) : value.at[i] != form[i]) {
            return false;
        }
    }
    if (left == 2 && at[0] == 'Z') {
        return true;
    }
    return left == 7 && (at[0] == '+' || at[0] == '-') && isdigit((unsigned char)at[1]) &&
           isdigit((unsigned char)at[2]) && at[3] == ':' && isdigit((unsigned char)at[4]) &&
           isdigit((unsigned char)at[5]);
}

static bool
time_check(struct json_value value, const struct place *at, struct buf *fault)
{
    return kind_check(value, JSON_STRING, at, fault) &&
           (is_time(value) ||
            shape_fault(fault, at, "%.*s is not a time",
                        (int)(value.len < ECHO_MAX ? value.len : ECHO_MAX), value.at));
}

static bool field_check(const struct field *f, struct json_value value, const struct place *at,
                        struct buf *fault);

/* The bounds of each element of a list of integers, texts or words. */
static struct field
element_of(const struct field *f)
{
    static const enum field_type types[] = {
        [FIELD_INTS] = FIELD_INT, [FIELD_TEXT_LIST] = FIELD_TEXT, [FIELD_ENUM_LIST] = FIELD_ENUM};
    struct field element = {.values = f->values, .min = f->type == FIELD_INTS};

    if (f->element != NULL) {
        element = *f->element;
    }
    element.type = types[f->type];
    return element;
}

/* A list of values, or of structs of `.item`. */
static bool
list_check(const struct field *f, struct json_value value, const struct place *at,
           struct buf *fault)
{
    struct json_items items = json_items(value);
    struct place place = {.outer = at};
    struct json_value element;
    struct field each = {.type = FIELD_INLINE, .item = f->item};

    if (!kind_check(value, JSON_ARRAY, at, fault)) {
        return false;
    }
    if (f->item == NULL) {
        each = element_of(f);
    }
    for (; json_next_element(&items, &element); place.index++) {
        if (!field_check(&each, element, &place, fault)) {
            return false;
        }
    }
    return f->max == 0 || place.index <= (size_t)f->max ||
           shape_fault(fault, at, "more than %lld elements", (long long)f->max);
}

/* A key in its quotes: a positive integer. */
static bool
is_id(struct json_value key)
{
    size_t digits = key.len - 2; /* of what is between the quotes */

    if (key.len < 3 || digits > 16 || key.at[1] == '0') {
        return false;
    }
    for (size_t i = 1; i <= digits; i++) {
        if (!isdigit((unsigned char)key.at[i])) {
            return false;
        }
    }
    return true;
}

/* An object from ids to numbers, or to texts. */
static bool
ids_check(const struct field *f, struct json_value value, const struct place *at, struct buf *fault)
{
    struct json_items items = json_items(value);
    struct json_value key, member;

    if (!kind_check(value, JSON_OBJECT, at, fault)) {
        return false;
    }
    while (json_next_member(&items, &key, &member)) {
        struct place place = {.outer = at, .name = key.at + 1, .len = key.len - 2};

        if (!is_id(key)) {
            return shape_fault(fault, &place, "the key is not an id");
        }
        if (!(f->type == FIELD_TEXTS ? kind_check(member, JSON_STRING, &place, fault)
                                     : range_check(member, 0, 0, &place, fault))) {
            return false;
        }
    }
    return true;
}

static bool
field_check(const struct field *f, struct json_value value, const struct place *at,
            struct buf *fault)
{
    if (value.kind == JSON_NULL && f->nullable && f->type != FIELD_BOOL) {
        return true;
    }
    switch (f->type) {
    case FIELD_INT:
        return range_check(value, f->min, f->max, at, fault);
    case FIELD_BOOL:
        return kind_check(value, JSON_BOOLEAN, at, fault);
    case FIELD_TEXT:
        return kind_check(value, JSON_STRING, at, fault);
    case FIELD_ENUM:
        return enum_check(f, value, at, fault);
    case FIELD_TIME:
        return time_check(value, at, fault);
    case FIELD_JSON:
        return true; /* anything */
    case FIELD_SEQS:
    case FIELD_TEXTS:
        return ids_check(f, value, at, fault);
    case FIELD_FLOAT:
        return value.kind == JSON_FRACTION || kind_check(value, JSON_INTEGER, at, fault);
    case FIELD_INTS:
    case FIELD_TEXT_LIST:
    case FIELD_ENUM_LIST:
    case FIELD_LIST:
        return list_check(f, value, at, fault);
    case FIELD_OBJECT:
    case FIELD_INLINE:
        return shape_check(f->item, value, at, fault);
    default:
        return shape_fault(fault, at, "its type is not one of outputs");
    }
}

static bool
has_field(const struct shape *shape, struct json_value key)
{
    for (size_t i = 0; i < shape->count; i++) {
        if (json_equals(key, shape->fields[i].name)) {
            return true;
        }
    }
    return false;
}

bool
shape_check(const struct shape *shape, struct json_value value, const struct place *outer,
            struct buf *fault)
{
    struct json_items items = json_items(value);
    struct json_value key, member;

    if (!kind_check(value, JSON_OBJECT, outer, fault)) {
        return false;
    }
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *f = &shape->fields[i];
        struct place place = {.outer = outer, .name = f->name, .len = strlen(f->name)};

        member = json_member(value, f->name);
        if (member.kind == JSON_ABSENT) {
            return shape_fault(fault, &place, "missing");
        }
        if (!field_check(f, member, &place, fault)) {
            return false;
        }
    }
    while (json_next_member(&items, &key, &member)) {
        struct place place = {.outer = outer, .name = key.at + 1, .len = key.len - 2};

        if (!has_field(shape, key)) {
            return shape_fault(fault, &place, "not declared");
        }
    }
    return true;
}
