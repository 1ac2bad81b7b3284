/*
 * Passwords as argon2id hashes (RFC 9106). Every call is slow on purpose: about 20 ms and 19 MiB.
 * A password is hashed in form NFKC (NIST SP 800-63B section 5.1.1.2), so that it is the same from
 * every keyboard.
 */
#ifndef BASE_PASSWORD_H
#define BASE_PASSWORD_H

#include <stdbool.h>

enum { PASSWORD_HASH_SIZE = 128 };

/* Makes a new salted hash in text form. Returns false without memory. */
bool password_hash(const char *password, char hash[static PASSWORD_HASH_SIZE])
    __attribute__((nonnull, warn_unused_result));

/*
 * Whether the password, in form NFKC or as it is, belongs to the hash. NULL for the hash costs the
 * same work as a wrong password and returns false.
 */
bool password_matches(const char *password, const char *hash)
    __attribute__((nonnull(1), warn_unused_result));

#endif
