/* base/buf and base/utf8: growing buffers, and characters. */
#include "base/buf.h"

#include <stdint.h>
#include <string.h>

#include "base/utf8.h"
#include "t/unit/tap.h"

static void
test_adding(void)
{
    struct buf b = {0};

    is_str(buf_cstr(&b), "", "an empty buffer is the empty string");
    buf_str(&b, "id ");
    buf_int(&b, -42);
    buf_char(&b, ';');
    buf_add(&b, "abcdef", 3);
    buf_add(&b, NULL, 0);
    buf_printf(&b, "<%s>", "x");
    is_str(buf_cstr(&b), "id -42;abc<x>", "pieces stand one behind the other");
    is_int((int64_t)b.len, 13, "the NUL of buf_cstr does not count");
    buf_clear(&b);
    buf_int(&b, INT64_MIN);
    buf_char(&b, ' ');
    buf_int(&b, INT64_MAX);
    buf_char(&b, ' ');
    buf_int(&b, 0);
    is_str(buf_cstr(&b), "-9223372036854775808 9223372036854775807 0",
           "the whole range of int64 is written");
    buf_free(&b);
}

static void
test_growing(void)
{
    struct buf b = {0};
    bool same = true;

    for (int i = 0; i < 100000; i++) {
        buf_printf(&b, "%06d", i);
    }
    is_int((int64_t)b.len, 600000, "a buffer grows as far as it must");
    for (int i = 0; i < 100000; i += 997) {
        char want[16];

        (void)snprintf(want, sizeof(want), "%06d", i);
        same = same && memcmp(b.at + 6 * (size_t)i, want, 6) == 0;
    }
    ok(same, "a growing buffer keeps its contents");
    buf_clear(&b);
    is_int((int64_t)b.len, 0, "a cleared buffer is empty");
    ok(b.cap <= 256 * 1024, "a cleared buffer keeps at most 256 KiB");
    buf_printf(&b, "%0*d", 5000, 1);
    is_int((int64_t)b.len, 5000, "buf_printf makes room for a long text");
    buf_clear(&b);
    ok(b.cap >= 5000, "a cleared buffer keeps a small allocation");
    buf_free(&b);
    ok(b.at == NULL && b.cap == 0, "a freed buffer holds no memory");
}

struct sample {
    const char *bytes;
    int characters; /* -1: not UTF-8 */
    const char *what;
};

static const struct sample samples[] = {
    {"", 0, "nothing"},
    {"plain ASCII, longer than eight bytes", 36, "ASCII"},
    {"\x7F", 1, "DEL"},
    {"\xC2\x80", 1, "U+0080, the first of two bytes"},
    {"\xDF\xBF", 1, "U+07FF, the last of two bytes"},
    {"\xE0\xA0\x80", 1, "U+0800, the first of three bytes"},
    {"\xED\x9F\xBF", 1, "U+D7FF, the last before the surrogates"},
    {"\xEE\x80\x80", 1, "U+E000, the first behind the surrogates"},
    {"\xEF\xBF\xBF", 1, "U+FFFF, the last of three bytes"},
    {"\xF0\x90\x80\x80", 1, "U+10000, the first of four bytes"},
    {"\xF4\x8F\xBF\xBF", 1, "U+10FFFF, the last of all"},
    {"abcdefg\xE4\xB8\xAD\xE6\x96\x87xyz", 12, "Chinese among ASCII"},
    {"\x80", -1, "a lone continuation"},
    {"abcdefgh\xBF", -1, "a lone continuation behind eight bytes"},
    {"\xC0\x80", -1, "an overlong NUL"},
    {"\xC1\xBF", -1, "an overlong DEL"},
    {"\xE0\x9F\xBF", -1, "three bytes where two serve"},
    {"\xF0\x8F\xBF\xBF", -1, "four bytes where three serve"},
    {"\xED\xA0\x80", -1, "a high surrogate"},
    {"\xED\xBF\xBF", -1, "a low surrogate"},
    {"\xF4\x90\x80\x80", -1, "U+110000"},
    {"\xF5\x80\x80\x80", -1, "a first byte that no character has"},
    {"\xFF", -1, "0xFF"},
    {"a\xC3", -1, "two bytes cut after one"},
    {"\xE4\xB8", -1, "three bytes cut after two"},
    {"\xF0\x9F\x98", -1, "four bytes cut after three"},
    {"\xE4\xB8z", -1, "a third byte that is ASCII"},
};

static void
test_samples(void)
{
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        const struct sample *s = &samples[i];
        size_t len = strlen(s->bytes);
        char name[120];

        (void)snprintf(name, sizeof(name), "%s: %s", s->characters >= 0 ? "taken" : "refused",
                       s->what);
        if (ok(utf8_valid(s->bytes, len) == (s->characters >= 0), name) && s->characters >= 0) {
            (void)snprintf(name, sizeof(name), "characters of %s", s->what);
            is_int((int64_t)utf8_length(s->bytes, len), s->characters, name);
        }
    }
}

/* Every code point passes all functions. */
static void
test_every_character(void)
{
    bool valid = true, same = true, lengths = true;

    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        char text[UTF8_MAX + 1] = "";
        const char *at = text;
        size_t len;

        if (c == 0xD800) {
            c = 0xE000;
        }
        len = utf8_put(text, c);
        valid = valid && utf8_valid(text, len) && utf8_sequence(text, len) == len;
        same = same && utf8_next(&at) == c && at == text + len;
        lengths = lengths && (len == 1 || utf8_sequence(text, len - 1) == 0);
    }
    ok(valid, "every code point is written as valid UTF-8");
    ok(same, "a character is read as it was written");
    ok(lengths, "a character without its last byte is not valid");
}

int
main(void)
{
    test_adding();
    test_growing();
    test_samples();
    test_every_character();
    return done_testing();
}
