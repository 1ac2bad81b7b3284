/* UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    UTF8_MAX = 4, /* bytes of the longest character */
};

bool utf8_valid(const char *s, size_t len) __attribute__((nonnull));

/*
 * The length in bytes of the character at `text`, which has `left` bytes (at least 1); 0 if it does
 * not begin a character.
 */
size_t utf8_sequence(const char *text, size_t left) __attribute__((nonnull));

/* The number of characters (code points) of a valid string. */
size_t utf8_length(const char *s, size_t len) __attribute__((nonnull));

/* The code point at *s, which moves after it. The text must be valid and not at its end. */
uint32_t utf8_next(const char **s) __attribute__((nonnull));

/* Writes a code point (at most U+10FFFF, not a surrogate) and returns its length. */
size_t utf8_put(char to[static UTF8_MAX], uint32_t c);

#endif
