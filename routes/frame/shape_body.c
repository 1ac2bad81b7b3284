/*
 * The members are read where they stand in the body's text: what a body costs is bounded by its
 * bytes, however many values it holds, and what is not a field is skipped.
 */
#include "routes/frame/shape_body.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "routes/frame/body.h"
#include "routes/frame/fault.h"
#include "routes/frame/reading.h"

/* An element's own bounds, with the name of its container. */
static struct field
element_of(const struct field *f, int64_t min)
{
    return (struct field){.name = f->name, .from = f->from, .min = min};
}

static void
read_ints(const struct reading *r, struct ints *to)
{
    struct field id = element_of(r->field, 1);
    struct reading one = {.req = r->req, .field = &id};
    struct json_items items = json_items(r->value);
    size_t count = json_count(r->value);
    int64_t *at;

    if (r->value.kind != JSON_ARRAY) {
        reading_fault(r, "list_type", NULL, "must be a list", "必须是列表");
        return;
    }
    if (!reading_count(r, count, "List")) {
        return;
    }
    at = request_new(r->req, count + 1, int64_t);
    while (json_next_element(&items, &one.value)) {
        one.number++;
        (void)reading_int_json(&one, &at[one.number - 1]);
    }
    *to = (struct ints){at, count};
}

static void
read_mark(struct reading *id, struct reading *seq, struct sync_mark *to)
{
    size_t len;

    id->key = id->value = seq->key;
    (void)reading_int_text(id, json_decode(id->value, id->req->caller.arena, &len), &to->room_id);
    (void)reading_int_json(seq, &to->seq);
}

static void
read_seqs(const struct reading *r, struct seqs *to)
{
    struct field id_field = element_of(r->field, 1), seq_field = element_of(r->field, 0);
    struct reading id = {.req = r->req, .field = &id_field, .reads_key = true};
    struct reading seq = {.req = r->req, .field = &seq_field};
    struct json_items items = json_items(r->value);
    size_t count = json_count(r->value), i = 0;
    struct sync_mark *at;

    if (r->value.kind != JSON_OBJECT) {
        reading_fault(r, "dict_type", NULL, "must be an object that maps room ids to seqs",
                      "必须是“房间 id: seq”形式的对象");
        return;
    }
    if (!reading_count(r, count, "Dictionary")) {
        return;
    }
    at = request_new(r->req, count + 1, struct sync_mark);
    while (json_next_member(&items, &seq.key, &seq.value)) {
        read_mark(&id, &seq, &at[i++]);
    }
    *to = (struct seqs){at, count};
}

static void
read_bool(const struct reading *r, int *to)
{
    if (r->value.kind == JSON_BOOLEAN) {
        *to = r->value.at[0] == 't';
    } else {
        reading_fault(r, "bool_type", NULL, "must be true or false", "必须是 true 或 false");
    }
}

/* The decoded text; NULL after noting that the value is not a string. */
static const char *
read_string(const struct reading *r, size_t *len)
{
    if (r->value.kind != JSON_STRING) {
        reading_fault(r, "string_type", NULL, "must be a string", "必须是字符串");
        return NULL;
    }
    return json_decode(r->value, r->req->caller.arena, len);
}

static void
read_member(const struct reading *r, char *to)
{
    void *at = to + r->field->offset;
    const char *text;
    size_t len;

    switch (r->field->type) {
    case FIELD_INT:
        (void)reading_int_json(r, at);
        break;
    case FIELD_BOOL:
        read_bool(r, at);
        break;
    case FIELD_TEXT:
        text = read_string(r, &len);
        if (text != NULL) {
            (void)reading_text(r, text, len, at);
        }
        break;
    case FIELD_ENUM:
        text = read_string(r, &len);
        if (text != NULL) {
            (void)reading_enum(r, text, len, at);
        }
        break;
    case FIELD_INTS:
        read_ints(r, at);
        break;
    case FIELD_SEQS:
        read_seqs(r, at);
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

/* A fault of the body as a whole, or of a member that is not in the shape; it must be counted. */
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

/* The index of the field that a key names; shape->count if there is none. */
static size_t
find_body_field(const struct shape *shape, struct json_value key)
{
    for (size_t i = 0; i < shape->count; i++) {
        if (shape->fields[i].from == FROM_BODY && json_equals(key, shape->fields[i].name)) {
            return i;
        }
    }
    return shape->count;
}

static void
refuse_other_members(const struct shape *shape, struct request *req, struct json_value body)
{
    struct arena *a = req->caller.arena;
    struct json_items items = json_items(body);
    struct json_value key, value;

    while (json_next_member(&items, &key, &value)) {
        if (find_body_field(shape, key) == shape->count && fault_count(req)) {
            add_body_fault(req, "extra_forbidden", fault_echo_json(a, key),
                           fault_echo_json(a, value), NULL,
                           "is not a field of this request; remove it", "不是本请求的字段，请去掉");
        }
    }
}

/* Faults are in the order of the shape, those of other members after them, as pydantic has them. */
static void
read_members(const struct shape *shape, struct request *req, struct json_value body, char *to)
{
    struct json_value *values = request_new(req, shape->count + 1, struct json_value);
    struct json_items items = json_items(body);
    struct json_value key, value;

    while (json_next_member(&items, &key, &value)) {
        values[find_body_field(shape, key)] = value;
    }
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *f = &shape->fields[i];
        struct reading r = {.req = req, .field = f, .value = values[i]};

        if (f->from != FROM_BODY) {
            continue;
        }
        if (r.value.kind == JSON_ABSENT && f->required) {
            reading_missing(&r);
        } else if (r.value.kind > JSON_NULL || (r.value.kind == JSON_NULL && f->required)) {
            read_member(&r, to);
        }
    }
    if (values[shape->count].kind != JSON_ABSENT) {
        refuse_other_members(shape, req, body);
    }
}

static bool
shape_requires_body(const struct shape *shape)
{
    for (size_t i = 0; i < shape->count; i++) {
        if (shape->fields[i].from == FROM_BODY && shape->fields[i].required) {
            return true;
        }
    }
    return false;
}

static void
read_document(const struct shape *shape, struct request *req, const struct body *body, char *to)
{
    struct arena *a = req->caller.arena;
    struct json_error error;
    struct json_value value;

    if (!json_check(body->at, body->len, a, &error)) {
        if (fault_count(req)) {
            add_body_fault(req, "json_invalid", arena_printf(a, "%zu", error.offset), "{}",
                           fault_ctx(a, "error", error.reason),
                           arena_printf(a, "not valid JSON: %s", error.reason),
                           arena_printf(a, "不是有效的 JSON：%s", error.reason));
        }
        return;
    }
    value = json_whole(body->at, body->len);
    if (value.kind == JSON_OBJECT) {
        read_members(shape, req, value, to);
    } else if (fault_count(req)) {
        add_body_fault(req, "model_attributes_type", NULL, fault_echo_json(a, value), NULL,
                       "must be a JSON object", "必须是 JSON 对象");
    }
}

void
shape_read_body(const struct shape *shape, struct request *req, char *to)
{
    struct body body;

    if (!body_read(req, shape_body_max(shape), &body)) {
        return;
    }
    if (body.len > 0) {
        read_document(shape, req, &body, to);
    } else if (shape_requires_body(shape) && fault_count(req)) {
        add_body_fault(req, "missing", NULL, NULL, NULL, "the body must be a JSON object",
                       "请求体必须是一个 JSON 对象");
    }
}
