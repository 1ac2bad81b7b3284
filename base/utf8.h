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
 * Bytes of the character that begins at `text`, where `left` bytes (at least 1) are; 0 where none
 * does.
 */
size_t utf8_sequence(const char *text, size_t left) __attribute__((nonnull));

/* Characters (code points) in a valid string. */
size_t utf8_length(const char *s, size_t len) __attribute__((nonnull));

/* The code point at *s, and *s moved behind it; the text must be valid and not at its end. */
uint32_t utf8_next(const char **s) __attribute__((nonnull));

/* Write a code point (no surrogate, at most U+10FFFF); returns its bytes. */
size_t utf8_put(char to[static UTF8_MAX], uint32_t c);

#endif
