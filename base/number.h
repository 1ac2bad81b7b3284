/* Whole numbers in texts. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* The decimal integer (-?[0-9]+) at *text, which moves behind it. False, and nothing moved, for none or one beyond int64. */
bool number_read(const char **text, int64_t *n) __attribute__((nonnull, warn_unused_result));

/*
 * The version that the text begins with, "1.26.3" or "1.26": the number 1026003 or 1026000. 0 if it
 * begins with none, or with one of whose parts the first is above 2000 or another above 999.
 */
int number_version(const char *text) __attribute__((nonnull));

/* Is the whole text a decimal integer, -?[0-9]+, of whatever size? */
bool number_is_integer(const char *text) __attribute__((nonnull));

#endif
