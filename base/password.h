/* Passwords, as argon2id (RFC 9106) keeps them. Each call is meant to be slow: about 20 ms and 19 MiB. */
#ifndef BASE_PASSWORD_H
#define BASE_PASSWORD_H

#include <stdbool.h>

enum { PASSWORD_HASH_SIZE = 128 };

/* The text form of a new salted hash; false where memory is out. */
bool password_hash(const char *password, char hash[static PASSWORD_HASH_SIZE])
    __attribute__((nonnull, warn_unused_result));

/* Is it the password of that hash? With NULL for the hash the same work is done, and the answer is no. */
bool password_matches(const char *password, const char *hash)
    __attribute__((nonnull(1), warn_unused_result));

#endif
