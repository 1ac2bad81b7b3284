/* base/json: accepted texts, refused texts, and written texts. */
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/utf8.h"
#include "t/unit/tap.h"

/* A text as an array, so that NUL may be in it. */
#define T(text) text, sizeof(text) - 1

struct sample {
    const char *text;
    size_t len;
    const char *reason; /* NULL: it is JSON */
    const char *what;
};

#define D8 "[[[[[[[["
#define U8 "]]]]]]]]"
#define O8 "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":"
#define C8 "}}}}}}}}"

static const char early[] = "the text ends too early", value[] = "a value was expected",
                  key[] = "a key was expected", duplicate[] = "duplicate key",
                  lone[] = "lone surrogate in a string", escape[] = "broken escape in a string",
                  control[] = "control character in a string", utf8[] = "invalid UTF-8",
                  open_string[] = "unterminated string", behind[] = "text behind the value",
                  comma_object[] = "\",\" or \"}\" was expected", colon[] = "\":\" was expected",
                  comma_array[] = "\",\" or \"]\" was expected", deep[] = "nested too deeply",
                  beyond[] = "an integer beyond 64 bits",
                  beyond_double[] = "a number beyond a double",
                  zero[] = "a number with a leading zero", digits[] = "a number without digits",
                  point[] = "a number without digits behind its point",
                  exponent[] = "a number without digits in its exponent",
                  nul_key[] = "U+0000 in a key";

/* clang-format off */
static const struct sample samples[] = {
    {T("{}"), NULL, "an empty object"},
    {T("[]"), NULL, "an empty array"},
    {T(" \t\r\n[ 1 , 2 ] \t\r\n"), NULL, "space around every token"},
    {T("{\"a\":1,\"b\":[true,false,null]}"), NULL, "an object with an array"},
    {T("null"), NULL, "null alone"},
    {T("true"), NULL, "true alone"},
    {T("\"text\""), NULL, "a string alone"},
    {T("0"), NULL, "0"},
    {T("-0"), NULL, "-0"},
    {T("-0.5e-3"), NULL, "a fraction with an exponent"},
    {T("1E+2"), NULL, "an exponent in capitals with a plus"},
    {T("[1.5,2e3]"), NULL, "doubles in an array"},
    {T("9223372036854775807"), NULL, "the largest int64"},
    {T("-9223372036854775808"), NULL, "the least int64"},
    {T("18446744073709551615"), NULL, "the largest uint64"},
    {T("1.7976931348623157e308"), NULL, "the largest double"},
    {T("1e-400"), NULL, "a number too small for a double is as good as 0"},
    {T("123456789012345678901234567890.5"), NULL, "a long fraction is a double"},
    {T("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\""), NULL, "every escape"},
    {T("\"\\u0000\""), NULL, "U+0000 in a string"},
    {T("\"\\ud83d\\ude00\""), NULL, "a surrogate pair"},
    {T("\"\\uDBFF\\uDFFF\""), NULL, "the last surrogate pair, in capitals"},
    {T("\"\\ud7ff\\ue000\""), NULL, "the neighbours of the surrogates"},
    {T("\"\x7F\xC2\x80\xEF\xBF\xBF\xF4\x8F\xBF\xBF\""), NULL, "DEL, C1 and non-characters"},
    {T("{\"\":1}"), NULL, "an empty key"},
    {T("{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}"), NULL, "the same key in other objects"},
    {T("[{\"a\":1},{\"a\":2}]"), NULL, "the same key in neighbours"},
    {T("{\"a\":1,\"A\":2,\"a \":3,\"\xC3\xA4\":4,\"a\xCC\x88\":5}"), NULL, "similar keys"},
    {T(D8 D8 D8 D8 U8 U8 U8 U8), NULL, "32 arrays inside one another"},
    {T(O8 O8 O8 O8 "1" C8 C8 C8 C8), NULL, "32 objects inside one another"},

    {T(""), early, "nothing"},
    {T("  "), early, "space alone"},
    {T("["), early, "an array that is not closed"},
    {T("[1"), early, "an array cut behind an element"},
    {T("[1,"), early, "an array cut behind a comma"},
    {T("{"), early, "an object that is not closed"},
    {T("{\"a\""), early, "an object cut behind a key"},
    {T("{\"a\":"), early, "an object cut behind a colon"},
    {T("{\"a\":1"), early, "an object cut behind a value"},
    {T("{\"a\":1,"), early, "an object cut behind a comma"},
    {T("tru"), value, "half a word"},
    {T("True"), value, "a word in capitals"},
    {T("nul\0"), value, "a word that ends in NUL"},
    {T("truefalse"), behind, "two words in one"},
    {T("NaN"), value, "NaN"},
    {T("nan"), value, "nan"},
    {T("Infinity"), value, "Infinity"},
    {T("-Infinity"), digits, "-Infinity"},
    {T("undefined"), value, "undefined"},
    {T("[1,]"), value, "a comma before the end of an array"},
    {T("[,1]"), value, "a comma at the beginning of an array"},
    {T("[1 2]"), comma_array, "no comma between elements"},
    {T("[1}"), comma_array, "an array closed as an object"},
    {T("]"), value, "a closing bracket alone"},
    {T("{\"a\":1,}"), key, "a comma before the end of an object"},
    {T("{,}"), key, "a comma alone in an object"},
    {T("{\"a\":1 \"b\":2}"), comma_object, "no comma between members"},
    {T("{\"a\":1]"), comma_object, "an object closed as an array"},
    {T("{\"a\" 1}"), colon, "no colon"},
    {T("{\"a\"}"), colon, "a key without a value"},
    {T("{\"a\":}"), value, "a colon without a value"},
    {T("{a:1}"), key, "a key without quotes"},
    {T("{1:1}"), key, "a number as a key"},
    {T("{'a':1}"), key, "a key in single quotes"},
    {T("'a'"), value, "a string in single quotes"},
    {T("{} {}"), behind, "two values"},
    {T("1 2"), behind, "two numbers"},
    {T("[]\0"), behind, "a NUL behind the value"},
    {T("\0"), value, "a NUL alone"},
    {T("/* c */1"), value, "a comment"},
    {T("1 // c"), behind, "a comment behind"},
    {T("\xEF\xBB\xBF{}"), value, "a byte order mark"},
    {T("\xC2\xA0" "1"), value, "another space than JSON's"},
    {T("\v1"), value, "a vertical tab"},

    {T("+1"), value, "a plus before a number"},
    {T(".5"), value, "no digit before the point"},
    {T("1."), point, "no digit behind the point"},
    {T("[1.]"), point, "no digit behind the point in an array"},
    {T("1.e5"), point, "a point before the exponent"},
    {T("1e"), exponent, "an exponent without digits"},
    {T("1e+"), exponent, "an exponent of a plus"},
    {T("-"), digits, "a minus alone"},
    {T("--1"), digits, "two minuses"},
    {T("01"), zero, "a leading zero"},
    {T("-01"), zero, "a leading zero behind a minus"},
    {T("00"), zero, "two zeros"},
    {T("0x10"), behind, "a hexadecimal number"},
    {T("1_000"), behind, "a separator in a number"},
    {T("1.2.3"), behind, "two points"},
    {T("18446744073709551616"), beyond, "one more than a uint64"},
    {T("-9223372036854775809"), beyond, "one less than an int64"},
    {T("100000000000000000000000000"), beyond, "an integer of 27 digits"},
    {T("1e309"), beyond_double, "an exponent beyond a double"},
    {T("-1e99999999999999999999"), beyond_double, "an exponent beyond everything"},

    {T("\"abc"), open_string, "a string that is not closed"},
    {T("\""), open_string, "a quote alone"},
    {T("\"abc\\\""), open_string, "an escaped quote does not close"},
    {T("\"a\nb\""), control, "a line feed in a string"},
    {T("\"a\tb\""), control, "a tab in a string"},
    {T("\"a\0b\""), control, "a NUL in a string"},
    {T("\"\x1F\""), control, "the last control in a string"},
    {T("{\"a\nb\":1}"), control, "a line feed in a key"},
    {T("\"\\x41\""), escape, "\\x"},
    {T("\"\\'\""), escape, "an escaped single quote"},
    {T("\"\\\n\""), escape, "an escaped line feed"},
    {T("\"\\U0041\""), escape, "\\U"},
    {T("\"\\u004\""), escape, "three digits behind \\u"},
    {T("\"\\u00g0\""), escape, "a letter that is no digit behind \\u"},
    {T("\"\\u+041\""), escape, "a sign behind \\u"},
    {T("\"\\"), escape, "a backslash at the end"},
    {T("\"\\u00"), escape, "an escape cut at the end"},
    {T("\"\\ud83d\""), lone, "a high surrogate alone"},
    {T("\"\\ude00\""), lone, "a low surrogate alone"},
    {T("\"\\ud83dx\""), lone, "a high surrogate before a letter"},
    {T("\"\\ud83d\\n\""), lone, "a high surrogate before an escape"},
    {T("\"\\ud83d\\u0041\""), lone, "a high surrogate before another character"},
    {T("\"\\ud83d\\ud83d\""), lone, "two high surrogates"},
    {T("\"\\ude00\\ud83d\""), lone, "a surrogate pair the wrong way round"},
    {T("\"\\ud83d\\ude0"), lone, "a surrogate pair cut at the end"},
    {T("\"\xC0\xAF\""), utf8, "overlong UTF-8"},
    {T("\"\xED\xA0\x80\""), utf8, "a surrogate in UTF-8"},
    {T("\"\xF4\x90\x80\x80\""), utf8, "beyond U+10FFFF"},
    {T("\"\xFF\""), utf8, "a byte that UTF-8 does not have"},
    {T("\"\xE4\xB8\""), utf8, "half a character before the quote"},
    {T("\"\xE4\xB8"), utf8, "half a character at the end"},
    {T("{\"\x80\":1}"), utf8, "a lone continuation in a key"},
    {T("\x80"), value, "a lone continuation outside of a string"},

    {T("{\"a\":1,\"a\":2}"), duplicate, "a key twice"},
    {T("{\"a\":1,\"\\u0061\":2}"), duplicate, "a key twice, once escaped"},
    {T("{\"/\":1,\"\\/\":2}"), duplicate, "a slash as a key, with and without its escape"},
    {T("{\"\xF0\x9F\x98\x80\":1,\"\\ud83d\\ude00\":2}"), duplicate, "a pair and its character"},
    {T("{\"\":1,\"\":2}"), duplicate, "the empty key twice"},
    {T("{\"a\":{\"b\":1},\"c\":[{\"a\":1}],\"a\":2}"), duplicate, "a key twice, far apart"},
    {T("{\"a\":{\"b\":1,\"c\":{\"b\":1},\"b\":2}}"), duplicate, "a key twice in an inner object"},
    {T("{\"\\u0000\":1}"), nul_key, "U+0000 as a key"},
    {T("{\"a\\u0000b\":1}"), nul_key, "U+0000 inside a key"},
    {T(D8 D8 D8 D8 "[" U8 U8 U8 U8 "]"), deep, "33 arrays inside one another"},
    {T(O8 O8 O8 O8 "{" C8 C8 C8 C8 "}"), deep, "33 objects inside one another"},
};
/* clang-format on */

/* On the heap and without a NUL, so that a sanitizer sees a read beyond the end. */
static bool
parse(const char *text, size_t len, struct json_object **tree, struct json_error *error)
{
    struct arena scratch = {0};
    char *copy = malloc(len > 0 ? len : 1);
    bool good;

    if (copy == NULL) {
        abort();
    }
    memcpy(copy, text, len);
    good = json_parse(copy, len, &scratch, tree, error);
    arena_free(&scratch);
    free(copy);
    return good;
}

static void
test_samples(void)
{
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        const struct sample *s = &samples[i];
        struct json_error error = {.reason = NULL};
        struct json_object *tree;
        bool good = parse(s->text, s->len, &tree, &error);
        char name[120];

        (void)snprintf(name, sizeof(name), "%s: %s", s->reason == NULL ? "taken" : "refused",
                       s->what);
        is_str(good ? NULL : error.reason, s->reason, name);
        if (!good && error.offset > s->len) {
            ok(false, "the place of the error is inside the text");
        }
        json_object_put(tree);
    }
}

static void
test_places(void)
{
    static const struct {
        const char *text;
        int offset;
    } places[] = {
        {"{\"a\":1,\"a\":2}", 7}, {"[1,2,x]", 5},
        {"\"ab\\x\"", 3},         {"\"ab\n\"", 3},
        {"{\"a\":1} x", 8},       {"[99999999999999999999]", 1},
        {"\"ab\\ud800\"", 3},     {"[", 1},
        {"\"abcdefgh\xFF\"", 9},  {"[\"abc", 1},
    };
    char name[80];

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        struct json_error error = {0};
        struct json_object *tree;

        (void)snprintf(name, sizeof(name), "the place of the error in sample %d", (int)i + 1);
        is_int(parse(places[i].text, strlen(places[i].text), &tree, &error) ? -1
                                                                            : (int)error.offset,
               places[i].offset, name);
    }
}

static void
test_tree(void)
{
    static const char text[] =
        "{\"n\":18446744073709551615,\"s\":\"a\\u0000b\\ud83d\\ude00\",\"z\":null} \n";
    struct json_object *tree, *member = NULL;
    struct json_error error;

    ok(parse(text, strlen(text), &tree, &error), "a tree is built");
    ok(json_object_object_get_ex(tree, "n", &member) &&
           json_object_get_uint64(member) == UINT64_MAX,
       "an integer of 64 bits keeps its value");
    ok(json_object_object_get_ex(tree, "s", &member) && json_object_get_string_len(member) == 7 &&
           memcmp(json_object_get_string(member), "a\0b\xF0\x9F\x98\x80", 7) == 0,
       "a string keeps its NUL, and a surrogate pair is one character");
    ok(json_object_object_get_ex(tree, "z", &member) && member == NULL,
       "a member that is null is there");
    json_object_put(tree);
    ok(parse("null", 4, &tree, &error) && tree == NULL, "null alone is success without a tree");
    ok(parse("12", 1, &tree, &error) && json_object_get_int(tree) == 1,
       "nothing behind the length is read");
    json_object_put(tree);
}

/* Many keys in one object, and many objects: both stay cheap, and no key is missed. */
static void
test_many_keys(void)
{
    struct buf text = {0};
    struct arena scratch = {0};
    struct json_error error = {0};

    buf_char(&text, '{');
    for (int i = 0; i < 100000; i++) {
        buf_printf(&text, "\"k%d\":{\"a\":1,\"b\":2},", i);
    }
    buf_str(&text, "\"last\":0}");
    ok(json_check(text.at, text.len, &scratch, &error), "100,000 keys in one object are taken");
    text.len -= strlen("\"last\":0}");
    buf_str(&text, "\"k5\\u0030000\":0}");
    ok(!json_check(text.at, text.len, &scratch, &error) && strcmp(error.reason, duplicate) == 0,
       "a second key among 100,000 objects is refused");
    buf_clear(&text);
    arena_reset(&scratch);
    buf_char(&text, '[');
    for (int i = 0; i < 100000; i++) {
        buf_str(&text, i == 0 ? "{\"a\":{\"b\":1}}" : ",{\"a\":{\"b\":1}}");
    }
    buf_char(&text, ']');
    ok(json_check(text.at, text.len, &scratch, &error), "100,000 objects are taken");
    ok(scratch.used < 4096, "100,000 objects need no more memory than one");
    buf_free(&text);
    arena_free(&scratch);
}

/* A control, a quote or a byte that is not UTF-8 at every place of runs of every length. */
static void
test_every_place(void)
{
    static const struct {
        const char *byte, *reason;
    } bad[] = {{"\n", control}, {"\x1F", control}, {"\\", escape}, {"\x80", utf8}, {"\xFF", utf8}};
    char text[64];
    bool found = true, placed = true;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        for (size_t len = 1; len < 40; len++) {
            for (size_t at = 0; at < len; at++) {
                struct json_object *tree;
                struct json_error error = {.reason = ""};

                text[0] = '"';
                memset(text + 1, 'z', len);
                text[1 + at] = bad[i].byte[0];
                text[1 + len] = '"';
                found = found && !parse(text, len + 2, &tree, &error) &&
                        (strcmp(error.reason, bad[i].reason) == 0 ||
                         (at == len - 1 && strcmp(error.reason, open_string) == 0));
                placed = placed && (error.offset == 1 + at || error.offset == 0);
            }
        }
    }
    ok(found, "a bad byte is found wherever it stands");
    ok(placed, "the offset of a bad byte is reported");
}

/* As json_string, and then in ASCII. */
static void
string_in_ascii(struct buf *out, const char *s, size_t len)
{
    struct buf plain = {0};

    json_string(&plain, s, len);
    json_ascii(out, plain.at, plain.len);
    buf_free(&plain);
}

static void
is_written(const char *s, size_t len, const char *want, const char *want_ascii, const char *what)
{
    struct buf out = {0};
    char name[120];

    (void)snprintf(name, sizeof(name), "written: %s", what);
    json_string(&out, s, len);
    is_str(buf_cstr(&out), want, name);
    buf_clear(&out);
    (void)snprintf(name, sizeof(name), "written in ASCII: %s", what);
    string_in_ascii(&out, s, len);
    is_str(buf_cstr(&out), want_ascii, name);
    buf_free(&out);
}

static void
test_writing(void)
{
    struct buf out = {0};

    is_written(T(""), "\"\"", "\"\"", "the empty string");
    is_written(T("a/b"), "\"a/b\"", "\"a/b\"", "a slash, as it is");
    is_written(T("\"\\\b\f\n\r\t"), "\"\\\"\\\\\\b\\f\\n\\r\\t\"", "\"\\\"\\\\\\b\\f\\n\\r\\t\"",
               "escapes of one letter");
    is_written(T("\0\x01\x1F\x7F"), "\"\\u0000\\u0001\\u001f\x7F\"",
               "\"\\u0000\\u0001\\u001f\x7F\"", "controls; DEL as it is");
    is_written(T("caf\xC3\xA9"), "\"caf\xC3\xA9\"", "\"caf\\u00e9\"", "two bytes");
    is_written(T("\xE4\xB8\xAD"), "\"\xE4\xB8\xAD\"", "\"\\u4e2d\"", "three bytes");
    is_written(T("\xF0\x9F\x98\x80"), "\"\xF0\x9F\x98\x80\"", "\"\\ud83d\\ude00\"", "four bytes");
    is_written(T("a\xFFz"), "\"a\xEF\xBF\xBDz\"", "\"a\\ufffdz\"", "a byte that is no UTF-8");
    is_written(T("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"",
               "\"\\ufffd\\ufffd\\ufffd\"", "a surrogate in UTF-8");
    is_written(T("\xE4\xB8"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"", "\"\\ufffd\\ufffd\"",
               "half a character");
    is_written(T("</script>\xE2\x80\xA8"), "\"</script>\xE2\x80\xA8\"", "\"</script>\\u2028\"",
               "a line separator, as it is");
    json_text(&out, NULL);
    buf_char(&out, ' ');
    json_text(&out, "null");
    is_str(buf_cstr(&out), "null \"null\"", "json_text tells NULL from \"null\"");
    buf_free(&out);
}

/* Valid UTF-8 reads back as it was written; other bytes become valid JSON. */
static void
test_round_trip(void)
{
    struct buf text = {0}, out = {0};
    bool same = true, json = true, ascii = true;

    for (int round = 0; round < 20000; round++) {
        bool valid;

        buf_clear(&text);
        for (uint32_t left = random_below(40); left > 0; left--) {
            char bytes[UTF8_MAX];
            uint32_t kind = random_below(8), c = random_below(kind < 4 ? 0x80 : 0xD800);

            if (kind == 7) {
                c = 0x10000 + random_below(0x100000);
            }
            if (kind == 6 && random_below(20) == 0) {
                buf_char(&text, (char)random_below(256));
            } else {
                buf_add(&text, bytes, utf8_put(bytes, c));
            }
        }
        valid = utf8_valid(buf_cstr(&text), text.len);
        for (int form = 0; form < 2; form++) {
            struct json_object *tree = NULL;
            struct json_error error;

            buf_clear(&out);
            (form == 0 ? json_string : string_in_ascii)(&out, text.at, text.len);
            json = json && parse(out.at, out.len, &tree, &error);
            if (valid && tree != NULL) {
                same = same && (size_t)json_object_get_string_len(tree) == text.len &&
                       memcmp(json_object_get_string(tree), text.at, text.len) == 0;
            }
            for (size_t i = 0; form == 1 && i < out.len; i++) {
                ascii = ascii && (unsigned char)out.at[i] < 0x80;
            }
            json_object_put(tree);
        }
    }
    ok(json, "whatever bytes are written, JSON leaves");
    ok(same, "UTF-8 reads back as it was");
    ok(ascii, "nothing beyond ASCII leaves json_ascii");
    buf_free(&text);
    buf_free(&out);
}

static void
test_every_character(void)
{
    bool same = true;

    for (uint32_t c = 1; c <= 0x10FFFF && same; c += c < 0xD7FF || c > 0xE000 ? 1 : 0x801) {
        char character[UTF8_MAX];
        size_t size = utf8_put(character, c);
        struct buf out = {0};
        struct json_object *tree = NULL;
        struct json_error error;

        string_in_ascii(&out, character, size);
        same = parse(out.at, out.len, &tree, &error) &&
               (size_t)json_object_get_string_len(tree) == size &&
               memcmp(json_object_get_string(tree), character, size) == 0;
        json_object_put(tree);
        buf_free(&out);
    }
    ok(same, "every character reads back from its escapes");
}

int
main(void)
{
    if (!ok(random_init(), "the system has randomness")) {
        return done_testing();
    }
    test_samples();
    test_places();
    test_tree();
    test_many_keys();
    test_every_place();
    test_writing();
    test_round_trip();
    test_every_character();
    return done_testing();
}
