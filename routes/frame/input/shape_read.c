/* Reads the input of a request: its path, query and headers here, its body in shape_body.c. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "routes/frame/fault.h"
#include "routes/frame/http/url.h"
#include "routes/frame/input/reading.h"
#include "routes/frame/input/shape_body.h"
#include "routes/frame/route.h"

/* The value of a header with this name in small letters; NULL without it. */
static const char *
header_text(const struct request *req, const char *name)
{
    char variable[80] = "HTTP_";
    size_t at = strlen(variable);

    if (strlen(name) >= sizeof(variable) - at) {
        abort(); /* a mistake in a table: its first request finds it */
    }
    for (; *name != '\0'; name++) {
        variable[at++] = *name == '-' ? '_' : (char)toupper((unsigned char)*name);
    }
    variable[at] = '\0';
    return request_env(req, variable);
}

/* Whether the text is UTF-8. Notes the fault if it is not, or if its encoding is `broken`. */
static bool
parameter_is_utf8(const struct reading *r, bool broken)
{
    if (!broken && utf8_valid(r->text, strlen(r->text))) {
        return true;
    }
    if (r->field->from == FROM_HEADER) {
        reading_fault(r, "string_unicode", NULL, "must be UTF-8", "必须是 UTF-8");
    } else {
        reading_fault(r, "string_unicode", NULL, "must be percent-encoded UTF-8 without U+0000",
                      "必须是百分号编码的 UTF-8，不能包含 U+0000");
    }
    return false;
}

/* The list of a query's values as JSON, for the fault that there are too many or too few. */
static struct json_value
query_values(const struct reading *r, const struct url_query *query)
{
    struct buf out = {0};
    struct json_value list = {.kind = JSON_ARRAY};

    buf_char(&out, '[');
    for (size_t i = 0; i < query->count; i++) {
        if (strcmp(query->pairs[i].name, r->field->name) == 0) {
            buf_str(&out, out.len > 1 ? "," : "");
            json_text(&out, query->pairs[i].value);
        }
    }
    buf_char(&out, ']');
    list.at = arena_strndup(r->req->caller.arena, out.at, out.len);
    list.len = out.len;
    buf_free(&out);
    return list;
}

/* A parameter that is given once for each element: "?id=1&id=2". */
static void
read_query_list(const struct reading *r, const struct url_query *query, void *to)
{
    struct list_reading list;
    struct reading whole = *r;
    size_t count = 0;

    for (size_t i = 0; i < query->count; i++) {
        count += strcmp(query->pairs[i].name, r->field->name) == 0;
    }
    if (count == 0) {
        if (r->field->required) {
            reading_missing(r, NULL, NULL);
        }
        return;
    }
    whole.value = query_values(r, query);
    if (!reading_count(&whole, count, "List")) {
        return;
    }
    reading_list_begin(r, count, &list);
    for (size_t i = 0; i < query->count; i++) {
        if (strcmp(query->pairs[i].name, r->field->name) == 0) {
            list.element.text = query->pairs[i].value;
            list.element.number++;
            if (parameter_is_utf8(&list.element, query->pairs[i].broken)) {
                reading_list_element(&list);
            }
        }
    }
    reading_list_end(&list, to);
}

static void
read_query_field(struct reading *r, const struct url_query *query, void *to)
{
    const struct url_pair *pair;

    if (field_is_list(r->field)) {
        read_query_list(r, query, to);
        return;
    }
    pair = url_query_find(query, r->field->name);
    if (pair != NULL) {
        r->text = pair->value;
        if (parameter_is_utf8(r, pair->broken)) {
            (void)reading_scalar(r, to);
        }
    } else if (r->field->required) {
        reading_missing(r, NULL, NULL);
    }
}

static void
read_header_field(struct reading *r, void *to)
{
    r->text = header_text(r->req, r->field->name);
    if (r->text == NULL) {
        if (r->field->required) {
            reading_missing(r, NULL, NULL);
        }
    } else if (parameter_is_utf8(r, false)) {
        (void)reading_scalar(r, to);
    }
}

static void
read_parameter(struct reading *r, struct url_query *query, void *to)
{
    switch (r->field->from) {
    case FROM_PATH:
        r->text = url_parameter(r->req->route->path, r->field->name, r->req->parameters);
        if (r->text != NULL) {
            (void)reading_scalar(r, to);
        }
        break;
    case FROM_QUERY:
        url_query_read(query, r->req->query, r->req->caller.arena);
        read_query_field(r, query, to);
        break;
    case FROM_HEADER:
        read_header_field(r, to);
        break;
    case FROM_BODY:
        break;
    }
}

static void
read_parameters(const struct shape *shape, struct request *req, struct url_query *query, char *to)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *f = &shape->fields[i];
        struct reading r = {.req = req, .field = f};

        if (f->from != FROM_BODY) {
            read_parameter(&r, query, to + f->offset);
        }
    }
}

/* Whether a query's name is that of a field which belongs elsewhere. */
static bool
name_is_misplaced(const struct shape *shape, const char *name)
{
    bool elsewhere = false;

    for (size_t i = 0; i < shape->count; i++) {
        if (strcmp(shape->fields[i].name, name) == 0) {
            if (shape->fields[i].from == FROM_QUERY) {
                return false;
            }
            elsewhere = true;
        }
    }
    return elsewhere;
}

/*
 * A field of the path, a header or the body has no effect in the query, so it is refused there.
 * Names that the route does not know at all are ignored: browsers, proxies and those who count
 * visits add their own ("_=…", "utm_source=…").
 */
static void
refuse_misplaced(const struct shape *shape, struct request *req, struct url_query *query)
{
    struct arena *a = req->caller.arena;

    url_query_read(query, req->query, a);
    for (size_t i = 0; i < query->count; i++) {
        const struct url_pair *pair = &query->pairs[i];

        if (name_is_misplaced(shape, pair->name) && fault_count(req)) {
            reading_extra(req, FROM_QUERY, NULL, fault_echo_text(a, pair->name, strlen(pair->name)),
                          shape_has_secret(shape)
                              ? FAULT_HIDDEN
                              : fault_echo_text(a, pair->value, strlen(pair->value)));
        }
    }
}

static void
set_default(const struct field *f, void *to)
{
    switch (f->type) {
    case FIELD_INT:
    case FIELD_TIME:
        *(int64_t *)to = f->default_value;
        break;
    case FIELD_BOOL:
    case FIELD_ENUM:
        *(int *)to = (int)f->default_value;
        break;
    case FIELD_FLOAT:
        *(double *)to = f->default_float;
        break;
    case FIELD_TEXT:
    case FIELD_DIGITS:
    case FIELD_JSON:
        *(const char **)to = f->default_text;
        break;
    case FIELD_OBJECT:
        *(const void **)to = f->default_at;
        break;
    case FIELD_INLINE:
        shape_set_defaults(f->item, to);
        break;
    case FIELD_INTS:
    case FIELD_TEXT_LIST:
    case FIELD_ENUM_LIST:
    case FIELD_SEQS:
    case FIELD_TEXTS:
    case FIELD_LIST:
        if (f->default_at != NULL) {
            memcpy(to, f->default_at, sizeof(struct list)); /* all of them are such a pair */
        }
        break;
    }
}

void
shape_set_defaults(const struct shape *shape, char *to)
{
    for (size_t i = 0; i < shape->count; i++) {
        set_default(&shape->fields[i], to + shape->fields[i].offset);
    }
}

void
shape_add_fault(struct request *req, const char *from, const char *name, const char *en,
                const char *zh)
{
    if (fault_count(req)) {
        fault_add(req, &(struct fault){.type = "value_error",
                                       .from = from,
                                       .place = arena_printf(req->caller.arena, "\"%s\"", name),
                                       .en = en,
                                       .zh = zh});
    }
}

void *
shape_read(const struct shape *shape, struct request *req)
{
    char *to = arena_alloc(req->caller.arena, shape->size);
    struct url_query query = {0};
    bool has_body = false;

    shape_set_defaults(shape, to);
    read_parameters(shape, req, &query, to);
    for (size_t i = 0; i < shape->count && !has_body; i++) {
        has_body = shape->fields[i].from == FROM_BODY;
    }
    if (req->query[0] != '\0') {
        refuse_misplaced(shape, req, &query);
    }
    if (has_body) {
        shape_read_body(shape, req, to);
    }
    return req->faults != NULL || req->status != 0 ? NULL : to;
}
