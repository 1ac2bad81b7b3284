/*
 * Faults have the types, locations and contexts of pydantic v2; the messages are our own. A fault's
 * texts are made only if the fault is to be described (fault_count).
 */
#include "routes/frame/input/reading.h"

#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "routes/frame/fault.h"

static const char *const sources[] = {
    [FROM_BODY] = "body",
    [FROM_PATH] = "path",
    [FROM_QUERY] = "query",
    [FROM_HEADER] = "header",
};

bool
field_is_list(const struct field *f)
{
    return f->type == FIELD_INTS || f->type == FIELD_TEXT_LIST || f->type == FIELD_ENUM_LIST;
}

void
reading_list_begin(const struct reading *r, size_t count, struct list_reading *list)
{
    static const struct field id = {.type = FIELD_INT, .min = 1};
    const struct field *f = r->field;

    *list = (struct list_reading){.count = count};
    if (f->type == FIELD_ENUM_LIST) {
        list->bounds = (struct field){.type = FIELD_ENUM, .values = f->values};
        list->size = sizeof(int);
    } else {
        list->bounds = f->element != NULL ? *f->element : id;
        list->size = f->type == FIELD_INTS ? sizeof(int64_t) : sizeof(const char *);
    }
    list->bounds.name = f->name;
    list->bounds.from = f->from;
    list->bounds.secret = f->secret;
    list->element = (struct reading){.req = r->req, .field = &list->bounds, .outer = r->outer};
    list->at = arena_array(r->req->caller.arena, count + 1, list->size);
}

void
reading_list_element(struct list_reading *list)
{
    (void)reading_scalar(&list->element, list->at + (list->element.number - 1) * list->size);
}

void
reading_list_end(const struct list_reading *list, void *to)
{
    const struct list pair = {list->at, list->count};

    memcpy(to, &pair, sizeof(pair)); /* the structs of all lists are such a pair */
}

/* The place of a value in the request, as JSON text without brackets. */
static const char *
reading_place(const struct reading *r)
{
    struct arena *a = r->req->caller.arena;
    const char *place = arena_printf(a, "\"%s\"", r->field->name);

    if (r->outer != NULL) {
        place = arena_printf(a, "%s,%s", reading_place(r->outer), place);
    }
    if (r->number > 0) {
        return arena_printf(a, "%s,%zu", place, r->number - 1);
    }
    if (r->key.kind == JSON_ABSENT) {
        return place;
    }
    return arena_printf(a, "%s,%s%s", place, fault_echo_json(a, r->key),
                        r->reads_key ? ",\"[key]\"" : "");
}

bool
shape_has_secret(const struct shape *shape)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *f = &shape->fields[i];

        if (f->secret || (f->item != NULL && shape_has_secret(f->item))) {
            return true;
        }
    }
    return false;
}

static bool
reading_is_secret(const struct reading *r)
{
    for (const struct reading *at = r; at != NULL; at = at->outer) {
        if (at->field->secret) {
            return true;
        }
    }
    return r->field->item != NULL && shape_has_secret(r->field->item);
}

/* The value as it was given, as JSON text; NULL: it is missing. */
static const char *
reading_echo(const struct reading *r)
{
    struct arena *a = r->req->caller.arena;

    if (r->text == NULL && r->value.kind == JSON_ABSENT) {
        return NULL;
    }
    if (reading_is_secret(r)) {
        return FAULT_HIDDEN;
    }
    if (r->text != NULL) {
        return fault_echo_text(a, r->text, strlen(r->text));
    }
    return fault_echo_json(a, r->value);
}

const char *
reading_echo_object(struct request *req, const struct shape *shape, struct json_value value)
{
    return shape_has_secret(shape) ? FAULT_HIDDEN : fault_echo_json(req->caller.arena, value);
}

void
reading_describe(const struct reading *r, const char *type, const char *ctx, const char *en,
                 const char *zh)
{
    fault_add(r->req, &(struct fault){
                          .type = type,
                          .from = sources[r->outer != NULL ? FROM_BODY : r->field->from],
                          .place = reading_place(r),
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
        reading_describe(r, type, ctx, en, zh);
    }
}

/* The text with `bound` in place of its "#". */
static const char *
bound_text(struct arena *a, const char *text, const char *bound)
{
    int before = (int)strcspn(text, "#");

    return text[before] == '\0'
               ? text
               : arena_printf(a, "%.*s%s%s", before, text, bound, text + before + 1);
}

static void
bound_fault_add(const struct reading *r, const struct bound *b, const char *bound)
{
    struct arena *a = r->req->caller.arena;

    reading_describe(r, b->type, b->ctx == NULL ? NULL : bound_text(a, b->ctx, bound),
                     bound_text(a, b->en, bound), bound_text(a, b->zh, bound));
}

void
reading_bound_fault(const struct reading *r, const struct bound *b, int64_t bound)
{
    if (fault_count(r->req)) {
        bound_fault_add(r, b, arena_printf(r->req->caller.arena, "%lld", (long long)bound));
    }
}

void
reading_float_bound_fault(const struct reading *r, const struct bound *b, double bound)
{
    char text[NUMBER_FLOAT_SIZE];

    if (fault_count(r->req)) {
        number_write_float(bound, text);
        bound_fault_add(r, b, text);
    }
}

void
reading_missing(const struct reading *r, const struct json_value *object, const struct shape *shape)
{
    if (fault_count(r->req)) {
        fault_add(r->req,
                  &(struct fault){
                      .type = "missing",
                      .from = sources[r->outer != NULL ? FROM_BODY : r->field->from],
                      .place = reading_place(r),
                      .input = object == NULL ? NULL : reading_echo_object(r->req, shape, *object),
                      .en = "is required",
                      .zh = "必须填写",
                  });
    }
}

void
reading_extra(struct request *req, enum field_from from, const struct reading *object,
              const char *key, const char *input)
{
    struct arena *a = req->caller.arena;

    if (object != NULL) {
        key = arena_printf(a, "%s,%s", reading_place(object), key);
    }
    fault_add(req, &(struct fault){
                       .type = "extra_forbidden",
                       .from = sources[from],
                       .place = key,
                       .input = input,
                       .en = "is not a field of this request; remove it",
                       .zh = "不是本请求的字段，请去掉",
                   });
}

const char *
reading_given_text(const struct reading *r, size_t *len)
{
    if (r->text != NULL) {
        *len = strlen(r->text);
        return r->text;
    }
    return r->value.kind == JSON_STRING ? json_decode(r->value, r->req->caller.arena, len) : NULL;
}

/* pydantic names the kind, the bound, and how many there are. */
static void
count_fault(const struct reading *r, const struct bound *b, int64_t bound, const char *kind,
            size_t count)
{
    struct arena *a = r->req->caller.arena;
    const char *ctx, *text;

    if (fault_count(r->req)) {
        text = arena_printf(a, "%lld", (long long)bound);
        ctx = arena_printf(a, "\"field_type\":\"%s\",%s,\"actual_length\":%zu", kind,
                           bound_text(a, b->ctx, text), count);
        reading_describe(r, b->type, ctx, bound_text(a, b->en, text), bound_text(a, b->zh, text));
    }
}

bool
reading_count(const struct reading *r, size_t count, const char *kind)
{
    static const struct bound few = {"too_short", "\"min_length\":#", "must have at least # items",
                                     "至少需要 # 项"};
    static const struct bound many = {"too_long", "\"max_length\":#", "must have at most # items",
                                      "最多 # 项"};
    const struct field *f = r->field;

    if (f->max != 0 && count > (size_t)f->max) {
        count_fault(r, &many, f->max, kind, count);
        return false;
    }
    if (count < (size_t)f->min) {
        count_fault(r, &few, f->min, kind, count);
        return false;
    }
    return true;
}

bool
reading_scalar(const struct reading *r, void *to)
{
    switch (r->field->type) {
    case FIELD_INT:
        return reading_int(r, to);
    case FIELD_FLOAT:
        return reading_float(r, to);
    case FIELD_BOOL:
        return reading_bool(r, to);
    case FIELD_TEXT:
        return reading_text(r, to);
    case FIELD_ENUM:
        return reading_enum(r, to);
    case FIELD_TIME:
        return reading_time(r, to);
    case FIELD_DIGITS:
        return reading_digits(r, to);
    default:
        abort(); /* a mistake in a table: its first request finds it */
    }
}
