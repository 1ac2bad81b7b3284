/*
 * Reads and checks the input of a request. Faults have the types, locations and contexts of
 * pydantic v2; the messages are our own.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/number.h"
#include "base/utf8.h"
#include "routes/frame/body.h"
#include "routes/frame/fault.h"
#include "routes/frame/route.h"
#include "routes/frame/url.h"

#define ID_MAX ((int64_t)9007199254740991) /* 2^53 - 1: exact in every JSON reader */

static const char *const sources[] = {
    [FROM_BODY] = "body",
    [FROM_PATH] = "path",
    [FROM_QUERY] = "query",
};

/* A value that is being read, and its place. */
struct reading {
    struct request *req;
    const struct field *field;
    const char *inner; /* JSON text of the key or index inside the field; NULL */
    const char *input; /* JSON text of the value */
};

static void
add_field_fault(const struct reading *r, const char *type, const char *ctx, const char *en,
                const char *zh)
{
    fault_add(r->req, &(struct fault){
                          .type = type,
                          .from = sources[r->field->from],
                          .name = r->field->name,
                          .inner = r->inner,
                          .input = r->input,
                          .ctx = ctx,
                          .en = en,
                          .zh = zh,
                      });
}

static int64_t
int_max(const struct field *f)
{
    return f->max != 0 ? f->max : ID_MAX;
}

static bool
int_in_bounds(const struct reading *r, int64_t n)
{
    const struct field *f = r->field;
    struct arena *a = r->req->caller.arena;

    if (n < f->min) {
        add_field_fault(r, "greater_than_equal", arena_printf(a, "\"ge\":%lld", (long long)f->min),
                        arena_printf(a, "must be at least %lld", (long long)f->min),
                        arena_printf(a, "不能小于 %lld", (long long)f->min));
        return false;
    }
    if (n > int_max(f)) {
        add_field_fault(r, "less_than_equal", arena_printf(a, "\"le\":%lld", (long long)int_max(f)),
                        arena_printf(a, "must be at most %lld", (long long)int_max(f)),
                        arena_printf(a, "不能大于 %lld", (long long)int_max(f)));
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

static bool
read_int_text(const struct reading *r, const char *text, int64_t *n)
{
    if (!int_from_text(text, n)) {
        add_field_fault(r, "int_parsing", NULL, "must be a whole number", "必须是整数");
        return false;
    }
    return int_in_bounds(r, *n);
}

/* An integer of any size, kept as text. */
static void
read_digits(const struct reading *r, const char *text, const char **to)
{
    struct arena *a = r->req->caller.arena;
    size_t max = (size_t)r->field->max;

    if (!number_is_integer(text)) {
        add_field_fault(r, "int_parsing", NULL, "must be a whole number", "必须是整数");
    } else if (strlen(text) - (text[0] == '-') > max) {
        add_field_fault(r, "int_parsing_size", NULL,
                        arena_printf(a, "must have at most %zu digits", max),
                        arena_printf(a, "最多 %zu 位", max));
    } else {
        *to = text;
    }
}

static bool
read_int_json(const struct reading *r, struct json_object *value, int64_t *n)
{
    if (json_object_is_type(value, json_type_double)) {
        add_field_fault(r, "int_from_float", NULL,
                        "must be a whole number, without a fraction or exponent",
                        "必须是整数，不能带小数或指数");
        return false;
    }
    if (!json_object_is_type(value, json_type_int)) {
        add_field_fault(r, "int_type", NULL, "must be a whole number", "必须是整数");
        return false;
    }
    *n = json_object_get_int64(value); /* clamps to the limits of int64, which no field allows */
    return int_in_bounds(r, *n);
}

static bool
read_bool_text(const struct reading *r, const char *text, int *to)
{
    static const char *const yes[] = {"true", "1", "yes", "on"};
    static const char *const no[] = {"false", "0", "no", "off"};

    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
            *to = strcmp(text, yes[i]) == 0;
            return true;
        }
    }
    add_field_fault(r, "bool_parsing", NULL, "must be true or false", "必须是 true 或 false");
    return false;
}

static bool
read_enum(const struct reading *r, const char *text, size_t len, int *to)
{
    struct arena *a = r->req->caller.arena;
    const char *expected = "";

    for (int i = 0; r->field->values[i] != NULL; i++) {
        if (strlen(r->field->values[i]) == len && memcmp(text, r->field->values[i], len) == 0) {
            *to = i;
            return true;
        }
        expected = arena_printf(a, "%s%s'%s'", expected,
                                i == 0                            ? ""
                                : r->field->values[i + 1] == NULL ? " or "
                                                                  : ", ",
                                r->field->values[i]);
    }
    add_field_fault(r, "enum", fault_ctx(a, "expected", expected),
                    arena_printf(a, "must be %s", expected),
                    arena_printf(a, "必须是 %s", expected));
    return false;
}

static bool
read_text(const struct reading *r, const char *text, size_t len, const char **to)
{
    const struct field *f = r->field;
    struct arena *a = r->req->caller.arena;
    size_t characters;

    if (strlen(text) != len) {
        add_field_fault(r, "value_error", fault_ctx(a, "error", "U+0000 in a text"),
                        "must not contain the character U+0000", "不能包含 U+0000 字符");
        return false;
    }
    characters = utf8_length(text, len);
    if (characters < (size_t)f->min) {
        add_field_fault(r, "string_too_short",
                        arena_printf(a, "\"min_length\":%lld", (long long)f->min),
                        arena_printf(a, "must have at least %lld character%s", (long long)f->min,
                                     f->min == 1 ? "" : "s"),
                        arena_printf(a, "至少需要 %lld 个字符", (long long)f->min));
        return false;
    }
    if (f->max != 0 && characters > (size_t)f->max) {
        add_field_fault(r, "string_too_long",
                        arena_printf(a, "\"max_length\":%lld", (long long)f->max),
                        arena_printf(a, "must have at most %lld characters", (long long)f->max),
                        arena_printf(a, "最多 %lld 个字符", (long long)f->max));
        return false;
    }
    if (f->pattern != NULL && !f->pattern->holds(text)) {
        add_field_fault(r, "string_pattern_mismatch", fault_ctx(a, "pattern", f->pattern->regex),
                        f->pattern->en, f->pattern->zh);
        return false;
    }
    *to = text;
    return true;
}

static bool
count_in_bounds(const struct reading *r, size_t count, const char *kind)
{
    struct arena *a = r->req->caller.arena;

    if (r->field->max != 0 && count > (size_t)r->field->max) {
        add_field_fault(
            r, "too_long",
            arena_printf(a, "\"field_type\":\"%s\",\"max_length\":%lld,\"actual_length\":%zu", kind,
                         (long long)r->field->max, count),
            arena_printf(a, "must have at most %lld items", (long long)r->field->max),
            arena_printf(a, "最多 %lld 项", (long long)r->field->max));
        return false;
    }
    return true;
}

/* The bounds of elements: ids from 1, numbers of entries from 0. */
static const struct field element_id = {.min = 1};
static const struct field element_seq = {.min = 0};

/* Reads an element with its own bounds and the name of its container. */
static struct reading
reading_of_element(const struct reading *r, struct field *element, const struct field *bounds,
                   const char *inner, struct json_object *value)
{
    *element = *bounds;
    element->name = r->field->name;
    element->from = r->field->from;
    return (struct reading){r->req, element, inner, fault_echo_json(r->req->caller.arena, value)};
}

static bool
read_ints(const struct reading *r, struct json_object *value, struct ints *to)
{
    size_t count;
    int64_t *at;
    bool good = true;

    if (!json_object_is_type(value, json_type_array)) {
        add_field_fault(r, "list_type", NULL, "must be a list", "必须是列表");
        return false;
    }
    count = json_object_array_length(value);
    if (!count_in_bounds(r, count, "List")) {
        return false;
    }
    at = request_new(r->req, count + 1, int64_t);
    for (size_t i = 0; i < count; i++) {
        struct json_object *item = json_object_array_get_idx(value, i);
        struct field element;
        struct reading one = reading_of_element(r, &element, &element_id,
                                                arena_printf(r->req->caller.arena, "%zu", i), item);

        good = read_int_json(&one, item, &at[i]) && good;
    }
    *to = (struct ints){at, count};
    return good;
}

static bool
read_seqs(const struct reading *r, struct json_object *value, struct seqs *to)
{
    struct arena *a = r->req->caller.arena;
    struct sync_mark *at;
    size_t count = 0;
    bool good = true;

    if (!json_object_is_type(value, json_type_object)) {
        add_field_fault(r, "dict_type", NULL, "must be an object that maps room ids to seqs",
                        "必须是“房间 id: seq”形式的对象");
        return false;
    }
    if (!count_in_bounds(r, (size_t)json_object_object_length(value), "Dictionary")) {
        return false;
    }
    at = request_new(r->req, (size_t)json_object_object_length(value) + 1, struct sync_mark);
    json_object_object_foreach(value, key, item)
    {
        const char *place = fault_echo_text(a, key, strlen(key));
        struct field element;
        struct reading one = reading_of_element(r, &element, &element_id,
                                                arena_printf(a, "%s,\"[key]\"", place), item);

        one.input = place;
        good = read_int_text(&one, key, &at[count].room_id) && good;
        one = reading_of_element(r, &element, &element_seq, place, item);
        good = read_int_json(&one, item, &at[count].seq) && good;
        count++;
    }
    *to = (struct seqs){at, count};
    return good;
}

static void
read_json(const struct reading *r, struct json_object *value, char *to)
{
    void *at = to + r->field->offset;

    switch (r->field->type) {
    case FIELD_INT:
        (void)read_int_json(r, value, at);
        break;
    case FIELD_BOOL:
        if (json_object_is_type(value, json_type_boolean)) {
            *(int *)at = json_object_get_boolean(value) ? 1 : 0;
        } else {
            add_field_fault(r, "bool_type", NULL, "must be true or false", "必须是 true 或 false");
        }
        break;
    case FIELD_TEXT:
    case FIELD_ENUM:
        if (!json_object_is_type(value, json_type_string)) {
            add_field_fault(r, "string_type", NULL, "must be a string", "必须是字符串");
        } else if (r->field->type == FIELD_ENUM) {
            (void)read_enum(r, json_object_get_string(value),
                            (size_t)json_object_get_string_len(value), at);
        } else {
            size_t len = (size_t)json_object_get_string_len(value);

            (void)read_text(r,
                            arena_strndup(r->req->caller.arena, json_object_get_string(value), len),
                            len, at);
        }
        break;
    case FIELD_INTS:
        (void)read_ints(r, value, at);
        break;
    case FIELD_SEQS:
        (void)read_seqs(r, value, at);
        break;
    case FIELD_DIGITS: /* only in a path or query */
    case FIELD_TEXTS:
    case FIELD_JSON:
    case FIELD_TIME:
    case FIELD_OBJECT:
    case FIELD_INLINE:
    case FIELD_LIST:
        abort(); /* a mistake in a table: its first request finds it */
    }
}

/* A value from the path or the query. */
static void
read_parameter(const struct reading *r, const char *text, char *to)
{
    void *at = to + r->field->offset;

    switch (r->field->type) {
    case FIELD_INT:
        (void)read_int_text(r, text, at);
        break;
    case FIELD_BOOL:
        (void)read_bool_text(r, text, at);
        break;
    case FIELD_TEXT:
        (void)read_text(r, text, strlen(text), at);
        break;
    case FIELD_ENUM:
        (void)read_enum(r, text, strlen(text), at);
        break;
    case FIELD_DIGITS:
        read_digits(r, text, at);
        break;
    default:
        abort(); /* as above */
    }
}

static void
add_missing_fault(struct request *req, const struct field *f)
{
    add_field_fault(&(struct reading){req, f, NULL, NULL}, "missing", NULL, "is required",
                    "必须填写");
}

static void
set_default(const struct field *f, char *to)
{
    if (f->type == FIELD_INT) {
        *(int64_t *)(void *)(to + f->offset) = f->default_value;
    } else if (f->type == FIELD_BOOL || f->type == FIELD_ENUM) {
        *(int *)(void *)(to + f->offset) = (int)f->default_value;
    }
}

void
shape_add_fault(struct request *req, const char *from, const char *name, const char *en,
                const char *zh)
{
    fault_add(req, &(struct fault){
                       .type = "value_error", .from = from, .name = name, .en = en, .zh = zh});
}

/* A fault of the body as a whole, or of a member that is not in the shape. */
static void
add_body_fault(struct request *req, const char *type, const char *inner, const char *input,
               const char *ctx, const char *en, const char *zh)
{
    fault_add(req, &(struct fault){.type = type,
                                   .from = "body",
                                   .inner = inner,
                                   .input = input,
                                   .ctx = ctx,
                                   .en = en,
                                   .zh = zh});
}

static const struct field *
find_body_field(const struct shape *shape, const char *name)
{
    for (size_t i = 0; i < shape->count; i++) {
        if (shape->fields[i].from == FROM_BODY && strcmp(shape->fields[i].name, name) == 0) {
            return &shape->fields[i];
        }
    }
    return NULL;
}

static void
read_members(const struct shape *shape, struct request *req, struct json_object *tree, char *to)
{
    struct arena *a = req->caller.arena;

    for (size_t i = 0; i < shape->count; i++) {
        const struct field *f = &shape->fields[i];
        struct json_object *value = NULL;
        bool given;

        if (f->from != FROM_BODY) {
            continue;
        }
        given = json_object_object_get_ex(tree, f->name, &value);
        if (!given && f->required) {
            add_missing_fault(req, f);
        } else if (given && (value != NULL || f->required)) {
            read_json(
                &(struct reading){req, f, NULL, f->secret ? "\"***\"" : fault_echo_json(a, value)},
                value, to);
        }
    }
    json_object_object_foreach(tree, key, value)
    {
        if (find_body_field(shape, key) == NULL) {
            add_body_fault(req, "extra_forbidden", fault_echo_text(a, key, strlen(key)),
                           fault_echo_json(a, value), NULL,
                           "is not a field of this request; remove it", "不是本请求的字段，请去掉");
        }
    }
}

static void
read_body_fields(const struct shape *shape, struct request *req, char *to)
{
    struct json_object *tree = NULL;
    struct json_error error;
    struct body body;
    bool required = false;

    for (size_t i = 0; i < shape->count; i++) {
        required = required || (shape->fields[i].from == FROM_BODY && shape->fields[i].required);
    }
    if (!body_read(req, &body)) {
        return; /* replied: 413, 415, or the client is gone */
    }
    if (body.len == 0) {
        if (required) {
            add_body_fault(req, "missing", NULL, NULL, NULL, "the body must be a JSON object",
                           "请求体必须是一个 JSON 对象");
        }
        return;
    }
    if (!json_parse(body.at, body.len, req->caller.arena, &tree, &error)) {
        add_body_fault(req, "json_invalid", arena_printf(req->caller.arena, "%zu", error.offset),
                       "{}", fault_ctx(req->caller.arena, "error", error.reason),
                       arena_printf(req->caller.arena, "not valid JSON: %s", error.reason),
                       arena_printf(req->caller.arena, "不是有效的 JSON：%s", error.reason));
        return;
    }
    if (!json_object_is_type(tree, json_type_object)) {
        add_body_fault(req, "model_attributes_type", NULL, fault_echo_json(req->caller.arena, tree),
                       NULL, "must be a JSON object", "必须是 JSON 对象");
    } else {
        read_members(shape, req, tree, to);
    }
    json_object_put(tree);
}

static const char *
echo_parameter(struct request *req, const struct field *f, const char *text)
{
    return f->secret ? "\"***\"" : fault_echo_text(req->caller.arena, text, strlen(text));
}

/* The text of a path or query field; NULL if it was not given, or after a fault. */
static const char *
parameter_text(struct request *req, const struct field *f, struct url_query *query)
{
    const struct url_pair *pair;

    if (f->from == FROM_PATH) {
        return url_parameter(req->route->path, f->name, req->parameters);
    }
    url_query_read(query, req->query, req->caller.arena);
    pair = url_query_find(query, f->name);
    if (pair == NULL) {
        if (f->required) {
            add_missing_fault(req, f);
        }
        return NULL;
    }
    if (pair->broken || !utf8_valid(pair->value, strlen(pair->value))) {
        add_field_fault(&(struct reading){req, f, NULL, echo_parameter(req, f, pair->value)},
                        "string_unicode", NULL, "must be percent-encoded UTF-8 without U+0000",
                        "必须是百分号编码的 UTF-8，不能包含 U+0000");
        return NULL;
    }
    return pair->value;
}

static void
read_parameters(const struct shape *shape, struct request *req, char *to)
{
    struct url_query query = {0};

    for (size_t i = 0; i < shape->count; i++) {
        const struct field *f = &shape->fields[i];
        const char *text = f->from == FROM_BODY ? NULL : parameter_text(req, f, &query);

        if (text != NULL) {
            read_parameter(&(struct reading){req, f, NULL, echo_parameter(req, f, text)}, text, to);
        }
    }
}

void *
shape_read(const struct shape *shape, struct request *req)
{
    char *to = arena_alloc(req->caller.arena, shape->size);
    bool has_body = false;

    for (size_t i = 0; i < shape->count; i++) {
        set_default(&shape->fields[i], to);
        has_body = has_body || shape->fields[i].from == FROM_BODY;
    }
    read_parameters(shape, req, to);
    if (has_body) {
        read_body_fields(shape, req, to);
    }
    return req->faults != NULL || req->status != 0 ? NULL : to;
}
