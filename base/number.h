/* Whole numbers in texts. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Reads the decimal integer (-?[0-9]+) at *text, which moves after it. Returns false, and moves
 * nothing, if there is none or it is beyond int64.
 */
bool number_read(const char **text, int64_t *n) __attribute__((nonnull, warn_unused_result));

/*
 * The version at the beginning of a text: 1026003 for "1.26.3", 1026000 for "1.26". 0 if there is
 * none, if its first part is above 2000, or if another part is above 999.
 */
int number_version(const char *text) __attribute__((nonnull));

/* Whether the whole text is a decimal integer (-?[0-9]+) of any size. */
bool number_is_integer(const char *text) __attribute__((nonnull));

#endif
