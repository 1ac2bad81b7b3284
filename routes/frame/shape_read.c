/* Reads the input of a request: its path and query here, its body in shape_body.c. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "routes/frame/fault.h"
#include "routes/frame/reading.h"
#include "routes/frame/route.h"
#include "routes/frame/shape_body.h"
#include "routes/frame/url.h"

static void
read_parameter(const struct reading *r, char *to)
{
    void *at = to + r->field->offset;

    switch (r->field->type) {
    case FIELD_INT:
        (void)reading_int_text(r, r->text, at);
        break;
    case FIELD_BOOL:
        (void)reading_bool_text(r, r->text, at);
        break;
    case FIELD_TEXT:
        (void)reading_text(r, r->text, strlen(r->text), at);
        break;
    case FIELD_ENUM:
        (void)reading_enum(r, r->text, strlen(r->text), at);
        break;
    case FIELD_DIGITS:
        (void)reading_digits(r, r->text, at);
        break;
    default:
        abort(); /* a mistake in a table: its first request finds it */
    }
}

/* The text of a path or query field; NULL if it was not given, or after a fault. */
static const char *
parameter_text(struct request *req, const struct field *f, struct url_query *query)
{
    struct reading r = {.req = req, .field = f};
    const struct url_pair *pair;

    if (f->from == FROM_PATH) {
        return url_parameter(req->route->path, f->name, req->parameters);
    }
    url_query_read(query, req->query, req->caller.arena);
    pair = url_query_find(query, f->name);
    if (pair == NULL) {
        if (f->required) {
            reading_missing(&r);
        }
        return NULL;
    }
    r.text = pair->value;
    if (pair->broken || !utf8_valid(pair->value, strlen(pair->value))) {
        reading_fault(&r, "string_unicode", NULL, "must be percent-encoded UTF-8 without U+0000",
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
        struct reading r = {.req = req, .field = f};

        if (f->from == FROM_BODY) {
            continue;
        }
        r.text = parameter_text(req, f, &query);
        if (r.text != NULL) {
            read_parameter(&r, to);
        }
    }
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
    if (fault_count(req)) {
        fault_add(req, &(struct fault){
                           .type = "value_error", .from = from, .name = name, .en = en, .zh = zh});
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
        shape_read_body(shape, req, to);
    }
    return req->faults != NULL || req->status != 0 ? NULL : to;
}
