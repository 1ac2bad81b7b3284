/* From an id (greater than 0) to a pointer. */
#ifndef FCGI_EVENTS_IDMAP_H
#define FCGI_EVENTS_IDMAP_H

#include <stddef.h>
#include <stdint.h>

/* Start with `struct idmap m = {0}`. A walk over `slots` meets every pair whose id is not 0. */
struct idmap {
    struct idmap_slot {
        int64_t id;
        void *value;
    } * slots;
    size_t size; /* a power of two */
    size_t count;
};

/* NULL where the id is not in it. */
void *idmap_find(const struct idmap *m, int64_t id) __attribute__((nonnull));

/* The id must not be in it yet. Aborts when memory is out, like the arena. */
void idmap_add(struct idmap *m, int64_t id, void *value) __attribute__((nonnull));

void idmap_remove(struct idmap *m, int64_t id) __attribute__((nonnull));
void idmap_free(struct idmap *m) __attribute__((nonnull));

#endif
