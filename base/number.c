/* Overflow is checked before each digit. */
#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"

#define SPACES " \t\n\v\f\r"

bool
number_read(const char **text, int64_t *n)
{
    bool minus = **text == '-';
    const char *at = *text + minus, *digits = at;
    int64_t value = 0;

    for (; *at >= '0' && *at <= '9'; at++) {
        int digit = minus ? '0' - *at : *at - '0';

        if (__builtin_mul_overflow(value, (int64_t)10, &value) ||
            __builtin_add_overflow(value, (int64_t)digit, &value)) {
            return false;
        }
    }
    if (at == digits) {
        return false;
    }
    *text = at;
    *n = value;
    return true;
}

int
number_version(const char *text)
{
    int64_t parts[3] = {0};

    if (!number_read(&text, &parts[0]) || parts[0] < 0 || parts[0] > 2000) {
        return 0;
    }
    for (int i = 1; i < 3 && *text == '.'; i++) {
        text++;
        if (!number_read(&text, &parts[i]) || parts[i] < 0 || parts[i] > 999) {
            return 0;
        }
    }
    return (int)(parts[0] * 1000000 + parts[1] * 1000 + parts[2]);
}

bool
number_is_integer(const char *text)
{
    const char *digits = text + (text[0] == '-');

    return digits[0] != '\0' && digits[strspn(digits, "0123456789")] == '\0';
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *
skip_spaces(const char *text)
{
    return text + strspn(text, SPACES);
}

/* Copies a row of digits without each "_" that stands between two of them. Returns their end. */
static const char *
copy_digits(const char *text, char **to)
{
    const char *at = text;

    while (is_digit(*at) || (*at == '_' && at > text && is_digit(at[-1]) && is_digit(at[1]))) {
        if (*at != '_') {
            *(*to)++ = *at;
        }
        at++;
    }
    return at;
}

bool
number_plain_integer(const char *text, char *to)
{
    char *first = to, *digits;
    const char *at = skip_spaces(text), *after;

    if (*at == '-') {
        *to++ = '-';
    }
    at += *at == '-' || *at == '+';
    digits = to;
    after = copy_digits(at, &to);
    if (after == at) {
        return false;
    }
    if (after[0] == '.' && after[1] == '0') {
        after += 1 + strspn(after + 1, "0");
    }
    *to = '\0';
    at = digits + strspn(digits, "0");
    at -= *at == '\0'; /* a zero remains */
    memmove(digits, at, strlen(at) + 1);
    if (digits[0] == '0') {
        memmove(first, digits, 2); /* no "-0" */
    }
    return *skip_spaces(after) == '\0';
}

/* Whether all of a text is one of the words for what is not a finite number. */
static bool
read_not_finite(const char *text, size_t len, double *n)
{
    bool minus = len > 0 && text[0] == '-';

    if (len > 0 && (minus || text[0] == '+')) {
        text++;
        len--;
    }
    if (len == 3 && strncasecmp(text, "nan", len) == 0) {
        *n = NAN;
        return true;
    }
    if ((len == 3 && strncasecmp(text, "inf", len) == 0) ||
        (len == 8 && strncasecmp(text, "infinity", len) == 0)) {
        *n = minus ? -INFINITY : INFINITY;
        return true;
    }
    return false;
}

/* Copies a text without its "_"; false if it begins or ends with one, or has two in a row. */
static bool
copy_without_underscores(const char *text, size_t len, char *to)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '_') {
            *to++ = text[i];
        } else if (i == 0 || i == len - 1 || text[i - 1] == '_') {
            return false;
        }
    }
    *to = '\0';
    return true;
}

/* Whether a text is "-12.5e-3": at least one digit before the exponent, and one in it. */
static bool
is_decimal(const char *text)
{
    const char *at = text + (*text == '-' || *text == '+');
    size_t before = strspn(at, "0123456789"), after = 0;

    at += before;
    if (*at == '.') {
        after = strspn(at + 1, "0123456789");
        at += 1 + after;
    }
    if (before + after == 0) {
        return false;
    }
    if (*at == 'e' || *at == 'E') {
        at += 1 + (at[1] == '-' || at[1] == '+');
        if (!is_digit(*at)) {
            return false;
        }
        at += strspn(at, "0123456789");
    }
    return *at == '\0';
}

bool
number_read_float(const char *text, double *n)
{
    const char *at = skip_spaces(text);
    size_t len = strlen(at);
    char few[64], *copy = few;
    bool good;

    while (len > 0 && strchr(SPACES, at[len - 1]) != NULL) {
        len--;
    }
    if (read_not_finite(at, len, n)) {
        return true;
    }
    if (len >= sizeof(few)) {
        copy = memory_array(len + 1, 1);
    }
    good = copy_without_underscores(at, len, copy) && is_decimal(copy);
    if (good) {
        *n = strtod(copy, NULL);
    }
    if (copy != few) {
        free(copy);
    }
    return good;
}

void
number_write_float(double n, char text[static NUMBER_FLOAT_SIZE])
{
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, NUMBER_FLOAT_SIZE, "%.*g", digits, n);
        if (strtod(text, NULL) == n) {
            break;
        }
    }
    if (strpbrk(text, ".en") == NULL) {
        memcpy(text + strlen(text), ".0", sizeof(".0"));
    }
}
