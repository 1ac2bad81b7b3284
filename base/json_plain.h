/* What most JSON strings are made of: shared by the check and the writer; for them alone. */
#ifndef BASE_JSON_PLAIN_H
#define BASE_JSON_PLAIN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * How many bytes at s stand for themselves and are ASCII: no quote, no backslash, no control. Eight at a time: a byte's
 * high bit is set in `odd` where it is one of those, or (never missing one) next to one.
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

#endif
