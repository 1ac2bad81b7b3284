/*
 * Seals: who can write to Redis cannot forge what the hosts write there. A seal is SipHash-2-4 with
 * a result of 128 bits, in hexadecimal; what it covers begins with what it is for, so that it does
 * not fit under another name. The key is in MySQL (db/secrets.h); a process that has not read it
 * yet makes no seals and accepts none.
 */
#ifndef DB_REDIS_SEAL_H
#define DB_REDIS_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SEAL_KEY_BYTES = 16,
    SEAL_LEN = 32, /* 16 bytes in hexadecimal; not NUL-terminated */
};

/* Gives the process its key; later calls change nothing. */
void seal_set_key(const uint8_t key[static SEAL_KEY_BYTES]) __attribute__((nonnull));
bool seal_has_key(void);

/* Returns false, and writes nothing, if the process has no key. */
bool seal_make(const void *bytes, size_t len, char seal[static SEAL_LEN])
    __attribute__((nonnull, warn_unused_result));

/* Whether `seal` is the seal of the bytes. Logs, at most once a minute, that it is not. */
bool seal_matches(const void *bytes, size_t len, const char seal[static SEAL_LEN])
    __attribute__((nonnull, warn_unused_result));

#endif
