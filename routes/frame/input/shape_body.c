/*
 * The members are read where they stand in the body's text: what a body costs is bounded by its
 * bytes, however many values it holds, and what is not a field is skipped. A value inside others is
 * passed over a few times for each of them, and they are at most SHAPE_DEPTH_MAX.
 */
#include "routes/frame/input/shape_body.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "routes/frame/fault.h"
#include "routes/frame/input/body.h"
#include "routes/frame/input/reading.h"
#include "routes/frame/route.h"

/*
 * An object that is being read into the struct at `to`. `place`: its own; NULL for the body. If any
 * field of the whole body is secret, nothing of it is echoed that stands where it does not belong.
 */
struct object {
    struct request *req;
    const struct shape *shape, *whole;
    const struct reading *place;
    struct json_value value;
    char *to;
};

static void read_members(const struct object *o);

/* Whether the value is a list whose length is allowed; its elements are counted in *count. */
static bool
is_list(const struct reading *r, size_t *count)
{
    if (r->value.kind != JSON_ARRAY) {
        reading_fault(r, "list_type", NULL, "must be a list", "必须是列表");
        return false;
    }
    *count = json_count(r->value);
    return reading_count(r, *count, "List");
}

static void
read_list(const struct reading *r, void *to)
{
    struct json_items items = json_items(r->value);
    struct list_reading list;
    size_t count;

    if (!is_list(r, &count)) {
        return;
    }
    reading_list_begin(r, count, &list);
    while (json_next_element(&items, &list.element.value)) {
        list.element.number++;
        reading_list_element(&list);
    }
    reading_list_end(&list, to);
}

static void
read_seq(struct reading *id, struct reading *seq, struct sync_mark *to)
{
    id->key = id->value = seq->key;
    (void)reading_int(id, &to->room_id);
    (void)reading_int(seq, &to->seq);
}

static void
read_seqs(const struct reading *r, struct seqs *to)
{
    const struct field *f = r->field;
    struct field id_field = {.name = f->name, .from = f->from, .secret = f->secret, .min = 1};
    struct field seq_field = {.name = f->name, .from = f->from, .secret = f->secret};
    struct reading id = {.req = r->req, .field = &id_field, .outer = r->outer, .reads_key = true};
    struct reading seq = {.req = r->req, .field = &seq_field, .outer = r->outer};
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
        read_seq(&id, &seq, &at[i++]);
    }
    *to = (struct seqs){at, count};
}

/* Reads a value of the field's shape into the struct at `to`, which has its defaults. */
static void
read_object(const struct reading *r, char *to)
{
    if (r->value.kind == JSON_OBJECT) {
        read_members(&(struct object){r->req, r->field->item, r->req->route->in, r, r->value, to});
    } else {
        reading_fault(r, "model_attributes_type", NULL, "must be a JSON object",
                      "必须是 JSON 对象");
    }
}

static char *
new_object(struct request *req, const struct shape *shape, size_t count)
{
    char *at = arena_array(req->caller.arena, count + 1, shape->size);

    for (size_t i = 0; i < count; i++) {
        shape_set_defaults(shape, at + i * shape->size);
    }
    return at;
}

static void
read_objects(const struct reading *r, struct list *to)
{
    struct reading one = {.req = r->req, .field = r->field, .outer = r->outer};
    struct json_items items = json_items(r->value);
    size_t count, size = r->field->item->size;
    char *at;

    if (r->field->max == 0) {
        abort(); /* a mistake in a table: nothing bounds the memory of such a list */
    }
    if (!is_list(r, &count)) {
        return;
    }
    at = new_object(r->req, r->field->item, count);
    while (json_next_element(&items, &one.value)) {
        read_object(&one, at + one.number++ * size);
    }
    *to = (struct list){at, count};
}

static void
read_member(const struct reading *r, char *at)
{
    void *to = at;
    char *object;

    switch (r->field->type) {
    case FIELD_INTS:
    case FIELD_TEXT_LIST:
    case FIELD_ENUM_LIST:
        read_list(r, to);
        break;
    case FIELD_SEQS:
        read_seqs(r, to);
        break;
    case FIELD_OBJECT:
        object = new_object(r->req, r->field->item, 1);
        read_object(r, object);
        *(const void **)to = object;
        break;
    case FIELD_INLINE:
        read_object(r, at);
        break;
    case FIELD_LIST:
        read_objects(r, to);
        break;
    case FIELD_DIGITS: /* only in a path or query */
        abort();       /* a mistake in a table: its first request finds it */
    default:
        (void)reading_scalar(r, to);
    }
}

/* A fault of the body as a whole; it must be counted. */
static void
add_body_fault(struct request *req, const char *type, const char *place, const char *input,
               const char *ctx, const char *en, const char *zh)
{
    fault_add(req, &(struct fault){.type = type,
                                   .from = "body",
                                   .place = place,
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
refuse_other_members(const struct object *o)
{
    struct arena *a = o->req->caller.arena;
    struct json_items items = json_items(o->value);
    struct json_value key, value;

    while (json_next_member(&items, &key, &value)) {
        if (find_body_field(o->shape, key) == o->shape->count && fault_count(o->req)) {
            reading_extra(o->req, FROM_BODY, o->place, fault_echo_json(a, key),
                          reading_echo_object(o->req, o->whole, value));
        }
    }
}

/* A field's member, or what stands for it if it is absent or null. */
static void
read_field(const struct object *o, const struct field *f, struct json_value value)
{
    struct reading r = {.req = o->req, .field = f, .outer = o->place, .value = value};

    if (value.kind == JSON_ABSENT) {
        if (f->required) {
            reading_missing(&r, &o->value, o->whole);
        }
    } else if (value.kind != JSON_NULL || !f->nullable) {
        read_member(&r, o->to + f->offset);
    }
}

/* Faults are in the order of the shape, those of other members after them, as pydantic has them. */
static void
read_members(const struct object *o)
{
    const struct shape *shape = o->shape;
    struct json_value values[SHAPE_FIELDS_MAX + 1];
    struct json_items items = json_items(o->value);
    struct json_value key, value;

    if (shape->count > SHAPE_FIELDS_MAX) {
        abort(); /* a mistake in a table: its first request finds it */
    }
    for (size_t i = 0; i <= shape->count; i++) {
        values[i].kind = JSON_ABSENT;
    }
    while (json_next_member(&items, &key, &value)) {
        values[find_body_field(shape, key)] = value;
    }
    for (size_t i = 0; i < shape->count; i++) {
        if (shape->fields[i].from == FROM_BODY) {
            read_field(o, &shape->fields[i], values[i]);
        }
    }
    if (values[shape->count].kind != JSON_ABSENT) {
        refuse_other_members(o);
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
        read_members(&(struct object){req, shape, shape, NULL, value, to});
    } else if (fault_count(req)) {
        add_body_fault(req, "model_attributes_type", NULL, reading_echo_object(req, shape, value),
                       NULL, "must be a JSON object", "必须是 JSON 对象");
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
