/* UTF-8, checked by the table of RFC 3629 section 4. */
#include "base/utf8.h"

#include <string.h>

size_t
utf8_sequence(const char *text, size_t left)
{
    const unsigned char *s = (const unsigned char *)text;
    unsigned char low = 0x80, high = 0xBF; /* bounds of the second byte */
    size_t len = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;

    if (s[0] < 0x80) {
        return 1;
    }
    if (s[0] < 0xC2 || s[0] > 0xF4 || len > left) {
        return 0;
    }
    if (s[0] == 0xE0) {
        low = 0xA0; /* overlong below */
    } else if (s[0] == 0xED) {
        high = 0x9F; /* surrogates above */
    } else if (s[0] == 0xF0) {
        low = 0x90; /* overlong below */
    } else if (s[0] == 0xF4) {
        high = 0x8F; /* beyond U+10FFFF above */
    }
    if (s[1] < low || s[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return len;
}

bool
utf8_valid(const char *s, size_t len)
{
    const char *at = s, *end = s + len;

    while (at < end) {
        uint64_t eight;
        size_t step;

        if (end - at >= 8) {
            memcpy(&eight, at, sizeof(eight));
            if ((eight & UINT64_C(0x8080808080808080)) == 0) {
                at += 8;
                continue;
            }
        }
        step = utf8_sequence(at, (size_t)(end - at));
        if (step == 0) {
            return false;
        }
        at += step;
    }
    return true;
}

size_t
utf8_length(const char *s, size_t len)
{
    size_t characters = 0;

    for (size_t i = 0; i < len; i++) {
        characters += ((unsigned char)s[i] & 0xC0) != 0x80;
    }
    return characters;
}

uint32_t
utf8_next(const char **s)
{
    const unsigned char *at = (const unsigned char *)*s;
    size_t len = at[0] < 0x80 ? 1 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
    uint32_t c = len == 1 ? at[0] : at[0] & (0x7Fu >> len);

    for (size_t i = 1; i < len; i++) {
        c = c << 6 | (at[i] & 0x3Fu);
    }
    *s += len;
    return c;
}

size_t
utf8_put(char to[static UTF8_MAX], uint32_t c)
{
    static const unsigned char marks[] = {0x00, 0x00, 0xC0, 0xE0, 0xF0};
    size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    for (size_t i = len; i-- > 1;) {
        to[i] = (char)(0x80 | (c & 0x3F));
        c >>= 6;
    }
    to[0] = (char)(marks[len] | c);
    return len;
}
