/*
 * The threads of a process share its key, which is set once and then only read. Every request makes
 * or checks several seals: SipHash costs a tenth of keyed BLAKE2b for texts as short as these.
 */
#include "db/redis/seal.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

enum { SEAL_BYTES = SEAL_LEN / 2 };

_Static_assert(SEAL_BYTES == crypto_shorthash_siphashx24_BYTES &&
                   SEAL_KEY_BYTES == crypto_shorthash_siphashx24_KEYBYTES,
               "the sizes of SipHash-2-4 with 128 bits");

#define COMPLAIN_US (INT64_C(60) * 1000 * 1000)

static uint8_t seal_key[SEAL_KEY_BYTES];
static atomic_bool seal_key_is_set;
static pthread_mutex_t seal_key_lock = PTHREAD_MUTEX_INITIALIZER;

void
seal_set_key(const uint8_t key[static SEAL_KEY_BYTES])
{
    pthread_mutex_lock(&seal_key_lock);
    if (!seal_has_key()) {
        memcpy(seal_key, key, sizeof(seal_key));
        atomic_store_explicit(&seal_key_is_set, true, memory_order_release);
    }
    pthread_mutex_unlock(&seal_key_lock);
}

bool
seal_has_key(void)
{
    return atomic_load_explicit(&seal_key_is_set, memory_order_acquire);
}

bool
seal_make(const void *bytes, size_t len, char seal[static SEAL_LEN])
{
    uint8_t hash[SEAL_BYTES];
    char text[SEAL_LEN + 1];

    if (!seal_has_key()) {
        return false;
    }
    (void)crypto_shorthash_siphashx24(hash, bytes, len, seal_key);
    (void)sodium_bin2hex(text, sizeof(text), hash, sizeof(hash));
    memcpy(seal, text, SEAL_LEN);
    return true;
}

/* The log must not grow with what a stranger writes to Redis. */
static void
seal_complain(void)
{
    static _Atomic int64_t complained_us;
    int64_t now = clock_mono_us(), last = atomic_load(&complained_us);

    if ((last == 0 || now - last > COMPLAIN_US) &&
        atomic_compare_exchange_strong(&complained_us, &last, now)) {
        log_warning("Redis holds or sends a value with a wrong seal, which is ignored: another "
                    "fastchat with another database, or a forgery");
    }
}

bool
seal_matches(const void *bytes, size_t len, const char seal[static SEAL_LEN])
{
    char expected[SEAL_LEN];

    if (!seal_make(bytes, len, expected)) {
        return false;
    }
    if (sodium_memcmp(expected, seal, SEAL_LEN) != 0) {
        seal_complain();
        return false;
    }
    return true;
}
