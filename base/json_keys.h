/*
 * The keys of the objects that are open while json_check reads a text; only json_check uses this.
 */
#ifndef BASE_JSON_KEYS_H
#define BASE_JSON_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JSON_KEYS_FEW = 16 }; /* so many need no memory of their own */

struct json_key {
    const char *bytes;
    uint32_t len, hash;
};

/* Begins with json_keys_open, ends with json_keys_close. */
struct json_keys {
    struct json_key *keys; /* in the order they were added */
    uint32_t *slots;       /* a hash table over them: 1 + an index in `keys`; 0: empty */
    size_t count, size;    /* of `keys`; there are twice as many slots */
    struct json_key few_keys[JSON_KEYS_FEW];
    uint32_t few_slots[2 * JSON_KEYS_FEW];
};

void json_keys_open(struct json_keys *k) __attribute__((nonnull));
void json_keys_close(struct json_keys *k) __attribute__((nonnull));

/*
 * Adds a decoded key of the innermost open object, whose keys are those from index `first` on.
 * Returns false if the object has it already. The bytes, less than 4 GiB, must stay valid.
 */
bool json_keys_add(struct json_keys *k, size_t first, const char *key, size_t len)
    __attribute__((nonnull, warn_unused_result));

/* Removes the keys from index `first` on: their object ends. */
void json_keys_drop(struct json_keys *k, size_t first) __attribute__((nonnull));

#endif
