/* Rules for names: what is taken, what is refused, and that the code agrees with the published expression. */
#include "routes/patterns.h"

#include "base/utf8.h"
#include "t/unit/tap.h"

struct sample {
    const char *text;
    bool holds;
    const char *what;
};

static const struct sample usernames[] = {
    {"li_lei", true, "ASCII letters and _"},
    {"X9", true, "capitals and digits"},
    {"", true, "nothing at all: lengths are the shape's own rule"},
    {"韩梅梅", true, "Chinese"},
    {"さくら", true, "hiragana"},
    {"カタカナ", true, "katakana"},
    {"佐々木", true, "the mark of repetition"},
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

static const struct sample lines[] = {
    {"李雷 & Hán", true, "text with a space inside"},
    {"😀", true, "an emoji"},
    {"👨\u200D👩\u200D👧", true, "an emoji of several, joined"},
    {"", true, "nothing at all: lengths are the shape's own rule"},
    {"a/b\"c\\d<e>", true, "punctuation"},
    {" a", false, "a space before it"},
    {"a ", false, "a space behind it"},
    {" ", false, "a space alone"},
    {"\u3000a", false, "an ideographic space before it"},
    {"a\u00A0", false, "a no-break space behind it"},
    {"a\u2003", false, "an em space behind it"},
    {"a\u202F", false, "a narrow no-break space behind it"},
    {"a\u200F", false, "a mark of direction behind it"},
    {"\uFEFFa", false, "a byte order mark before it"},
    {"a\nb", false, "a newline"},
    {"a\rb", false, "a carriage return"},
    {"a\tb", false, "a tab"},
    {"a\x1B[31mb", false, "an escape sequence"},
    {"a\x7F", false, "DEL"},
    {"a\xC2\x85z", false, "a control of Latin-1"},
    {"a\u2028b", false, "a line separator"},
    {"a\u2029b", false, "a paragraph separator"},
    {"a\u202Etxt.exe", false, "an override of direction"},
    {"a\u2066b", false, "an isolate of direction"},
};

static void
test(const char *rule, const struct pattern *pattern, const struct sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char name[120];

        (void)snprintf(name, sizeof(name), "%s %s: %s", rule,
                       samples[i].holds ? "takes" : "refuses", samples[i].what);
        ok(pattern->holds(samples[i].text) == samples[i].holds, name);
    }
    ok(pattern->en[0] != '\0' && pattern->zh[0] != '\0' && pattern->regex[0] == '^',
       "it is told in both languages, and as an expression");
}

/* What \s names in ECMA-262 (WhiteSpace and LineTerminator), and the characters without a width. */
static bool
is_blank(uint32_t c)
{
    return (c >= 0x09 && c <= 0x0D) || c == ' ' || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200F) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000 || c == 0xFEFF;
}

static bool
is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) || (c >= 0x2028 && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069);
}

/* What a client that follows the expression takes, the server takes, and nothing else. */
static void
test_expression(void)
{
    bool inside = true, ends = true;

    for (uint32_t c = 1; c <= 0x10FFFF; c++) {
        char text[UTF8_MAX + 3] = "x";
        size_t len;

        if (c >= 0xD800 && c <= 0xDFFF) {
            continue;
        }
        len = 1 + utf8_put(text + 1, c);
        text[len] = '\0';
        ends = ends && line_pattern.holds(text) == (!is_blank(c) && !is_control(c)) &&
               line_pattern.holds(text + 1) == line_pattern.holds(text);
        (void)strcat(text, "x");
        inside = inside && line_pattern.holds(text) == !is_control(c);
    }
    ok(inside, "a line refuses the same characters inside as its expression");
    ok(ends, "and the same ones at its ends");
}

int
main(void)
{
    test("a user name", &username_pattern, usernames, sizeof(usernames) / sizeof(usernames[0]));
    test("a line", &line_pattern, lines, sizeof(lines) / sizeof(lines[0]));
    test_expression();
    return done_testing();
}
