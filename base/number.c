/* Overflow is checked before each digit. */
#include "base/number.h"

#include <string.h>

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
