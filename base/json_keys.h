/*
 * The keys of the objects that are open while json_check reads a text; only json_check uses this.
 */
#ifndef BASE_JSON_KEYS_H
#define BASE_JSON_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct json_key;

/* Start with only the arena set. */
struct json_keys {
    struct arena *arena;
    struct json_key *keys; /* in the order they were added */
    uint32_t *slots;       /* a hash table over them: 1 + an index in `keys`; 0: empty */
    size_t count, size;    /* of `keys`; there are twice as many slots */
};

/*
 * Adds a decoded key of the object at a depth. Returns false if the object has it already. The
 * bytes must stay valid.
 */
bool json_keys_add(struct json_keys *k, unsigned depth, const char *key, size_t len)
    __attribute__((nonnull, warn_unused_result));

/* Ends the object at a depth: removes its keys. */
void json_keys_close(struct json_keys *k, unsigned depth) __attribute__((nonnull));

#endif
