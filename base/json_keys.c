/*
 * One hash table for all open objects, which differ in the index of their first key. The hash is
 * keyed with random bytes of this process, so that nobody can send keys that all collide. Keys are
 * removed in reverse order, so a slot can simply be emptied: no later key has been placed past it.
 * A key takes 24 to 48 bytes. They are not from an arena, which would keep every outgrown table.
 */
#include "base/json_keys.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static unsigned char hash_key[crypto_shorthash_KEYBYTES];
static pthread_once_t hash_key_once = PTHREAD_ONCE_INIT;

static void
make_hash_key(void)
{
    randombytes_buf(hash_key, sizeof(hash_key));
}

/* SipHash-2-4 of the key, different in each open object. */
static uint32_t
hash_of(size_t first, const char *key, size_t len)
{
    uint64_t hash;
    unsigned char bytes[crypto_shorthash_BYTES];

    _Static_assert(sizeof(bytes) == sizeof(hash), "a hash has 64 bits");
    (void)crypto_shorthash(bytes, (const unsigned char *)key, len, hash_key);
    memcpy(&hash, bytes, sizeof(hash));
    return (uint32_t)((hash + first * UINT64_C(0x9E3779B97F4A7C15)) >> 32);
}

static size_t
next_slot(const struct json_keys *k, size_t slot)
{
    return (slot + 1) & (k->size * 2 - 1);
}

static size_t
first_slot(const struct json_keys *k, const struct json_key *key)
{
    return key->hash & (k->size * 2 - 1);
}

/* Puts the key at an index of `keys` into the first free slot. */
static void
json_keys_place(struct json_keys *k, size_t index)
{
    size_t slot = first_slot(k, &k->keys[index]);

    while (k->slots[slot] != 0) {
        slot = next_slot(k, slot);
    }
    k->slots[slot] = (uint32_t)(index + 1);
}

static bool
json_keys_have(const struct json_keys *k, size_t first, const struct json_key *key)
{
    for (size_t slot = first_slot(k, key); k->slots[slot] != 0; slot = next_slot(k, slot)) {
        size_t index = k->slots[slot] - 1;
        const struct json_key *other = &k->keys[index];

        if (index >= first && other->hash == key->hash && other->len == key->len &&
            memcmp(other->bytes, key->bytes, key->len) == 0) {
            return true;
        }
    }
    return false;
}

void
json_keys_open(struct json_keys *k)
{
    (void)pthread_once(&hash_key_once, make_hash_key);
    k->keys = k->few_keys;
    k->slots = k->few_slots;
    k->count = 0;
    k->size = JSON_KEYS_FEW;
    memset(k->few_slots, 0, sizeof(k->few_slots));
}

void
json_keys_close(struct json_keys *k)
{
    if (k->keys != k->few_keys) {
        free(k->keys);
        free(k->slots);
    }
}

static void
json_keys_grow(struct json_keys *k)
{
    struct json_key *keys = memory_array(k->size * 2, sizeof(*keys));
    uint32_t *slots = memory_array(k->size * 4, sizeof(*slots));

    memcpy(keys, k->keys, k->count * sizeof(*keys));
    json_keys_close(k);
    k->keys = keys;
    k->slots = slots;
    k->size *= 2;
    for (size_t i = 0; i < k->count; i++) {
        json_keys_place(k, i);
    }
}

bool
json_keys_add(struct json_keys *k, size_t first, const char *key, size_t len)
{
    struct json_key new = {key, (uint32_t)len, hash_of(first, key, len)};

    if (json_keys_have(k, first, &new)) {
        return false;
    }
    if (k->count == k->size) {
        json_keys_grow(k);
    }
    k->keys[k->count] = new;
    json_keys_place(k, k->count++);
    return true;
}

void
json_keys_drop(struct json_keys *k, size_t first)
{
    while (k->count > first) {
        size_t slot = first_slot(k, &k->keys[--k->count]);

        while (k->slots[slot] != k->count + 1) {
            slot = next_slot(k, slot);
        }
        k->slots[slot] = 0;
    }
}
