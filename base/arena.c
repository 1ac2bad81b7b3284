/*
 * Blocks that double in size, the newest first. A large piece gets a block of its own, inserted
 * after the one that small pieces come from. Memory is zeroed when it is handed out, so a reset
 * costs nothing.
 */
#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#ifdef __SANITIZE_ADDRESS__
#define HAVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#endif

/* AddressSanitizer reports use of memory that was not handed out, or that a reset took back. */
#ifdef HAVE_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

enum {
    FIRST_BLOCK = 64 * 1024, /* a page of messages */
    LARGEST_BLOCK = 1024 * 1024,
    /* A piece of this size that does not fit into the current block gets a block of its own. */
    LARGE = 8 * 1024,
    ALIGNMENT = 16,
};

struct arena_block {
    struct arena_block *older;
    size_t size, used;
    bool first; /* a reset keeps this one */
    _Alignas(ALIGNMENT) char bytes[];
};

static struct arena_block *
arena_block_new(size_t size)
{
    struct arena_block *block = malloc(sizeof(*block) + size);

    if (block == NULL) {
        memory_exhausted(size);
    }
    *block = (struct arena_block){.size = size};
    ASAN_POISON_MEMORY_REGION(block->bytes, size);
    return block;
}

static void
arena_block_free(struct arena_block *block)
{
    ASAN_UNPOISON_MEMORY_REGION(block->bytes, block->size);
    free(block);
}

/* Adds a block with room for `size` bytes; the current one has none. */
static struct arena_block *
arena_add_block(struct arena *a, size_t size)
{
    struct arena_block *block;

    if (a->blocks == NULL) {
        a->blocks = arena_block_new(FIRST_BLOCK);
        a->blocks->first = true;
        if (size <= FIRST_BLOCK) {
            return a->blocks;
        }
    }
    if (size > LARGE) {
        block = arena_block_new(size);
        block->older = a->blocks->older;
        a->blocks->older = block;
    } else {
        block = arena_block_new(a->blocks->size < LARGEST_BLOCK / 2 ? a->blocks->size * 2
                                                                    : LARGEST_BLOCK);
        block->older = a->blocks;
        a->blocks = block;
    }
    return block;
}

/* Like arena_alloc, but the memory is not initialised. */
static void *
arena_take(struct arena *a, size_t size)
{
    struct arena_block *block = a->blocks;
    size_t rounded;
    void *at;

    if (size > SIZE_MAX / 2) {
        memory_exhausted(size);
    }
    rounded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (block == NULL || block->size - block->used < rounded) {
        block = arena_add_block(a, rounded);
    }
    at = block->bytes + block->used;
    block->used += rounded;
    a->used += rounded;
    ASAN_UNPOISON_MEMORY_REGION(at, size);
    return at;
}

void *
arena_alloc(struct arena *a, size_t size)
{
    return memset(arena_take(a, size), 0, size);
}

void *
arena_array(struct arena *a, size_t count, size_t size)
{
    size_t whole;

    if (__builtin_mul_overflow(count, size, &whole)) {
        memory_exhausted(SIZE_MAX);
    }
    return arena_alloc(a, whole);
}

char *
arena_strndup(struct arena *a, const char *s, size_t len)
{
    char *copy = arena_take(a, len + 1);

    memcpy(copy, s, len);
    copy[len] = '\0';
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
        memory_exhausted(SIZE_MAX);
    }
    text = arena_alloc(a, (size_t)len + 1);
    (void)vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return text;
}

void
arena_reset(struct arena *a)
{
    struct arena_block *block = a->blocks, *first = NULL;

    while (block != NULL) {
        struct arena_block *older = block->older;

        if (block->first) {
            first = block;
        } else {
            arena_block_free(block);
        }
        block = older;
    }
    if (first != NULL) {
        first->used = 0;
        first->older = NULL;
        ASAN_POISON_MEMORY_REGION(first->bytes, first->size);
    }
    a->blocks = first;
    a->used = 0;
}

void
arena_free(struct arena *a)
{
    arena_reset(a);
    if (a->blocks != NULL) {
        arena_block_free(a->blocks);
        a->blocks = NULL;
    }
}
