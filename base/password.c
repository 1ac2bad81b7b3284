/* The costs are OWASP's recommendation for argon2id: 19 MiB, 2 passes, 1 lane. */
#include "base/password.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "base/test_seams.h"
#include "base/unicode.h"

_Static_assert(PASSWORD_HASH_SIZE >= crypto_pwhash_STRBYTES, "a hash's text must fit");

static char
    nobody[PASSWORD_HASH_SIZE]; /* the hash of an unknown password, made when first needed */
static pthread_once_t nobody_once = PTHREAD_ONCE_INIT;

static void
make_nobody(void)
{
    char unknown[33];
    unsigned char bytes[16];

    randombytes_buf(bytes, sizeof(bytes));
    (void)sodium_bin2hex(unknown, sizeof(unknown), bytes, sizeof(bytes));
    if (!password_hash(unknown, nobody)) {
        nobody[0] = '\0'; /* matches nothing either */
    }
}

static bool
password_verify(const char *password, const char *hash)
{
    return crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
}

bool
password_hash(const char *password, char hash[static PASSWORD_HASH_SIZE])
{
    unsigned long long passes = test_cheap_passwords() ? crypto_pwhash_OPSLIMIT_MIN : 2;
    size_t memory = test_cheap_passwords() ? crypto_pwhash_MEMLIMIT_MIN : 19456 * (size_t)1024;
    struct arena a = {0};
    const char *normal = unicode_nfkc(password, &a);
    bool made = crypto_pwhash_str_alg(hash, normal, strlen(normal), passes, memory,
                                      crypto_pwhash_ALG_ARGON2ID13) == 0;

    arena_free(&a);
    return made;
}

bool
password_matches(const char *password, const char *hash)
{
    struct arena a = {0};
    const char *normal = unicode_nfkc(password, &a);
    const char *against = hash;
    bool same;

    (void)pthread_once(&nobody_once, make_nobody);
    if (hash == NULL) {
        against = nobody;
    }
    same = password_verify(normal, against);
    if (!same && strcmp(normal, password) != 0) {
        same = password_verify(password, against); /* hashed before passwords were normalized */
    }
    arena_free(&a);
    return same && hash != NULL;
}
