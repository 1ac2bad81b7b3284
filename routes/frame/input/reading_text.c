/* Texts, words of a list and times, as pydantic reads them: docs/api.md has the table. */
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "base/utf8.h"
#include "routes/frame/fault.h"
#include "routes/frame/input/reading.h"

static const struct bound empty_text = {"string_too_short", "\"min_length\":#",
                                        "must have at least # character", "至少需要 # 个字符"};
static const struct bound too_short = {"string_too_short", "\"min_length\":#",
                                       "must have at least # characters", "至少需要 # 个字符"};
static const struct bound too_long = {"string_too_long", "\"max_length\":#",
                                      "must have at most # characters", "最多 # 个字符"};

/* "'red', 'green' or 'blue'" */
static const char *
enum_words(struct arena *a, const char *const *values)
{
    const char *words = "";

    for (int i = 0; values[i] != NULL; i++) {
        const char *separator = i == 0 ? "" : values[i + 1] == NULL ? " or " : ", ";

        words = arena_printf(a, "%s%s'%s'", words, separator, values[i]);
    }
    return words;
}

bool
reading_enum(const struct reading *r, int *to)
{
    struct arena *a = r->req->caller.arena;
    size_t len;
    const char *text = reading_given_text(r, &len), *words;

    for (int i = 0; text != NULL && r->field->values[i] != NULL; i++) {
        if (strlen(r->field->values[i]) == len && memcmp(text, r->field->values[i], len) == 0) {
            *to = i;
            return true;
        }
    }
    if (fault_count(r->req)) {
        words = enum_words(a, r->field->values);
        reading_describe(r, "enum", fault_ctx(a, "expected", words),
                         arena_printf(a, "must be %s", words), arena_printf(a, "必须是 %s", words));
    }
    return false;
}

/* Counts the characters of a text; one that is too long in any form is not normalized for it. */
static size_t
text_characters(const struct field *f, const char *text, size_t len, struct arena *a)
{
    size_t characters = utf8_length(text, len);

    if (f->counted_form != NULL && characters <= (size_t)f->max * COMPOSED_MAX) {
        text = f->counted_form(text, a);
        characters = utf8_length(text, strlen(text));
    }
    return characters;
}

static bool
text_has_length(const struct reading *r, const char *text, size_t len)
{
    const struct field *f = r->field;
    size_t characters = text_characters(f, text, len, r->req->caller.arena);

    if (characters < (size_t)f->min) {
        reading_bound_fault(r, f->min == 1 ? &empty_text : &too_short, f->min);
        return false;
    }
    if (f->max != 0 && characters > (size_t)f->max) {
        reading_bound_fault(r, &too_long, f->max);
        return false;
    }
    return true;
}

/* A text that breaks its rule: pydantic names the regex, or for a format the reason. */
static void
pattern_fault(const struct reading *r, const struct text_fault *broken)
{
    struct arena *a = r->req->caller.arena;
    const struct pattern *pattern = r->field->pattern;

    if (!fault_count(r->req)) {
        return;
    }
    if (pattern->format != NULL) {
        reading_describe(r, arena_printf(a, "%s_parsing", pattern->format),
                         fault_ctx(a, "error", broken->en), broken->en, broken->zh);
    } else {
        reading_describe(r, "string_pattern_mismatch", fault_ctx(a, "pattern", pattern->regex),
                         broken->en, broken->zh);
    }
}

static bool
text_follows_pattern(const struct reading *r, const char *text)
{
    const struct pattern *pattern = r->field->pattern;
    const struct text_fault *broken = pattern->fault(text, r->req->caller.arena);

    if (broken != NULL) {
        pattern_fault(r, broken);
    }
    return broken == NULL;
}

static void
text_type_fault(const struct reading *r)
{
    const struct pattern *pattern = r->field->pattern;

    if (fault_count(r->req)) {
        reading_describe(r,
                         pattern != NULL && pattern->format != NULL
                             ? arena_printf(r->req->caller.arena, "%s_type", pattern->format)
                             : "string_type",
                         NULL, "must be a string", "必须是字符串");
    }
}

static void
nul_fault(const struct reading *r)
{
    if (fault_count(r->req)) {
        reading_describe(r, "value_error",
                         fault_ctx(r->req->caller.arena, "error", "U+0000 in a text"),
                         "must not contain the character U+0000", "不能包含 U+0000 字符");
    }
}

bool
reading_text(const struct reading *r, const char **to)
{
    const struct pattern *pattern = r->field->pattern;
    bool formatted = pattern != NULL && pattern->format != NULL;
    size_t len;
    const char *text = reading_given_text(r, &len);

    if (text == NULL) {
        text_type_fault(r);
        return false;
    }
    if (strlen(text) != len) {
        nul_fault(r);
        return false;
    }
    if ((!formatted && !text_has_length(r, text, len)) ||
        (pattern != NULL && !text_follows_pattern(r, text))) {
        return false;
    }
    *to = formatted && pattern->plain != NULL ? pattern->plain(text, r->req->caller.arena) : text;
    return true;
}

/* pydantic, which tries a text as a date last, names the fault after that. */
static bool
time_fault(const struct reading *r, const char *reason)
{
    if (fault_count(r->req)) {
        reading_describe(
            r, reason == clock_out_of_range ? "datetime_parsing" : "datetime_from_date_parsing",
            fault_ctx(r->req->caller.arena, "error", reason),
            "must be a date with time and offset, as 2026-01-31T23:59:59Z",
            "必须是带时区的日期时间，例如 2026-01-31T23:59:59+08:00");
    }
    return false;
}

/* Whether the value is a Unix time: a number, or a text of digits with a sign and a fraction. */
static bool
time_is_number(const struct reading *r, const char *text, double *n)
{
    const char *digits;

    if (text == NULL) {
        *n = json_double(r->value, r->req->caller.arena);
        return true;
    }
    digits = text + (text[0] == '-' || text[0] == '+');
    return digits[0] >= '0' && digits[0] <= '9' && digits[strspn(digits, ".0123456789")] == '\0' &&
           number_read_float(text, n);
}

bool
reading_time(const struct reading *r, int64_t *to)
{
    enum json_kind kind = r->text == NULL ? r->value.kind : JSON_STRING;
    const char *text = NULL, *reason;
    bool aware;
    size_t len = 0;
    double n;

    if (kind != JSON_STRING && kind != JSON_INTEGER && kind != JSON_FRACTION) {
        reading_fault(r, "datetime_type", NULL, "must be a date with time and offset",
                      "必须是带时区的日期时间");
        return false;
    }
    text = reading_given_text(r, &len);
    if (text != NULL && strlen(text) != len) {
        return time_fault(r, "U+0000 in a text");
    }
    if (time_is_number(r, text, &n)) {
        return clock_read_unix(n, to) || time_fault(r, clock_out_of_range);
    }
    reason = clock_read(text, to, &aware);
    if (reason != NULL) {
        return time_fault(r, reason);
    }
    if (!aware) {
        reading_fault(r, "timezone_aware", NULL, "needs an offset from UTC, as \"Z\" or \"+08:00\"",
                      "需要时区，例如 “+08:00”");
    }
    return aware;
}
