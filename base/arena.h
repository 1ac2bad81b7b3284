/* The memory of one request: allocated in pieces, released as a whole. For one thread. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena_block;

/* Start with `struct arena a = {0}`. */
struct arena {
    struct arena_block *blocks; /* the current one first; arena_reset keeps one */
    size_t used;                /* bytes handed out since the last reset */
};

/*
 * `size` bytes, zeroed and aligned for any type; they live until arena_reset or arena_free. Never
 * NULL: without memory the process aborts (base/memory.h).
 */
void *arena_alloc(struct arena *a, size_t size)
    __attribute__((returns_nonnull, alloc_size(2), nonnull));

/* `count` elements of `size` bytes; the product is checked. */
void *arena_array(struct arena *a, size_t count, size_t size)
    __attribute__((returns_nonnull, alloc_size(2, 3), nonnull));

/* A NUL-terminated copy of `len` bytes. */
char *arena_strndup(struct arena *a, const char *s, size_t len)
    __attribute__((returns_nonnull, nonnull));
char *arena_strdup(struct arena *a, const char *s) __attribute__((returns_nonnull, nonnull));

char *arena_printf(struct arena *a, const char *format, ...)
    __attribute__((returns_nonnull, nonnull(1, 2), format(printf, 2, 3)));

/* Takes back all memory that was handed out; keeps one block for the next request. */
void arena_reset(struct arena *a) __attribute__((nonnull));

/* Returns all memory to the system; `a` may be used again. */
void arena_free(struct arena *a) __attribute__((nonnull));

#endif
