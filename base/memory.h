/*
 * Heap memory that outlives a request: the lifetime of a module, a connection, a queue element.
 * Memory that lives as long as a request comes from its arena (base/arena.h).
 *
 * No function returns NULL: a process without memory writes one line on stderr and aborts, and its
 * supervisor starts another. Everything returned is released with free().
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

/* `count` elements of `size` bytes, zeroed; `count` may be 0. The product is checked. */
void *memory_array(size_t count, size_t size)
    __attribute__((returns_nonnull, warn_unused_result, alloc_size(1, 2)));

/* One zeroed struct: struct hub *hub = memory_new(struct hub). */
#define memory_new(type) ((type *)memory_array(1, sizeof(type)))

/*
 * Makes room for `needed` elements of `size` bytes in an array of *capacity elements (NULL for 0).
 * At least doubles the capacity when it has to move the array, so appending n elements costs O(n).
 * New elements are not initialised. Returns the array, which may have moved.
 */
void *memory_grow(void *array, size_t *capacity, size_t needed, size_t size)
    __attribute__((returns_nonnull, warn_unused_result, nonnull(2)));

/*
 * From now on, free() returns large blocks to the system at once, so that a process shrinks again
 * after a large request.
 */
void memory_return_early(void);

/* Reports and aborts: for calls of a library that fail only without memory. `bytes` 0: unknown. */
void memory_exhausted(size_t bytes) __attribute__((noreturn));

#endif
