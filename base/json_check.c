/*
 * One pass over the bytes by the grammar of RFC 8259, without recursion: open brackets are kept on
 * a small stack.
 */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_keys.h"
#include "base/json_plain.h"
#include "base/utf8.h"

struct scan {
    const char *at, *end;
    struct arena *scratch;
    struct json_keys keys;
    char closes[JSON_MAX_DEPTH];      /* the closing bracket of each open one */
    size_t first_key[JSON_MAX_DEPTH]; /* how many keys there were when it opened */
    unsigned depth;
    const char *reason;
};

/* The parts of the text that may come next. */
enum state { FAILED, VALUE, ELEMENT_OR_END, KEY, KEY_OR_END, AFTER_VALUE };

static enum state
scan_fail(struct scan *s, const char *reason)
{
    s->reason = reason;
    return FAILED;
}

static bool
scan_refuse(struct scan *s, const char *at, const char *reason)
{
    s->at = at;
    s->reason = reason;
    return false;
}

/* The next byte; NUL at the end (a NUL in the text is an error, too). */
static char
scan_peek(const struct scan *s)
{
    return s->at < s->end ? *s->at : '\0';
}

static void
scan_skip_space(struct scan *s)
{
    while (scan_peek(s) == ' ' || scan_peek(s) == '\n' || scan_peek(s) == '\r' ||
           scan_peek(s) == '\t') {
        s->at++;
    }
}

static bool
scan_skip_digits(struct scan *s)
{
    const char *start = s->at;

    while (scan_peek(s) >= '0' && scan_peek(s) <= '9') {
        s->at++;
    }
    return s->at > start;
}

/* Skips an escape, beginning at its backslash. */
static bool
scan_escape(struct scan *s)
{
    const char *at = s->at, *reason;
    uint32_t c;

    reason = json_escape(&at, s->end, &c);
    if (reason != NULL) {
        return scan_refuse(s, s->at, reason);
    }
    s->at = at;
    return true;
}

/* Reads a string with its quotes. *escaped: whether it contains an escape. */
static bool
scan_string(struct scan *s, bool *escaped)
{
    const char *start = s->at++;

    *escaped = false;
    for (;;) {
        s->at += json_plain_run(s->at, (size_t)(s->end - s->at));
        if (s->at == s->end) {
            return scan_refuse(s, start, "unterminated string");
        }
        if (*s->at == '"') {
            s->at++;
            return true;
        }
        if (*s->at == '\\') {
            *escaped = true;
            if (!scan_escape(s)) {
                return false;
            }
        } else if ((unsigned char)*s->at < 0x20) {
            return scan_refuse(s, s->at, "control character in a string");
        } else {
            size_t size = utf8_sequence(s->at, (size_t)(s->end - s->at));

            if (size == 0) {
                return scan_refuse(s, s->at, "invalid UTF-8");
            }
            s->at += size;
        }
    }
}

/* After the closing quote of a key. */
static bool
scan_note_key(struct scan *s, const char *start, bool escaped)
{
    const char *key = start + 1;
    size_t len = (size_t)(s->at - 1 - key);

    if (escaped) {
        key = json_decode((struct json_value){JSON_STRING, start, (size_t)(s->at - start)},
                          s->scratch, &len);
        if (memchr(key, '\0', len) != NULL) {
            return scan_refuse(s, start, "U+0000 in a key");
        }
    }
    return json_keys_add(&s->keys, s->first_key[s->depth - 1], key, len) ||
           scan_refuse(s, start, "duplicate key");
}

/* Whether an integer (digits after an optional minus) fits in int64 or uint64. */
static bool
scan_fits_64_bits(const char *at, const char *end)
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

/*
 * Only a long number, or one with an exponent, can exceed a double. A short one is copied to the
 * stack, so that a text of nothing but numbers needs no memory.
 */
static bool
is_finite(struct scan *s, const char *start, bool exponent)
{
    size_t len = (size_t)(s->at - start);
    char number[64];

    if (!exponent && len < 300) {
        return true;
    }
    if (len >= sizeof(number)) {
        return isfinite(strtod(arena_strndup(s->scratch, start, len), NULL));
    }
    memcpy(number, start, len);
    number[len] = '\0';
    return isfinite(strtod(number, NULL));
}

static bool
scan_number(struct scan *s)
{
    const char *start = s->at;
    bool fraction = false, exponent = false;

    s->at += *s->at == '-';
    if (scan_peek(s) == '0') {
        s->at++;
        if (scan_skip_digits(s)) {
            return scan_refuse(s, start, "a number with a leading zero");
        }
    } else if (!scan_skip_digits(s)) {
        return scan_refuse(s, start, "a number without digits");
    }
    if (scan_peek(s) == '.') {
        s->at++;
        fraction = true;
        if (!scan_skip_digits(s)) {
            return scan_refuse(s, start, "a number without digits behind its point");
        }
    }
    if (scan_peek(s) == 'e' || scan_peek(s) == 'E') {
        s->at++;
        exponent = true;
        s->at += scan_peek(s) == '+' || scan_peek(s) == '-';
        if (!scan_skip_digits(s)) {
            return scan_refuse(s, start, "a number without digits in its exponent");
        }
    }
    if (!fraction && !exponent && !scan_fits_64_bits(start, s->at)) {
        return scan_refuse(s, start, "an integer beyond 64 bits");
    }
    return is_finite(s, start, exponent) || scan_refuse(s, start, "a number beyond a double");
}

static enum state
scan_word(struct scan *s, const char *word)
{
    size_t len = strlen(word);

    if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0) {
        return scan_fail(s, "a value was expected");
    }
    s->at += len;
    return AFTER_VALUE;
}

static enum state
scan_open_bracket(struct scan *s, char close, enum state next)
{
    if (s->depth == JSON_MAX_DEPTH) {
        return scan_fail(s, "nested too deeply");
    }
    s->closes[s->depth] = close;
    s->first_key[s->depth++] = s->keys.count;
    s->at++;
    return next;
}

static enum state
scan_close_bracket(struct scan *s)
{
    s->depth--;
    json_keys_drop(&s->keys, s->first_key[s->depth]);
    s->at++;
    return AFTER_VALUE;
}

static enum state
scan_value(struct scan *s)
{
    bool escaped;

    switch (scan_peek(s)) {
    case '{':
        return scan_open_bracket(s, '}', KEY_OR_END);
    case '[':
        return scan_open_bracket(s, ']', ELEMENT_OR_END);
    case '"':
        return scan_string(s, &escaped) ? AFTER_VALUE : FAILED;
    case 't':
        return scan_word(s, "true");
    case 'f':
        return scan_word(s, "false");
    case 'n':
        return scan_word(s, "null");
    default:
        break;
    }
    if (scan_peek(s) == '-' || (scan_peek(s) >= '0' && scan_peek(s) <= '9')) {
        return scan_number(s) ? AFTER_VALUE : FAILED;
    }
    return scan_fail(s, s->at == s->end ? "the text ends too early" : "a value was expected");
}

/* A key and its colon. */
static enum state
scan_key(struct scan *s)
{
    const char *start = s->at;
    bool escaped;

    if (scan_peek(s) != '"') {
        return scan_fail(s, s->at == s->end ? "the text ends too early" : "a key was expected");
    }
    if (!scan_string(s, &escaped) || !scan_note_key(s, start, escaped)) {
        return FAILED;
    }
    scan_skip_space(s);
    if (scan_peek(s) != ':') {
        return scan_fail(s, s->at == s->end ? "the text ends too early" : "\":\" was expected");
    }
    s->at++;
    return VALUE;
}

/* After a value inside a bracket. */
static enum state
scan_separator(struct scan *s)
{
    char close = s->closes[s->depth - 1];

    if (scan_peek(s) == close) {
        return scan_close_bracket(s);
    }
    if (scan_peek(s) == ',') {
        s->at++;
        return close == '}' ? KEY : VALUE;
    }
    if (s->at == s->end) {
        return scan_fail(s, "the text ends too early");
    }
    return scan_fail(s,
                     close == '}' ? "\",\" or \"}\" was expected" : "\",\" or \"]\" was expected");
}

static enum state
scan_step(struct scan *s, enum state state)
{
    switch (state) {
    case ELEMENT_OR_END:
        return scan_peek(s) == ']' ? scan_close_bracket(s) : scan_value(s);
    case VALUE:
        return scan_value(s);
    case KEY_OR_END:
        return scan_peek(s) == '}' ? scan_close_bracket(s) : scan_key(s);
    case KEY:
        return scan_key(s);
    case AFTER_VALUE:
        return scan_separator(s);
    case FAILED:
        break;
    }
    return FAILED;
}

static bool
scan_text(struct scan *s)
{
    enum state state = VALUE;

    do {
        scan_skip_space(s);
        state = scan_step(s, state);
    } while (state != FAILED && !(state == AFTER_VALUE && s->depth == 0));
    if (state == FAILED) {
        return false;
    }
    scan_skip_space(s);
    return s->at == s->end || scan_refuse(s, s->at, "text behind the value");
}

bool
json_check(const char *text, size_t len, struct arena *scratch, struct json_error *error)
{
    struct scan s;
    bool good;

    if (len > INT_MAX) {
        *error = (struct json_error){.offset = INT_MAX, .reason = "longer than 2 GiB"};
        return false;
    }
    s.at = text;
    s.end = text + len;
    s.scratch = scratch;
    s.depth = 0;
    json_keys_open(&s.keys);
    good = scan_text(&s);
    if (!good) {
        *error = (struct json_error){.offset = (size_t)(s.at - text), .reason = s.reason};
    }
    json_keys_close(&s.keys);
    return good;
}
