/* Tokens come from libsodium's generator; request ids only have to differ. */
#include "base/random.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

static _Thread_local uint64_t request_counter; /* 0: not started */

static void
forget_counter(void)
{
    request_counter = 0;
}

/* A forked child forgets the counter, and so begins at a random start of its own. */
bool
random_init(void)
{
    return sodium_init() >= 0 && pthread_atfork(NULL, NULL, forget_counter) == 0;
}

void
random_token(char text[static TOKEN_TEXT_SIZE])
{
    uint8_t bytes[TOKEN_BYTES];

    randombytes_buf(bytes, sizeof(bytes));
    (void)sodium_bin2base64(text, TOKEN_TEXT_SIZE, bytes, sizeof(bytes),
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool
token_hash(const char *text, uint8_t hash[static TOKEN_HASH_BYTES])
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t len = strlen(text);

    if (len != TOKEN_TEXT_SIZE - 1 || strspn(text, alphabet) != len) {
        return false;
    }
    return crypto_generichash(hash, TOKEN_HASH_BYTES, (const unsigned char *)text, len, NULL, 0) ==
           0;
}

/* A counter per thread from a random start, mixed so that successive ids differ (splitmix64). */
void
random_request_id(char text[static REQUEST_ID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint64_t z;

    if (request_counter == 0) {
        randombytes_buf(&request_counter, sizeof(request_counter));
    }
    request_counter += UINT64_C(0x9E3779B97F4A7C15);
    z = request_counter;
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    z ^= z >> 31;
    for (int i = 0; i < REQUEST_ID_SIZE - 1; i++) {
        text[i] = digits[z >> 60];
        z <<= 4;
    }
    text[REQUEST_ID_SIZE - 1] = '\0';
}

uint32_t
random_below(uint32_t below)
{
    return randombytes_uniform(below);
}

int64_t
random_number(void)
{
    uint64_t n;

    randombytes_buf(&n, sizeof(n));
    return (int64_t)(n >> 1) | 1;
}
