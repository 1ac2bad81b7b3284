/*
 * Each rule is written twice and must be changed twice: as a regular expression for clients, and by
 * code point for the server, which needs no regex engine.
 */
#include "routes/patterns.h"

#include "base/utf8.h"

static bool
codepoint_is_cjk(uint32_t c)
{
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
           (c >= 0x20000 && c <= 0x3134F) || (c >= 0x3041 && c <= 0x3096) ||
           (c >= 0x30A1 && c <= 0x30FA) || c == 0x3005 || (c >= 0xAC00 && c <= 0xD7A3);
}

static bool
username_holds(const char *text)
{
    while (*text != '\0') {
        uint32_t c = utf8_next(&text);

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            c != '_' && !codepoint_is_cjk(c)) {
            return false;
        }
    }
    return true;
}

const struct pattern username_pattern = {
    .regex = "^[A-Za-z0-9_\\u{4E00}-\\u{9FFF}\\u{3400}-\\u{4DBF}\\u{20000}-\\u{3134F}"
             "\\u{3041}-\\u{3096}\\u{30A1}-\\u{30FA}\\u{3005}\\u{AC00}-\\u{D7A3}]*$",
    .holds = username_holds,
    .en = "may contain only letters, digits, _ and Chinese, Japanese or Korean characters",
    .zh = "只能包含字母、数字、下划线和中日韩文字",
};

/* Spaces, and marks that have no width. */
static bool
codepoint_is_space(uint32_t c)
{
    return c == ' ' || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200F) || c == 0x202F ||
           c == 0x205F || c == 0x3000 || c == 0xFEFF;
}

/* Controls, line and paragraph separators, and marks that change the direction of nearby text. */
static bool
codepoint_is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x2028 && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069);
}

static bool
line_holds(const char *text)
{
    uint32_t first = 0, last = 0;

    while (*text != '\0') {
        last = utf8_next(&text);
        first = first == 0 ? last : first;
        if (codepoint_is_control(last)) {
            return false;
        }
    }
    return !codepoint_is_space(first) && !codepoint_is_space(last);
}

const struct pattern line_pattern = {
    .regex = "^(?![\\s\\u{200B}-\\u{200F}])[^\\p{Cc}\\u{2028}-\\u{202E}\\u{2066}-\\u{2069}]*"
             "(?<![\\s\\u{200B}-\\u{200F}])$",
    .holds = line_holds,
    .en = "must be one line of text without leading or trailing spaces",
    .zh = "只能是一行文字，首尾不能有空格",
};
