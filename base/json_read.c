/*
 * Reads values in a text that json_check has accepted. So every string ends, every bracket is
 * closed, and nothing is checked twice.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_plain.h"
#include "base/number.h"
#include "base/utf8.h"

/* Reads "\uXXXX", or a surrogate pair of two of them. */
static const char *
json_unicode_escape(const char **at, const char *end, uint32_t *c)
{
    long unit = json_unit(*at, end), low = -1;

    if (unit < 0) {
        return "broken escape in a string";
    }
    *c = (uint32_t)unit;
    if (unit < 0xD800 || unit > 0xDFFF) {
        *at += 6;
        return NULL;
    }
    if (unit < 0xDC00) {
        low = json_unit(*at + 6, end);
    }
    if (low < 0xDC00 || low > 0xDFFF) {
        return "lone surrogate in a string";
    }
    *c = json_pair(unit, low);
    *at += 12;
    return NULL;
}

const char *
json_escape(const char **at, const char *end, uint32_t *c)
{
    static const char meanings[256] = {
        ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
        ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
    };
    unsigned char name = end - *at > 1 ? (unsigned char)(*at)[1] : '\0';

    if (name == 'u') {
        return json_unicode_escape(at, end, c);
    }
    if (meanings[name] == '\0') {
        return "broken escape in a string";
    }
    *c = (unsigned char)meanings[name];
    *at += 2;
    return NULL;
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static const char *
skip_space(const char *at, const char *end)
{
    while (at < end && is_space(*at)) {
        at++;
    }
    return at;
}

/* A quote after an odd number of backslashes does not end its string. */
static bool
quote_is_escaped(const char *start, const char *quote)
{
    const char *at = quote;

    while (at > start && at[-1] == '\\') {
        at--;
    }
    return (quote - at) % 2 == 1;
}

/* The end of the string that begins with the quote at `start`. */
static const char *
skip_string(const char *start, const char *end)
{
    const char *quote = start;

    do {
        quote = memchr(quote + 1, '"', (size_t)(end - quote) - 1);
    } while (quote_is_escaped(start + 1, quote));
    return quote + 1;
}

/* The end of the array or object that begins with the bracket at `at`. */
static const char *
skip_brackets(const char *at, const char *end)
{
    unsigned depth = 0;

    do {
        if (*at == '"') {
            at = skip_string(at, end);
            continue;
        }
        if (*at == '[' || *at == '{') {
            depth++;
        } else if (*at == ']' || *at == '}') {
            depth--;
        }
        at++;
    } while (depth > 0);
    return at;
}

/* The end of a number or a word. */
static const char *
skip_token(const char *at, const char *end)
{
    while (at < end && !is_space(*at) && *at != ',' && *at != ']' && *at != '}') {
        at++;
    }
    return at;
}

static enum json_kind
number_kind(const char *at, const char *end)
{
    for (; at < end; at++) {
        if (*at == '.' || *at == 'e' || *at == 'E') {
            return JSON_FRACTION;
        }
    }
    return JSON_INTEGER;
}

static struct json_value
json_value_at(const char *at, const char *end)
{
    struct json_value value = {.at = at};
    const char *after;

    switch (*at) {
    case '{':
        value.kind = JSON_OBJECT;
        after = skip_brackets(at, end);
        break;
    case '[':
        value.kind = JSON_ARRAY;
        after = skip_brackets(at, end);
        break;
    case '"':
        value.kind = JSON_STRING;
        after = skip_string(at, end);
        break;
    case 't':
    case 'f':
        value.kind = JSON_BOOLEAN;
        after = skip_token(at, end);
        break;
    case 'n':
        value.kind = JSON_NULL;
        after = skip_token(at, end);
        break;
    default:
        after = skip_token(at, end);
        value.kind = number_kind(at, after);
    }
    value.len = (size_t)(after - at);
    return value;
}

struct json_value
json_whole(const char *text, size_t len)
{
    return json_value_at(skip_space(text, text + len), text + len);
}

struct json_items
json_items(struct json_value of)
{
    if (of.kind != JSON_ARRAY && of.kind != JSON_OBJECT) {
        return (struct json_items){NULL, NULL};
    }
    return (struct json_items){of.at + 1, of.at + of.len - 1};
}

/* Skips space and the comma or colon before the next value. Returns false if there is none. */
static bool
items_have_next(struct json_items *items)
{
    while (items->at < items->end &&
           (is_space(*items->at) || *items->at == ',' || *items->at == ':')) {
        items->at++;
    }
    return items->at < items->end;
}

bool
json_next_element(struct json_items *items, struct json_value *value)
{
    if (!items_have_next(items)) {
        return false;
    }
    *value = json_value_at(items->at, items->end);
    items->at += value->len;
    return true;
}

bool
json_next_member(struct json_items *items, struct json_value *key, struct json_value *value)
{
    return json_next_element(items, key) && json_next_element(items, value);
}

size_t
json_count(struct json_value of)
{
    struct json_items items = json_items(of);
    struct json_value value;
    size_t count = 0;

    while (json_next_element(&items, &value)) {
        count++;
    }
    return of.kind == JSON_OBJECT ? count / 2 : count; /* a key is an element, too */
}

struct json_value
json_member(struct json_value of, const char *name)
{
    struct json_items items = json_items(of);
    struct json_value key, value;

    while (of.kind == JSON_OBJECT && json_next_member(&items, &key, &value)) {
        if (json_equals(key, name)) {
            return value;
        }
    }
    return (struct json_value){.kind = JSON_ABSENT};
}

/* Decodes the next character of a string into `to`. Returns its size. */
static size_t
decode_character(const char **at, const char *end, char to[static UTF8_MAX])
{
    uint32_t c = 0;

    if (**at != '\\') {
        to[0] = *(*at)++;
        return 1;
    }
    (void)json_escape(at, end, &c);
    return utf8_put(to, c);
}

bool
json_equals(struct json_value value, const char *text)
{
    size_t left = strlen(text);
    const char *at, *end;

    if (value.kind != JSON_STRING) {
        return false;
    }
    at = value.at + 1;
    end = value.at + value.len - 1;
    if (memchr(at, '\\', (size_t)(end - at)) == NULL) {
        return (size_t)(end - at) == left && memcmp(at, text, left) == 0;
    }
    while (at < end) {
        char character[UTF8_MAX];
        size_t size = decode_character(&at, end, character);

        if (size > left || memcmp(character, text, size) != 0) {
            return false;
        }
        text += size;
        left -= size;
    }
    return left == 0;
}

const char *
json_decode(struct json_value string, struct arena *a, size_t *len)
{
    const char *at = string.at + 1, *end = string.at + string.len - 1;
    size_t room = (size_t)(end - at), used = 0; /* the text is never longer than its encoding */
    char *text;

    if (memchr(at, '\\', room) == NULL) {
        *len = room;
        return arena_strndup(a, at, room);
    }
    text = arena_alloc(a, room + 1);
    while (at < end) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        size_t plain = (size_t)((escape == NULL ? end : escape) - at);
        char character[UTF8_MAX];
        size_t size;

        memcpy(text + used, at, plain);
        used += plain;
        at += plain;
        if (escape != NULL) {
            size = decode_character(&at, end, character);
            memcpy(text + used, character, size);
            used += size;
        }
    }
    text[used] = '\0';
    *len = used;
    return text;
}

double
json_double(struct json_value number, struct arena *a)
{
    char few[64];

    if (number.len >= sizeof(few)) {
        return strtod(arena_strndup(a, number.at, number.len), NULL);
    }
    memcpy(few, number.at, number.len);
    few[number.len] = '\0';
    return strtod(few, NULL);
}

int64_t
json_int64(struct json_value integer)
{
    char digits[24] = ""; /* 64 bits have at most 20 */
    const char *at = digits;
    int64_t n;

    memcpy(digits, integer.at, integer.len < sizeof(digits) ? integer.len : sizeof(digits) - 1);
    if (number_read(&at, &n)) {
        return n;
    }
    return digits[0] == '-' ? INT64_MIN : INT64_MAX;
}
