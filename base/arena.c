/* Blocks that double in size, newest first. Only what was handed out is ever cleared again. */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_BLOCK = 16 * 1024,
    LARGEST_BLOCK = 1024 * 1024,
    ALIGNMENT = 16,
};

struct arena_block {
    struct arena_block *older;
    size_t size, used;
    _Alignas(ALIGNMENT) char bytes[];
};

static _Noreturn void
out_of_memory(void)
{
    (void)fputs("fastchat: out of memory\n", stderr);
    abort();
}

static struct arena_block *
add_block(struct arena *a, size_t least)
{
    size_t size = a->blocks == NULL ? FIRST_BLOCK : a->blocks->size * 2;
    struct arena_block *block;

    if (size > LARGEST_BLOCK) {
        size = LARGEST_BLOCK;
    }
    if (size < least) {
        size = least;
    }
    block = malloc(sizeof(*block) + size);
    if (block == NULL) {
        out_of_memory();
    }
    *block = (struct arena_block){.older = a->blocks, .size = size};
    a->blocks = block;
    return block;
}

void *
arena_alloc(struct arena *a, size_t size)
{
    struct arena_block *block = a->blocks;
    size_t rounded;
    void *at;

    if (size > SIZE_MAX / 2) {
        out_of_memory();
    }
    rounded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (block == NULL || block->size - block->used < rounded) {
        block = add_block(a, rounded);
    }
    at = block->bytes + block->used;
    block->used += rounded;
    a->used += rounded;
    return memset(at, 0, size);
}

void *
arena_array(struct arena *a, size_t count, size_t size)
{
    size_t whole;

    if (__builtin_mul_overflow(count, size, &whole)) {
        out_of_memory();
    }
    return arena_alloc(a, whole);
}

char *
arena_strndup(struct arena *a, const char *s, size_t len)
{
    char *copy = arena_alloc(a, len + 1);

    memcpy(copy, s, len);
    return copy;
}

char *
arena_strdup(struct arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

char *
arena_printf(struct arena *a, const char *format, ...)
{
    va_list args, again;
    char *text;
    int len;

    va_start(args, format);
    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0) {
        out_of_memory();
    }
    text = arena_alloc(a, (size_t)len + 1);
    (void)vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return text;
}

void
arena_reset(struct arena *a)
{
    while (a->blocks != NULL && a->blocks->older != NULL) {
        struct arena_block *block = a->blocks;

        a->blocks = block->older;
        free(block);
    }
    if (a->blocks != NULL) {
        a->blocks->used = 0;
    }
    a->used = 0;
}

void
arena_free(struct arena *a)
{
    arena_reset(a);
    free(a->blocks);
    a->blocks = NULL;
}
