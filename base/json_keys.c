/*
 * One hash table for all open objects, which differ in their depth. The hash is keyed with random
 * bytes of this process, so that nobody can send keys that all collide. Keys are removed in reverse
 * order, so a slot can simply be emptied: no later key has been placed past it.
 */
#include "base/json_keys.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

enum { FIRST_SIZE = 16 };

struct json_key {
    const char *bytes;
    size_t len;
    uint64_t hash;
    size_t slot;
    unsigned depth;
};

static unsigned char hash_key[crypto_shorthash_KEYBYTES];
static pthread_once_t hash_key_once = PTHREAD_ONCE_INIT;

static void
make_hash_key(void)
{
    randombytes_buf(hash_key, sizeof(hash_key));
}

/* SipHash-2-4 of the key, offset by the depth. */
static uint64_t
hash_of(unsigned depth, const char *key, size_t len)
{
    uint64_t hash;
    unsigned char bytes[crypto_shorthash_BYTES];

    _Static_assert(sizeof(bytes) == sizeof(hash), "a hash has 64 bits");
    (void)crypto_shorthash(bytes, (const unsigned char *)key, len, hash_key);
    memcpy(&hash, bytes, sizeof(hash));
    return hash + depth * UINT64_C(0x9E3779B97F4A7C15);
}

static bool
is_same(const struct json_key *a, const struct json_key *b)
{
    return a->hash == b->hash && a->depth == b->depth && a->len == b->len &&
           memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* The slot of a key, or the empty slot for it. */
static size_t
find_slot(const struct json_keys *k, const struct json_key *key)
{
    size_t mask = k->size * 2 - 1, slot = (size_t)key->hash & mask;

    while (k->slots[slot] != 0 && !is_same(&k->keys[k->slots[slot] - 1], key)) {
        slot = (slot + 1) & mask;
    }
    return slot;
}

static void
json_keys_place(struct json_keys *k, size_t at, size_t slot)
{
    k->keys[at].slot = slot;
    k->slots[slot] = (uint32_t)(at + 1);
}

static void
json_keys_grow(struct json_keys *k)
{
    size_t size = k->size == 0 ? FIRST_SIZE : k->size * 2;
    struct json_key *keys = arena_array(k->arena, size, sizeof(*keys));

    if (k->count > 0) {
        memcpy(keys, k->keys, k->count * sizeof(*keys));
    }
    k->keys = keys;
    k->size = size;
    k->slots = arena_array(k->arena, size * 2, sizeof(*k->slots));
    for (size_t i = 0; i < k->count; i++) {
        json_keys_place(k, i, find_slot(k, &k->keys[i]));
    }
}

bool
json_keys_add(struct json_keys *k, unsigned depth, const char *key, size_t len)
{
    struct json_key new = {.bytes = key, .len = len, .depth = depth};
    size_t slot;

    (void)pthread_once(&hash_key_once, make_hash_key);
    new.hash = hash_of(depth, key, len);
    if (k->count == k->size) {
        json_keys_grow(k);
    }
    slot = find_slot(k, &new);
    if (k->slots[slot] != 0) {
        return false;
    }
    k->keys[k->count] = new;
    json_keys_place(k, k->count, slot);
    k->count++;
    return true;
}

void
json_keys_close(struct json_keys *k, unsigned depth)
{
    while (k->count > 0 && k->keys[k->count - 1].depth == depth) {
        k->count--;
        k->slots[k->keys[k->count].slot] = 0;
    }
}
