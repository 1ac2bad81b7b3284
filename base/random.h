/* Unguessable ids and tokens, and the hash under which a token is stored. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TOKEN_BYTES = 32,      /* 256 random bits */
    TOKEN_TEXT_SIZE = 44,  /* base64url without padding (RFC 4648 section 5), and its NUL */
    TOKEN_HASH_BYTES = 32, /* BLAKE2b-256 */
    REQUEST_ID_SIZE = 17,  /* 16 hexadecimal digits, and their NUL */
};

/* Call once before the other functions. Returns false if the system has no randomness. */
bool random_init(void) __attribute__((warn_unused_result));

void random_token(char text[static TOKEN_TEXT_SIZE]);

/*
 * The hash of a token's text. Returns false, and writes nothing, if `text` does not have the form
 * of a token.
 */
bool token_hash(const char *text, uint8_t hash[static TOKEN_HASH_BYTES])
    __attribute__((nonnull, warn_unused_result));

/* For practical purposes unique in all processes; cheap, not secret. */
void random_request_id(char text[static REQUEST_ID_SIZE]);

/* Uniformly distributed from 0 to below - 1. */
uint32_t random_below(uint32_t below);

/* A positive number that cannot be guessed and does not repeat. */
int64_t random_number(void);

#endif
