/* A buffer that doubles, and keeps its memory. */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum {
    SMALLEST_CAP = 1024,
    KEPT_CAP = 256 * 1024, /* what buf_clear keeps at most */
};

void
buf_reserve(struct buf *b, size_t more)
{
    size_t cap = b->cap == 0 ? SMALLEST_CAP : b->cap;
    char *at;

    if (b->cap - b->len >= more) {
        return;
    }
    if (more > SIZE_MAX / 4 - b->len) {
        memory_exhausted(more);
    }
    while (cap - b->len < more) {
        cap *= 2;
    }
    at = realloc(b->at, cap);
    if (at == NULL) {
        memory_exhausted(cap);
    }
    b->at = at;
    b->cap = cap;
}

void
buf_int(struct buf *b, int64_t n)
{
    char digits[20];
    size_t at = sizeof(digits);
    uint64_t rest = n < 0 ? -(uint64_t)n : (uint64_t)n;

    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (n < 0) {
        buf_char(b, '-');
    }
    buf_add(b, digits + at, sizeof(digits) - at);
}

/* Formats twice only if the text does not fit into the free room. */
void
buf_printf(struct buf *b, const char *format, ...)
{
    va_list args, again;
    int len;

    buf_reserve(b, 1);
    va_start(args, format);
    va_copy(again, args);
    len = vsnprintf(b->at + b->len, b->cap - b->len, format, args);
    va_end(args);
    if (len > 0 && (size_t)len >= b->cap - b->len) {
        buf_reserve(b, (size_t)len + 1);
        len = vsnprintf(b->at + b->len, (size_t)len + 1, format, again);
    }
    va_end(again);
    b->len += len > 0 ? (size_t)len : 0;
}

const char *
buf_cstr(struct buf *b)
{
    buf_reserve(b, 1);
    b->at[b->len] = '\0';
    return b->at;
}

void
buf_clear(struct buf *b)
{
    if (b->cap > KEPT_CAP) {
        buf_free(b);
    }
    b->len = 0;
}

void
buf_free(struct buf *b)
{
    free(b->at);
    *b = (struct buf){0};
}
