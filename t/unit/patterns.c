/* The rules for names accept and refuse the right texts, and agree with their published regexes. */
#include "routes/patterns.h"

#include "base/utf8.h"
#include "t/unit/tap.h"

struct pattern_sample {
    const char *text;
    bool holds;
    const char *description;
};

static const struct pattern_sample usernames[] = {
    {"li_lei", true, "ASCII letters and underscores"},
    {"X9", true, "capitals and digits"},
    {"", true, "an empty text, since the shape limits lengths"},
    {"韩梅梅", true, "Chinese characters"},
    {"さくら", true, "hiragana"},
    {"カタカナ", true, "katakana"},
    {"佐々木", true, "the iteration mark 々"},
    {"김철수", true, "hangul"},
    {"\xF0\xA0\x80\x80", true, "an ideograph of four bytes"},
    {"a b", false, "a space"},
    {"a-b", false, "a hyphen"},
    {"a.b", false, "a dot"},
    {"a@b", false, "an at sign"},
    {"a/b", false, "a slash"},
    {"a\nb", false, "a newline"},
    {"é", false, "an accented letter"},
    {"а", false, "a Cyrillic letter that looks like an ASCII one"},
    {"ａ", false, "a full-width letter"},
    {"١", false, "an Arabic digit"},
    {"a\u200Bb", false, "a zero-width space"},
    {"😀", false, "an emoji"},
};

static const struct pattern_sample lines[] = {
    {"李雷 & Hán", true, "a text with spaces inside"},
    {"😀", true, "an emoji"},
    {"👨\u200D👩\u200D👧", true, "several emoji joined into one"},
    {"", true, "an empty text, since the shape limits lengths"},
    {"a/b\"c\\d<e>", true, "punctuation"},
    {" a", false, "a leading space"},
    {"a ", false, "a trailing space"},
    {" ", false, "a space on its own"},
    {"\u3000a", false, "a leading ideographic space"},
    {"a\u00A0", false, "a trailing no-break space"},
    {"a\u2003", false, "a trailing em space"},
    {"a\u202F", false, "a trailing narrow no-break space"},
    {"a\u200F", false, "a trailing direction mark"},
    {"\uFEFFa", false, "a leading byte order mark"},
    {"a\nb", false, "a newline"},
    {"a\rb", false, "a carriage return"},
    {"a\tb", false, "a tab"},
    {"a\x1B[31mb", false, "an escape sequence"},
    {"a\x7F", false, "DEL"},
    {"a\xC2\x85z", false, "a Latin-1 control"},
    {"a\u2028b", false, "a line separator"},
    {"a\u2029b", false, "a paragraph separator"},
    {"a\u202Etxt.exe", false, "a direction override"},
    {"a\u2066b", false, "a direction isolate"},
};

static void
test_samples(const char *rule, const struct pattern *pattern, const struct pattern_sample *samples,
             size_t count)
{
    char name[120];

    for (size_t i = 0; i < count; i++) {
        (void)snprintf(name, sizeof(name), "%s %s %s", rule,
                       samples[i].holds ? "accepts" : "refuses", samples[i].description);
        ok(pattern->holds(samples[i].text) == samples[i].holds, name);
    }
    (void)snprintf(name, sizeof(name), "%s has a regex and a message in both languages", rule);
    ok(pattern->en[0] != '\0' && pattern->zh[0] != '\0' && pattern->regex[0] == '^', name);
}

/* What \s matches in ECMA-262 (WhiteSpace and LineTerminator), and the characters without width. */
static bool
is_blank(uint32_t c)
{
    return (c >= 0x09 && c <= 0x0D) || c == ' ' || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200F) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000 || c == 0xFEFF;
}

/* What \p{Cc} and the ranges after it in the regex match. */
static bool
is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) || (c >= 0x2028 && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069);
}

/* Checks every code point against the regex, which is_blank and is_control repeat by hand. */
static void
test_line_regex(void)
{
    bool inside = true, ends = true;

    for (uint32_t c = 1; c <= 0x10FFFF; c++) {
        char text[UTF8_MAX + 3] = "x";
        size_t len;

        if (c >= 0xD800 && c <= 0xDFFF) {
            continue; /* surrogates, which UTF-8 does not encode */
        }
        len = 1 + utf8_put(text + 1, c);
        text[len] = '\0';
        ends = ends && line_pattern.holds(text) == (!is_blank(c) && !is_control(c)) &&
               line_pattern.holds(text + 1) == line_pattern.holds(text);
        (void)strcat(text, "x");
        inside = inside && line_pattern.holds(text) == !is_control(c);
    }
    ok(inside, "inside a line, the code refuses the same characters as the regex");
    ok(ends, "at the ends of a line, the code refuses the same characters as the regex");
}

int
main(void)
{
    test_samples("a user name", &username_pattern, usernames,
                 sizeof(usernames) / sizeof(usernames[0]));
    test_samples("a line", &line_pattern, lines, sizeof(lines) / sizeof(lines[0]));
    test_line_regex();
    return done_testing();
}
