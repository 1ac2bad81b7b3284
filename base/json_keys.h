/* The keys of the objects that are open while a JSON text is checked; for json_check alone. */
#ifndef BASE_JSON_KEYS_H
#define BASE_JSON_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct json_key;

/* Start with the arena alone set. */
struct json_keys {
    struct arena *arena;
    struct json_key *keys; /* in the order they came in */
    uint32_t *slots;       /* a hash table over them: 1 + a place in `keys`; 0: empty */
    size_t count, size;    /* of `keys`; there are twice as many slots */
};

/*
 * Add a decoded key of the object at that depth; false where the object has it already. The bytes
 * must stay.
 */
bool json_keys_add(struct json_keys *k, unsigned depth, const char *key, size_t len)
    __attribute__((nonnull, warn_unused_result));

/* The object at that depth ends: forget its keys. */
void json_keys_close(struct json_keys *k, unsigned depth) __attribute__((nonnull));

#endif
