/* base/json_read: values are read in place, as json-c reads them. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/random.h"
#include "t/unit/json_same.h"
#include "t/unit/tap.h"

static struct arena arena;

/* On the heap and without a NUL, so that a sanitizer sees a read beyond the end. */
static bool
reads_as_tree(const char *text)
{
    size_t len = strlen(text);
    char *copy = malloc(len);
    struct json_object *tree = NULL;
    struct json_error error;
    bool same;

    if (copy == NULL) {
        abort();
    }
    memcpy(copy, text, len);
    same = json_parse(copy, len, &arena, &tree, &error) &&
           json_same(json_whole(copy, len), tree, &arena);
    json_object_put(tree);
    arena_reset(&arena);
    free(copy);
    return same;
}

static void
test_values(void)
{
    static const char *const texts[] = {
        "null",
        "true",
        " false ",
        "0",
        "-0",
        "-9223372036854775808",
        "9223372036854775807",
        "18446744073709551615",
        "1.5",
        "1e3",
        "1E-3",
        "\"\"",
        "\"a\"",
        "\"\\\"\"",
        "\"\\\\\"",
        "\"\\\\\\\"]}\"",
        "\"\\u0000\"",
        "\"\\ud83d\\ude00 \xE5\xA5\xBD\\n\"",
        "[]",
        "[ ]",
        "{}",
        "{ }",
        "[1,[2,[3]],{}]",
        "[\"]\",\"[\",\"\\\\\",\"}\"]",
        "[\n 1 ,\t2\r]",
        "{\"a\":1,\"b\":[true,false,null]}",
        "{ \"a\" : { \"b\" : \"}\" } , \"c\" : [ ] }",
        "{\"\\u0061\\\"\":{\"\":\"\"},\",\":\":\"}",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        "[1e1,1.0,-1,\"1\",null]",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char name[120];

        (void)snprintf(name, sizeof(name), "is read as json-c reads it: %.80s", texts[i]);
        ok(reads_as_tree(texts[i]), name);
    }
}

/* Appends a random value with random space around its tokens. */
static void
put_value(struct buf *out, unsigned depth)
{
    static const char *const words[] = {
        "null", "true", "-1",       "0",         "2.5e1",
        "\"\"", "{}",   "\"\\\\\"", "\"\\\"}\"", "\"\xE5\xA5\xBD\""};
    static const char *const spaces[] = {"", "", "", " ", "\n\t"};
    uint32_t kind = random_below(depth == 0 ? 8 : 12);

    buf_str(out, spaces[random_below(5)]);
    if (kind < 8) {
        buf_str(out, words[random_below(10)]);
    } else {
        bool list = kind < 10;

        buf_char(out, list ? '[' : '{');
        for (uint32_t i = 0, count = random_below(5); i < count; i++) {
            buf_str(out, i > 0 ? "," : "");
            if (!list) {
                buf_printf(out, "\"%s%u\"%s:", random_below(2) == 0 ? "\\u0041" : "k,", i,
                           spaces[random_below(5)]);
            }
            put_value(out, depth - 1);
        }
        buf_char(out, list ? ']' : '}');
    }
    buf_str(out, spaces[random_below(5)]);
}

static void
test_random_values(void)
{
    struct buf text = {0};
    bool same = true;

    for (int i = 0; i < 5000 && same; i++) {
        buf_clear(&text);
        put_value(&text, 6);
        same = reads_as_tree(buf_cstr(&text));
    }
    if (!ok(same, "any value is read as json-c reads it")) {
        diag("%s", buf_cstr(&text));
    }
    buf_free(&text);
}

static void
test_absent(void)
{
    static const char text[] = "{\"a\":1}";
    struct json_value whole = json_whole(text, strlen(text));

    ok(json_member(whole, "a").kind == JSON_INTEGER, "a member is found by its name");
    ok(json_member(whole, "b").kind == JSON_ABSENT, "a member that is not there is absent");
    ok(json_member(json_member(whole, "a"), "x").kind == JSON_ABSENT, "a number has no members");
    ok(json_count(json_member(whole, "a")) == 0, "a number has no elements");
    ok(!json_equals(whole, "a"), "an object equals no text");
    ok(!json_equals(json_member(whole, "b"), ""), "an absent value equals no text");
}

/* The bytes of the arena that the check of a megabyte of one part takes. */
static size_t
scratch_of(const char *part)
{
    struct buf text = {0};
    struct json_error error = {.reason = ""};
    size_t used;

    buf_char(&text, '[');
    while (text.len < 1024 * 1024) {
        buf_str(&text, text.len > 1 ? "," : "");
        buf_str(&text, part);
    }
    buf_char(&text, ']');
    if (!json_check(text.at, text.len, &arena, &error)) {
        diag("%s: %s", part, error.reason);
        used = SIZE_MAX;
    } else {
        used = arena.used;
    }
    arena_reset(&arena);
    buf_free(&text);
    return used;
}

static void
test_scratch(void)
{
    static const char *const parts[] = {"{}",      "[]",          "1",        "1e1",
                                        "-1.5E+1", "\"\\u0001\"", "{\"a\":1}"};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        char name[80];

        (void)snprintf(name, sizeof(name), "a megabyte of %s is checked without memory", parts[i]);
        ok(scratch_of(parts[i]) == 0, name);
    }
    ok(scratch_of("{\"\\n\":1}") < 3 * 1024 * 1024,
       "keys with escapes take at most three times their bytes");
}

int
main(void)
{
    if (!ok(random_init(), "the system has randomness")) {
        return done_testing();
    }
    test_values();
    test_random_values();
    test_absent();
    test_scratch();
    arena_free(&arena);
    return done_testing();
}
