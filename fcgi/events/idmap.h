/* A hash table from an id (greater than 0) to a pointer. */
#ifndef FCGI_EVENTS_IDMAP_H
#define FCGI_EVENTS_IDMAP_H

#include <stddef.h>
#include <stdint.h>

/* Starts as `struct idmap m = {0}`. To visit every pair, walk over `slots`; free ones have id 0. */
struct idmap {
    struct idmap_slot {
        int64_t id;
        void *value;
    } * slots;
    size_t size; /* a power of two */
    size_t count;
};

/* Returns NULL if the id is not in the map. */
void *idmap_find(const struct idmap *m, int64_t id) __attribute__((nonnull));

/* The id must not be in the map yet. */
void idmap_add(struct idmap *m, int64_t id, void *value) __attribute__((nonnull));

/* Does nothing if the id is not in the map. May move another pair into the freed slot. */
void idmap_remove(struct idmap *m, int64_t id) __attribute__((nonnull));
void idmap_free(struct idmap *m) __attribute__((nonnull));

#endif
