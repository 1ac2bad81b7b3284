/* A growing byte buffer, which its owner keeps from one reply to the next. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Start with `struct buf b = {0}`. Not NUL-terminated unless buf_cstr is called. */
struct buf {
    char *at;
    size_t len;
    size_t cap;
};

/* Makes room for `more` bytes beyond `len`; aborts without memory (base/memory.h). */
void buf_reserve(struct buf *b, size_t more) __attribute__((nonnull));

/*
 * Inline: a reply consists of hundreds of calls, and the compiler then knows the length of
 * literals.
 */
__attribute__((nonnull(1))) static inline void
buf_add(struct buf *b, const void *bytes, size_t len)
{
    if (len > 0) {
        if (b->cap - b->len < len) {
            buf_reserve(b, len);
        }
        memcpy(b->at + b->len, bytes, len);
        b->len += len;
    }
}

__attribute__((nonnull)) static inline void
buf_str(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

__attribute__((nonnull)) static inline void
buf_char(struct buf *b, char c)
{
    if (b->cap == b->len) {
        buf_reserve(b, 1);
    }
    b->at[b->len++] = c;
}

void buf_int(struct buf *b, int64_t n) __attribute__((nonnull));
void buf_printf(struct buf *b, const char *format, ...)
    __attribute__((nonnull(1, 2), format(printf, 2, 3)));

/* The contents with a NUL after them, which `len` does not count. */
const char *buf_cstr(struct buf *b) __attribute__((nonnull, returns_nonnull));

/* Empties the buffer; keeps up to 256 KiB of its memory. */
void buf_clear(struct buf *b) __attribute__((nonnull));
void buf_free(struct buf *b) __attribute__((nonnull));

#endif
