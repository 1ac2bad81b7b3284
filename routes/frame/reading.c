/*
 * Faults have the types, locations and contexts of pydantic v2; the messages are our own. A fault's
 * texts are made only if the fault is to be described (fault_count).
 */
#include "routes/frame/reading.h"

#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "routes/frame/fault.h"

#define ID_MAX ((int64_t)9007199254740991) /* 2^53 - 1: exact in every JSON reader */

/* A bound that a value exceeds. In the texts, "#" stands for the bound. */
struct bound {
    const char *type;
    const char *ctx; /* NULL for none */
    const char *en, *zh;
};

static const struct bound too_small = {"greater_than_equal", "\"ge\":#", "must be at least #",
                                       "不能小于 #"};
static const struct bound too_large = {"less_than_equal", "\"le\":#", "must be at most #",
                                       "不能大于 #"};
static const struct bound too_many_digits = {"int_parsing_size", NULL, "must have at most # digits",
                                             "最多 # 位"};
static const struct bound empty_text = {"string_too_short", "\"min_length\":#",
                                        "must have at least # character", "至少需要 # 个字符"};
static const struct bound too_short = {"string_too_short", "\"min_length\":#",
                                       "must have at least # characters", "至少需要 # 个字符"};
static const struct bound too_long = {"string_too_long", "\"max_length\":#",
                                      "must have at most # characters", "最多 # 个字符"};

static const char *const sources[] = {
    [FROM_BODY] = "body",
    [FROM_PATH] = "path",
    [FROM_QUERY] = "query",
};

/* The place inside the field as JSON text; NULL: the field itself. */
static const char *
reading_place(const struct reading *r)
{
    struct arena *a = r->req->caller.arena;

    if (r->number > 0) {
        return arena_printf(a, "%zu", r->number - 1);
    }
    if (r->key.kind == JSON_ABSENT) {
        return NULL;
    }
    return arena_printf(a, "%s%s", fault_echo_json(a, r->key), r->reads_key ? ",\"[key]\"" : "");
}

/* The value as it was given, as JSON text; NULL: it is missing. */
static const char *
reading_echo(const struct reading *r)
{
    struct arena *a = r->req->caller.arena;

    if (r->text == NULL && r->value.kind == JSON_ABSENT) {
        return NULL;
    }
    if (r->field->secret) {
        return "\"***\"";
    }
    if (r->text != NULL) {
        return fault_echo_text(a, r->text, strlen(r->text));
    }
    return fault_echo_json(a, r->value);
}

static void
reading_fault_add(const struct reading *r, const char *type, const char *ctx, const char *en,
                  const char *zh)
{
    fault_add(r->req, &(struct fault){
                          .type = type,
                          .from = sources[r->field->from],
                          .name = r->field->name,
                          .inner = reading_place(r),
                          .input = reading_echo(r),
                          .ctx = ctx,
                          .en = en,
                          .zh = zh,
                      });
}

void
reading_fault(const struct reading *r, const char *type, const char *ctx, const char *en,
              const char *zh)
{
    if (fault_count(r->req)) {
        reading_fault_add(r, type, ctx, en, zh);
    }
}

static const char *
bound_text(struct arena *a, const char *text, int64_t bound)
{
    int before = (int)strcspn(text, "#");

    return arena_printf(a, "%.*s%lld%s", before, text, (long long)bound, text + before + 1);
}

static void
reading_bound_fault(const struct reading *r, const struct bound *b, int64_t bound)
{
    struct arena *a = r->req->caller.arena;

    if (fault_count(r->req)) {
        reading_fault_add(r, b->type, b->ctx == NULL ? NULL : bound_text(a, b->ctx, bound),
                          bound_text(a, b->en, bound), bound_text(a, b->zh, bound));
    }
}

void
reading_missing(const struct reading *r)
{
    reading_fault(r, "missing", NULL, "is required", "必须填写");
}

static int64_t
field_int_max(const struct field *f)
{
    return f->max != 0 ? f->max : ID_MAX;
}

static bool
reading_int_bounds(const struct reading *r, int64_t n)
{
    if (n < r->field->min) {
        reading_bound_fault(r, &too_small, r->field->min);
        return false;
    }
    if (n > field_int_max(r->field)) {
        reading_bound_fault(r, &too_large, field_int_max(r->field));
        return false;
    }
    return true;
}

/* Beyond int64 the result is its nearest limit, which no field allows. */
static bool
int_from_text(const char *text, int64_t *n)
{
    if (!number_is_integer(text)) {
        return false;
    }
    if (!number_read(&text, n)) {
        *n = text[0] == '-' ? INT64_MIN : INT64_MAX;
    }
    return true;
}

bool
reading_int_text(const struct reading *r, const char *text, int64_t *to)
{
    if (!int_from_text(text, to)) {
        reading_fault(r, "int_parsing", NULL, "must be a whole number", "必须是整数");
        return false;
    }
    return reading_int_bounds(r, *to);
}

bool
reading_int_json(const struct reading *r, int64_t *to)
{
    if (r->value.kind == JSON_FRACTION) {
        reading_fault(r, "int_from_float", NULL,
                      "must be a whole number, without a fraction or exponent",
                      "必须是整数，不能带小数或指数");
        return false;
    }
    if (r->value.kind != JSON_INTEGER) {
        reading_fault(r, "int_type", NULL, "must be a whole number", "必须是整数");
        return false;
    }
    *to = json_int64(r->value);
    return reading_int_bounds(r, *to);
}

/* An integer of any size, kept as text. */
bool
reading_digits(const struct reading *r, const char *text, const char **to)
{
    if (!number_is_integer(text)) {
        reading_fault(r, "int_parsing", NULL, "must be a whole number", "必须是整数");
        return false;
    }
    if (strlen(text) - (text[0] == '-') > (size_t)r->field->max) {
        reading_bound_fault(r, &too_many_digits, r->field->max);
        return false;
    }
    *to = text;
    return true;
}

bool
reading_bool_text(const struct reading *r, const char *text, int *to)
{
    static const char *const yes[] = {"true", "1", "yes", "on"};
    static const char *const no[] = {"false", "0", "no", "off"};

    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
            *to = strcmp(text, yes[i]) == 0;
            return true;
        }
    }
    reading_fault(r, "bool_parsing", NULL, "must be true or false", "必须是 true 或 false");
    return false;
}

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
reading_enum(const struct reading *r, const char *text, size_t len, int *to)
{
    struct arena *a = r->req->caller.arena;

    for (int i = 0; r->field->values[i] != NULL; i++) {
        if (strlen(r->field->values[i]) == len && memcmp(text, r->field->values[i], len) == 0) {
            *to = i;
            return true;
        }
    }
    if (fault_count(r->req)) {
        const char *words = enum_words(a, r->field->values);

        reading_fault_add(r, "enum", fault_ctx(a, "expected", words),
                          arena_printf(a, "must be %s", words),
                          arena_printf(a, "必须是 %s", words));
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

bool
reading_text(const struct reading *r, const char *text, size_t len, const char **to)
{
    const struct field *f = r->field;
    struct arena *a = r->req->caller.arena;
    const struct text_fault *broken;
    size_t characters;

    if (strlen(text) != len) {
        reading_fault(r, "value_error", fault_ctx(a, "error", "U+0000 in a text"),
                      "must not contain the character U+0000", "不能包含 U+0000 字符");
        return false;
    }
    characters = text_characters(f, text, len, a);
    if (characters < (size_t)f->min) {
        reading_bound_fault(r, f->min == 1 ? &empty_text : &too_short, f->min);
        return false;
    }
    if (f->max != 0 && characters > (size_t)f->max) {
        reading_bound_fault(r, &too_long, f->max);
        return false;
    }
    broken = f->pattern != NULL ? f->pattern->fault(text, a) : NULL;
    if (broken != NULL) {
        reading_fault(r, "string_pattern_mismatch", fault_ctx(a, "pattern", f->pattern->regex),
                      broken->en, broken->zh);
        return false;
    }
    *to = text;
    return true;
}

bool
reading_count(const struct reading *r, size_t count, const char *kind)
{
    struct arena *a = r->req->caller.arena;
    int64_t max = r->field->max;

    if (max == 0 || count <= (size_t)max) {
        return true;
    }
    if (fault_count(r->req)) {
        reading_fault_add(
            r, "too_long",
            arena_printf(a, "\"field_type\":\"%s\",\"max_length\":%lld,\"actual_length\":%zu", kind,
                         (long long)max, count),
            bound_text(a, "must have at most # items", max), bound_text(a, "最多 # 项", max));
    }
    return false;
}
