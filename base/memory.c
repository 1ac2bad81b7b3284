/* The one place that knows what happens when memory runs out. */
#include "base/memory.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    FIRST_CAPACITY = 4,
    LARGE_BLOCK = 128 * 1024, /* glibc's initial thresholds */
};

void
memory_exhausted(size_t bytes)
{
    /* Not the log: it may need memory itself. */
    if (bytes > 0) {
        (void)fprintf(stderr, "fastchat: out of memory: %zu bytes wanted\n", bytes);
    } else {
        (void)fputs("fastchat: out of memory\n", stderr);
    }
    abort();
}

/*
 * By default glibc raises both thresholds with every large block that is freed, up to 32 and 64 MB:
 * after one large request, each thread would keep such memory for ever.
 */
void
memory_return_early(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
    (void)mallopt(M_TRIM_THRESHOLD, LARGE_BLOCK);
}

void *
memory_array(size_t count, size_t size)
{
    void *array = calloc(count > 0 ? count : 1, size); /* checks the product */

    if (array == NULL) {
        memory_exhausted(count > 0 && size > SIZE_MAX / count ? SIZE_MAX : count * size);
    }
    return array;
}

void *
memory_grow(void *array, size_t *capacity, size_t needed, size_t size)
{
    size_t larger = *capacity > 0 ? *capacity : FIRST_CAPACITY;

    if (array != NULL && needed <= *capacity) {
        return array;
    }
    while (larger < needed) {
        if (larger > SIZE_MAX / 2) {
            memory_exhausted(SIZE_MAX);
        }
        larger *= 2;
    }
    array = reallocarray(array, larger, size);
    if (array == NULL) {
        memory_exhausted(size > 0 && larger > SIZE_MAX / size ? SIZE_MAX : larger * size);
    }
    *capacity = larger;
    return array;
}
