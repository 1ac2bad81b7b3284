/* Runs of plain bytes and escapes in JSON strings; only base/json_*.c use this. */
#ifndef BASE_JSON_PLAIN_H
#define BASE_JSON_PLAIN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * How many bytes at s are plain ASCII: no quote, no backslash, no control character. Reads eight at
 * a time: the high bit of a byte in `odd` is set if it is not plain, and sometimes if only its
 * neighbour is not; it never misses one.
 */
static inline size_t
json_plain_run(const char *s, size_t len)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
    size_t at = 0;

    for (; at + 8 <= len; at += 8) {
        uint64_t eight, quote, backslash, odd;

        memcpy(&eight, s + at, sizeof(eight));
        quote = eight ^ ones * '"';
        backslash = eight ^ ones * '\\';
        odd = ((quote - ones) | (backslash - ones) | (eight - ones * 0x20) | eight) & highs;
        if (odd != 0) {
            break;
        }
    }
    while (at < len) {
        unsigned char c = (unsigned char)s[at];

        if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\') {
            break;
        }
        at++;
    }
    return at;
}

static inline int
json_hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The UTF-16 unit of "\uXXXX" at `at`; -1 if there is no such escape. */
static inline long
json_unit(const char *at, const char *end)
{
    long unit = 0;

    if (end - at < 6 || at[0] != '\\' || at[1] != 'u') {
        return -1;
    }
    for (int i = 2; i < 6; i++) {
        int digit = json_hex_digit(at[i]);

        if (digit < 0) {
            return -1;
        }
        unit = unit * 16 + digit;
    }
    return unit;
}

/* The character of a high and a low surrogate. */
static inline uint32_t
json_pair(long high, long low)
{
    return 0x10000 + (((uint32_t)high - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
}

/*
 * Reads the escape that begins with the backslash at *at, which moves after it. Returns NULL, or
 * the reason why it is broken; *at then stays.
 */
const char *json_escape(const char **at, const char *end, uint32_t *c) __attribute__((nonnull));

#endif
