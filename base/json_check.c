/*
 * One pass over the bytes by the grammar of RFC 8259. The keys of all open objects stand in one hash table, under the number of
 * their object, so that finding a duplicate costs one look; the hash is keyed, so that nobody can aim at one slot.
 */
#include "base/json.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "base/utf8.h"

struct key {
    const char *at; /* decoded; NULL: an empty slot */
    size_t len;
    size_t object;
};

struct scan {
    const char *text, *at, *end;
    struct arena *scratch;
    struct key *keys;
    size_t slots, used;
    size_t objects;
    int depth;
    const char *reason;
};

static unsigned char hash_key[crypto_shorthash_KEYBYTES];
static pthread_once_t hash_key_once = PTHREAD_ONCE_INIT;

static void
make_hash_key(void)
{
    randombytes_buf(hash_key, sizeof(hash_key));
}

static bool
fail(struct scan *s, const char *reason)
{
    s->reason = reason;
    return false;
}

static void
skip_space(struct scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t')) {
        s->at++;
    }
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits behind "\u"; -1 where they are not. */
static long
read_unit(struct scan *s)
{
    long unit = 0;

    if (s->end - s->at < 4) {
        return -1;
    }
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(s->at[i]);

        if (digit < 0) {
            return -1;
        }
        unit = unit * 16 + digit;
    }
    s->at += 4;
    return unit;
}

static char *
put_utf8(char *to, unsigned long c)
{
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xC0 | c >> 6);
        *to++ = (char)(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        *to++ = (char)(0xE0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 0x3F));
        *to++ = (char)(0x80 | (c & 0x3F));
    } else {
        *to++ = (char)(0xF0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 0x3F));
        *to++ = (char)(0x80 | (c >> 6 & 0x3F));
        *to++ = (char)(0x80 | (c & 0x3F));
    }
    return to;
}

/* Behind "\u": one character, of two units where the first is a high surrogate. */
static bool
read_escaped(struct scan *s, unsigned long *c)
{
    long unit = read_unit(s), low;

    if (unit < 0) {
        return fail(s, "broken escape in a string");
    }
    *c = (unsigned long)unit;
    if (unit >= 0xDC00 && unit <= 0xDFFF) {
        return fail(s, "lone surrogate in a string");
    }
    if (unit >= 0xD800 && unit <= 0xDBFF) {
        if (s->end - s->at < 2 || s->at[0] != '\\' || s->at[1] != 'u') {
            return fail(s, "lone surrogate in a string");
        }
        s->at += 2;
        low = read_unit(s);
        if (low < 0xDC00 || low > 0xDFFF) {
            return fail(s, low < 0 ? "broken escape in a string" : "lone surrogate in a string");
        }
        *c = 0x10000 + (((unsigned long)unit - 0xD800) << 10) + ((unsigned long)low - 0xDC00);
    }
    return true;
}

/* Behind a backslash. `to` may be NULL. */
static bool
read_escape(struct scan *s, char **to)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    const char *name;
    unsigned long c;

    if (s->at == s->end) {
        return fail(s, "unterminated string");
    }
    if (*s->at == 'u') {
        s->at++;
        if (!read_escaped(s, &c)) {
            return false;
        }
    } else {
        name = strchr(names, *s->at);
        if (name == NULL || *s->at == '\0') {
            return fail(s, "broken escape in a string");
        }
        c = (unsigned char)values[name - names];
        s->at++;
    }
    if (to != NULL) {
        *to = put_utf8(*to, c);
    }
    return true;
}

/* At the opening quote. Where `decoded` is not NULL, the string without its escapes is left there; it is never longer. */
static bool
read_string(struct scan *s, char **decoded, size_t *len)
{
    char *to = NULL;

    if (decoded != NULL) {
        const char *quote = s->at + 1;

        while (quote < s->end && *quote != '"') { /* an upper bound of its length, but for escaped quotes */
            quote += *quote == '\\' ? 2 : 1;
        }
        quote = quote < s->end ? quote : s->end;
        to = *decoded = arena_alloc(s->scratch, (size_t)(quote - s->at) + 1);
    }
    s->at++;
    for (;;) {
        const char *run = s->at;

        while (s->at < s->end && *s->at != '"' && *s->at != '\\' && (unsigned char)*s->at >= 0x20) {
            s->at++;
        }
        if (to != NULL) {
            memcpy(to, run, (size_t)(s->at - run));
            to += s->at - run;
        }
        if (s->at == s->end) {
            return fail(s, "unterminated string");
        }
        if (*s->at == '"') {
            s->at++;
            break;
        }
        if (*s->at != '\\') {
            return fail(s, "control character in a string");
        }
        s->at++;
        if (!read_escape(s, to == NULL ? NULL : &to)) {
            return false;
        }
    }
    if (decoded != NULL) {
        *len = (size_t)(to - *decoded);
    }
    return true;
}

static struct key *
find_slot(struct key *keys, size_t slots, const struct key *wanted)
{
    unsigned char digest[crypto_shorthash_BYTES];
    uint64_t hash;
    size_t place;

    (void)crypto_shorthash(digest, (const unsigned char *)wanted->at, wanted->len, hash_key);
    memcpy(&hash, digest, sizeof(hash));
    place = (size_t)(hash + wanted->object * UINT64_C(0x9E3779B97F4A7C15)) & (slots - 1);
    while (keys[place].at != NULL &&
           (keys[place].object != wanted->object || keys[place].len != wanted->len ||
            memcmp(keys[place].at, wanted->at, wanted->len) != 0)) {
        place = (place + 1) & (slots - 1);
    }
    return &keys[place];
}

static void
grow_keys(struct scan *s)
{
    size_t slots = s->slots == 0 ? 32 : s->slots * 2;
    struct key *keys = arena_array(s->scratch, slots, sizeof(*keys));

    for (size_t i = 0; i < s->slots; i++) {
        if (s->keys[i].at != NULL) {
            *find_slot(keys, slots, &s->keys[i]) = s->keys[i];
        }
    }
    s->keys = keys;
    s->slots = slots;
}

static bool
read_key(struct scan *s, size_t object)
{
    struct key key = {.object = object};
    const char *start = s->at;
    struct key *slot;
    char *decoded;

    if (!read_string(s, &decoded, &key.len)) {
        return false;
    }
    key.at = decoded;
    if (memchr(decoded, '\0', key.len) != NULL) {
        s->at = start;
        return fail(s, "U+0000 in a key");
    }
    if (s->used * 2 >= s->slots) {
        grow_keys(s);
    }
    slot = find_slot(s->keys, s->slots, &key);
    if (slot->at != NULL) {
        s->at = start;
        return fail(s, "duplicate key");
    }
    *slot = key;
    s->used++;
    return true;
}

static bool
is_digit(const struct scan *s)
{
    return s->at < s->end && *s->at >= '0' && *s->at <= '9';
}

/* Does the integer, digits with perhaps a minus before them, fit in int64 or uint64? */
static bool
fits(const char *at, const char *end)
{
    bool minus = *at == '-';
    uint64_t n = 0;

    for (at += minus; at < end; at++) {
        if (__builtin_mul_overflow(n, (uint64_t)10, &n) ||
            __builtin_add_overflow(n, (uint64_t)(*at - '0'), &n)) {
            return false;
        }
    }
    return !minus || n <= (uint64_t)INT64_MAX + 1;
}

static bool
read_number(struct scan *s)
{
    const char *start = s->at;
    bool integer = true;

    s->at += *s->at == '-';
    if (!is_digit(s)) {
        return fail(s, "a number without digits");
    }
    if (*s->at == '0') {
        s->at++;
        if (is_digit(s)) {
            return fail(s, "a number with a leading zero");
        }
    }
    while (is_digit(s)) {
        s->at++;
    }
    if (s->at < s->end && *s->at == '.') {
        integer = false;
        s->at++;
        if (!is_digit(s)) {
            return fail(s, "a number without digits behind its point");
        }
        while (is_digit(s)) {
            s->at++;
        }
    }
    if (s->at < s->end && (*s->at == 'e' || *s->at == 'E')) {
        integer = false;
        s->at++;
        s->at += s->at < s->end && (*s->at == '+' || *s->at == '-');
        if (!is_digit(s)) {
            return fail(s, "a number without digits in its exponent");
        }
        while (is_digit(s)) {
            s->at++;
        }
    }
    if (integer && !fits(start, s->at)) {
        s->at = start;
        return fail(s, "an integer beyond 64 bits");
    }
    return true;
}

static bool
read_literal(struct scan *s, const char *word)
{
    size_t len = strlen(word);

    if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0) {
        return fail(s, "a value was expected");
    }
    s->at += len;
    return true;
}

static bool read_value(struct scan *s);

/* Behind a value inside an array or object: a comma (true), or the closing bracket (sets *closed). */
static bool
read_separator(struct scan *s, char close, bool *closed)
{
    skip_space(s);
    if (s->at == s->end) {
        return fail(s, "the text ends too early");
    }
    if (*s->at != ',' && *s->at != close) {
        return fail(s, close == ']' ? "\",\" or \"]\" was expected" : "\",\" or \"}\" was expected");
    }
    *closed = *s->at++ == close;
    return true;
}

static bool
read_members(struct scan *s)
{
    size_t object = ++s->objects;
    bool closed = false;

    s->at++;
    skip_space(s);
    if (s->at < s->end && *s->at == '}') {
        s->at++;
        return true;
    }
    while (!closed) {
        skip_space(s);
        if (s->at == s->end || *s->at != '"') {
            return fail(s, s->at == s->end ? "the text ends too early" : "a key was expected");
        }
        if (!read_key(s, object)) {
            return false;
        }
        skip_space(s);
        if (s->at == s->end || *s->at != ':') {
            return fail(s, "\":\" was expected");
        }
        s->at++;
        if (!read_value(s) || !read_separator(s, '}', &closed)) {
            return false;
        }
    }
    return true;
}

static bool
read_elements(struct scan *s)
{
    bool closed = false;

    s->at++;
    skip_space(s);
    if (s->at < s->end && *s->at == ']') {
        s->at++;
        return true;
    }
    while (!closed) {
        if (!read_value(s) || !read_separator(s, ']', &closed)) {
            return false;
        }
    }
    return true;
}

static bool
read_value(struct scan *s)
{
    bool good;

    skip_space(s);
    if (s->at == s->end) {
        return fail(s, "the text ends too early");
    }
    switch (*s->at) {
    case '{':
    case '[':
        if (s->depth == JSON_MAX_DEPTH) {
            return fail(s, "nested too deeply");
        }
        s->depth++;
        good = *s->at == '{' ? read_members(s) : read_elements(s);
        s->depth--;
        return good;
    case '"':
        return read_string(s, NULL, NULL);
    case 't':
        return read_literal(s, "true");
    case 'f':
        return read_literal(s, "false");
    case 'n':
        return read_literal(s, "null");
    default:
        return *s->at == '-' || is_digit(s) ? read_number(s) : fail(s, "a value was expected");
    }
}

bool
json_check(const char *text, size_t len, struct arena *scratch, struct json_error *error)
{
    struct scan s = {.text = text, .at = text, .end = text + len, .scratch = scratch};
    bool good;

    (void)pthread_once(&hash_key_once, make_hash_key);
    good = utf8_valid(text, len) || fail(&s, "invalid UTF-8");
    good = good && read_value(&s);
    if (good) {
        skip_space(&s);
        good = s.at == s.end || fail(&s, "text behind the value");
    }
    if (!good) {
        *error = (struct json_error){(size_t)(s.at - text), s.reason};
    }
    return good;
}

bool
json_parse(const char *text, size_t len, struct arena *scratch, struct json_object **tree,
           struct json_error *error)
{
    struct json_tokener *tokener;
    enum json_tokener_error result;
    char *whole;

    *tree = NULL;
    if (!json_check(text, len, scratch, error)) {
        return false;
    }
    tokener = json_tokener_new_ex(JSON_MAX_DEPTH + 1);
    if (tokener == NULL) {
        *error = (struct json_error){0, "out of memory"};
        return false;
    }
    whole = arena_strndup(scratch, text, len); /* json-c wants the NUL behind the text, too */
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    *tree = json_tokener_parse_ex(tokener, whole, (int)len + 1); /* a body is below 2 GiB */
    result = json_tokener_get_error(tokener);
    json_tokener_free(tokener);
    if (result != json_tokener_success) {
        *error = (struct json_error){0, json_tokener_error_desc(result)};
        return false;
    }
    return true;
}
