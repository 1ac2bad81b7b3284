/* Numbers in texts. */
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

/*
 * Writes the integer that a person may have typed in its plain form (-?[0-9]+, no zeros before the
 * first digit) to `to`, which needs strlen(text) + 1 bytes. The text may have spaces around it, a
 * "+", a single "_" between two digits, and ".000" at its end. Returns false if it is not an
 * integer.
 */
bool number_plain_integer(const char *text, char *to) __attribute__((nonnull, warn_unused_result));

/*
 * Reads a decimal number with spaces around it: a sign, digits, a point, an exponent, single "_"
 * inside; or "inf", "infinity" or "nan" in any case. A number beyond a double is infinite. Returns
 * false if the text is not a number.
 */
bool number_read_float(const char *text, double *n) __attribute__((nonnull, warn_unused_result));

enum { NUMBER_FLOAT_SIZE = 32 };

/*
 * Writes a finite number in the shortest form that reads back as the same: "0.1", "2.0", "1e+300".
 */
void number_write_float(double n, char text[static NUMBER_FLOAT_SIZE]);

#endif
