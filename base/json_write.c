/* JSON strings, written straight into a buffer; runs of plain bytes are copied as a whole. */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/json_plain.h"
#include "base/number.h"
#include "base/utf8.h"

/* Writes a byte below 0x80 that must be escaped. */
static void
put_escape(struct buf *out, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    static const char names[128] = {
        ['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
        ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't',
    };
    char unit[] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 0xF]};

    if (names[c] != '\0') {
        unit[1] = names[c];
        buf_add(out, unit, 2);
    } else {
        buf_add(out, unit, sizeof(unit));
    }
}

static void
put_unit(struct buf *out, uint32_t unit)
{
    static const char digits[] = "0123456789abcdef";
    const char text[] = {'\\',
                         'u',
                         digits[unit >> 12 & 0xF],
                         digits[unit >> 8 & 0xF],
                         digits[unit >> 4 & 0xF],
                         digits[unit & 0xF]};

    buf_add(out, text, sizeof(text));
}

static void
put_ascii(struct buf *out, uint32_t c)
{
    if (c < 0x10000) {
        put_unit(out, c);
    } else {
        put_unit(out, 0xD800 + ((c - 0x10000) >> 10));
        put_unit(out, 0xDC00 + ((c - 0x10000) & 0x3FF));
    }
}

/* The first byte at s that cannot be copied unchanged, or the end. */
static const char *
end_of_run(const char *s, const char *end)
{
    for (;;) {
        size_t size;

        s += json_plain_run(s, (size_t)(end - s));
        if (s == end || (unsigned char)*s < 0x80) {
            return s;
        }
        size = utf8_sequence(s, (size_t)(end - s));
        if (size == 0) {
            return s;
        }
        s += size;
    }
}

void
json_string(struct buf *out, const char *s, size_t len)
{
    const char *end = s + len;

    buf_reserve(out, len + 2);
    buf_char(out, '"');
    for (;;) {
        const char *run = s;

        s = end_of_run(s, end);
        buf_add(out, run, (size_t)(s - run));
        if (s == end) {
            break;
        }
        if (utf8_sequence(s, (size_t)(end - s)) == 0) {
            buf_str(out, "\xEF\xBF\xBD");
        } else {
            put_escape(out, (unsigned char)*s);
        }
        s++;
    }
    buf_char(out, '"');
}

void
json_float(struct buf *out, double n)
{
    char text[NUMBER_FLOAT_SIZE];

    if (isfinite(n)) {
        number_write_float(n, text);
        buf_str(out, text);
    } else {
        buf_str(out, "null");
    }
}

void
json_ascii(struct buf *out, const char *json, size_t len)
{
    const char *end = json + len;

    buf_reserve(out, len);
    while (json < end) {
        const char *run = json;

        while (json < end && (unsigned char)*json < 0x80) {
            json++;
        }
        buf_add(out, run, (size_t)(json - run));
        if (json == end) {
            break;
        }
        if (utf8_sequence(json, (size_t)(end - json)) == 0) {
            put_unit(out, 0xFFFD);
            json++;
        } else {
            put_ascii(out, utf8_next(&json));
        }
    }
}

void
json_text(struct buf *out, const char *s)
{
    if (s == NULL) {
        buf_str(out, "null");
    } else {
        json_string(out, s, strlen(s));
    }
}
