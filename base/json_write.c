/* JSON strings, written straight into a buffer. */
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"

/* Bytes that cannot stand in a string as they are. */
static bool
needs_escape(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

static void
put_escape(struct buf *out, unsigned char c)
{
    static const char names[] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};

    if (c == '"' || c == '\\') {
        buf_char(out, '\\');
        buf_char(out, (char)c);
    } else if (c < sizeof(names) && names[c] != '\0') {
        buf_char(out, '\\');
        buf_char(out, names[c]);
    } else {
        buf_printf(out, "\\u%04x", c);
    }
}

/* Bytes of the next character; 0 where they are not UTF-8. */
static size_t
character(const char *at, size_t left)
{
    unsigned char c = (unsigned char)*at;
    size_t len = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;

    return len <= left && utf8_valid(at, len) ? len : 0;
}

static void
put_unit(struct buf *out, uint32_t unit)
{
    buf_printf(out, "\\u%04x", (unsigned)unit);
}

static void
put_ascii(struct buf *out, uint32_t c)
{
    if (c >= 0x10000) {
        put_unit(out, 0xD800 + ((c - 0x10000) >> 10));
        put_unit(out, 0xDC00 + ((c - 0x10000) & 0x3FF));
    } else {
        put_unit(out, c);
    }
}

static void
write_string(struct buf *out, const char *s, size_t len, bool ascii)
{
    bool valid = utf8_valid(s, len);
    const char *at = s, *end = s + len;

    buf_reserve(out, len + 2);
    buf_char(out, '"');
    while (at < end) {
        const char *run = at;

        while (at < end && !needs_escape((unsigned char)*at) &&
               ((unsigned char)*at < 0x80 || (valid && !ascii))) {
            at++;
        }
        buf_add(out, run, (size_t)(at - run));
        if (at == end) {
            break;
        }
        if (needs_escape((unsigned char)*at)) {
            put_escape(out, (unsigned char)*at++);
        } else {
            size_t size = character(at, (size_t)(end - at));

            if (size == 0) {
                buf_str(out, ascii ? "\\ufffd" : "\xEF\xBF\xBD");
                at++;
            } else if (ascii) {
                put_ascii(out, utf8_next(&at));
            } else {
                buf_add(out, at, size);
                at += size;
            }
        }
    }
    buf_char(out, '"');
}

void
json_string(struct buf *out, const char *s, size_t len)
{
    write_string(out, s, len, false);
}

void
json_string_ascii(struct buf *out, const char *s, size_t len)
{
    write_string(out, s, len, true);
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
