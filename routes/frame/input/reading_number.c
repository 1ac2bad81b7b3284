/* Numbers and booleans, converted as pydantic does in its lax mode: docs/api.md has the table. */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "routes/frame/fault.h"
#include "routes/frame/input/reading.h"

#define ID_MAX ((int64_t)9007199254740991) /* 2^53 - 1: exact in every JSON reader */
#define INT64_END 9223372036854775808.0    /* 2^63 */

static const struct bound too_small = {"greater_than_equal", "\"ge\":#", "must be at least #",
                                       "不能小于 #"};
static const struct bound too_large = {"less_than_equal", "\"le\":#", "must be at most #",
                                       "不能大于 #"};
static const struct bound too_many_digits = {"int_parsing_size", NULL, "must have at most # digits",
                                             "最多 # 位"};

static bool
reading_int_bounds(const struct reading *r, int64_t n)
{
    int64_t max = r->field->max != 0 ? r->field->max : ID_MAX;

    if (n < r->field->min) {
        reading_bound_fault(r, &too_small, r->field->min);
        return false;
    }
    if (n > max) {
        reading_bound_fault(r, &too_large, max);
        return false;
    }
    return true;
}

/* The plain form of an integer of any size; NULL after noting that it is not an integer. */
static const char *
reading_plain_integer(const struct reading *r, const char *text, size_t len)
{
    char *plain;

    if (strlen(text) == len && number_is_integer(text) && text[text[0] == '-'] != '0') {
        return text;
    }
    plain = arena_alloc(r->req->caller.arena, len + 1);
    if (strlen(text) == len && number_plain_integer(text, plain)) {
        return plain;
    }
    reading_fault(r, "int_parsing", NULL, "must be a whole number", "必须是整数");
    return NULL;
}

/* Beyond int64 the result is its nearest limit, which no field allows. */
static bool
reading_int_text(const struct reading *r, const char *text, size_t len, int64_t *to)
{
    const char *plain = reading_plain_integer(r, text, len);

    if (plain == NULL) {
        return false;
    }
    if (!number_read(&plain, to)) {
        *to = plain[0] == '-' ? INT64_MIN : INT64_MAX;
    }
    return reading_int_bounds(r, *to);
}

/* A number with a point or an exponent: its value counts, not how it is written. */
static bool
reading_int_fraction(const struct reading *r, int64_t *to)
{
    double n = json_double(r->value, r->req->caller.arena);

    if (n != floor(n)) {
        reading_fault(r, "int_from_float", NULL, "must be a whole number, without a fraction",
                      "必须是整数，不能带小数");
        return false;
    }
    if (n < -INT64_END || n >= INT64_END) {
        reading_fault(r, "int_parsing_size", NULL, "is too large for a whole number",
                      "超出了整数的范围");
        return false;
    }
    *to = (int64_t)n;
    return reading_int_bounds(r, *to);
}

bool
reading_int(const struct reading *r, int64_t *to)
{
    const char *text;
    size_t len;

    if (r->text == NULL && r->value.kind == JSON_INTEGER) {
        *to = json_int64(r->value);
        return reading_int_bounds(r, *to);
    }
    if (r->text == NULL && r->value.kind == JSON_FRACTION) {
        return reading_int_fraction(r, to);
    }
    if (r->text == NULL && r->value.kind == JSON_BOOLEAN) {
        *to = r->value.at[0] == 't';
        return reading_int_bounds(r, *to);
    }
    text = reading_given_text(r, &len);
    if (text == NULL) {
        reading_fault(r, "int_type", NULL, "must be a whole number", "必须是整数");
        return false;
    }
    return reading_int_text(r, text, len, to);
}

/* An integer of any size, kept as text. */
bool
reading_digits(const struct reading *r, const char **to)
{
    const char *text = reading_plain_integer(r, r->text, strlen(r->text));

    if (text == NULL) {
        return false;
    }
    if (strlen(text) - (text[0] == '-') > (size_t)r->field->max) {
        reading_bound_fault(r, &too_many_digits, r->field->max);
        return false;
    }
    *to = text;
    return true;
}

static bool
reading_float_bounds(const struct reading *r, double n)
{
    const struct field *f = r->field;

    if (!isfinite(n)) {
        reading_fault(r, "finite_number", NULL, "must be a finite number", "必须是有限的数");
        return false;
    }
    if (f->float_min == 0 && f->float_max == 0) {
        return true;
    }
    if (n < f->float_min) {
        reading_float_bound_fault(r, &too_small, f->float_min);
        return false;
    }
    if (n > f->float_max) {
        reading_float_bound_fault(r, &too_large, f->float_max);
        return false;
    }
    return true;
}

bool
reading_float(const struct reading *r, double *to)
{
    enum json_kind kind = r->text == NULL ? r->value.kind : JSON_STRING;
    const char *text;
    size_t len;

    if (kind == JSON_INTEGER || kind == JSON_FRACTION) {
        *to = json_double(r->value, r->req->caller.arena);
        return reading_float_bounds(r, *to);
    }
    if (kind == JSON_BOOLEAN) {
        *to = r->value.at[0] == 't';
        return reading_float_bounds(r, *to);
    }
    text = reading_given_text(r, &len);
    if (text == NULL) {
        reading_fault(r, "float_type", NULL, "must be a number", "必须是数字");
        return false;
    }
    if (strlen(text) != len || !number_read_float(text, to)) {
        reading_fault(r, "float_parsing", NULL, "must be a number", "必须是数字");
        return false;
    }
    return reading_float_bounds(r, *to);
}

/* A word for a boolean, in any case; -1 for any other. */
static int
bool_of_word(const char *text, size_t len)
{
    static const char *const words[] = {"0", "false", "no",  "off", "f", "n",
                                        "1", "true",  "yes", "on",  "t", "y"};
    const int count = (int)(sizeof(words) / sizeof(words[0]));

    for (int i = 0; i < count; i++) {
        if (strlen(words[i]) == len && strncasecmp(text, words[i], len) == 0) {
            return i >= count / 2;
        }
    }
    return -1;
}

bool
reading_bool(const struct reading *r, int *to)
{
    static const char en[] = "must be true or false", zh[] = "必须是 true 或 false";
    enum json_kind kind = r->text == NULL ? r->value.kind : JSON_STRING;
    const char *text;
    double n = -1;
    size_t len;

    if (kind == JSON_BOOLEAN) {
        *to = r->value.at[0] == 't';
        return true;
    }
    if (kind == JSON_INTEGER || kind == JSON_FRACTION) {
        n = json_double(r->value, r->req->caller.arena);
    } else if (kind == JSON_STRING) {
        text = reading_given_text(r, &len);
        n = bool_of_word(text, len);
    }
    if (n == 0 || n == 1) {
        *to = n == 1;
        return true;
    }
    if (kind == JSON_STRING || (n == floor(n) && kind >= JSON_INTEGER && kind <= JSON_FRACTION)) {
        reading_fault(r, "bool_parsing", NULL, en, zh);
    } else {
        reading_fault(r, "bool_type", NULL, en, zh);
    }
    return false;
}
