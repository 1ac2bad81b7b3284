/*
 * Written by hand into one buffer: the form of the document is fixed, what varies is in the tables.
 */
#include "routes/frame/openapi.h"

#include <string.h>

#include "base/json.h"

static void openapi_write_schema(const struct field *f, bool output, struct buf *out);

static void
openapi_member(struct buf *out, const char *name, const char *text)
{
    json_text(out, name);
    buf_char(out, ':');
    json_text(out, text);
}

static void
openapi_write_ref(const char *name, struct buf *out)
{
    buf_printf(out, "{\"$ref\":\"#/components/schemas/%s\"}", name);
}

/* A shape in a reply, or null. */
static void
openapi_write_object(const struct field *f, struct buf *out)
{
    if (f->nullable) {
        buf_str(out, "{\"oneOf\":[");
        openapi_write_ref(f->item->name, out);
        buf_str(out, ",{\"type\":\"null\"}]}");
    } else {
        openapi_write_ref(f->item->name, out);
    }
}

static void
openapi_write_type(const char *type, bool nullable, struct buf *out)
{
    buf_printf(out, nullable ? "\"type\":[\"%s\",\"null\"]" : "\"type\":\"%s\"", type);
}

static void
openapi_write_enum(const struct field *f, bool nullable, struct buf *out)
{
    openapi_write_type("string", nullable, out);
    buf_str(out, ",\"enum\":[");
    for (int i = 0; f->values[i] != NULL; i++) {
        buf_str(out, i > 0 ? "," : "");
        json_text(out, f->values[i]);
    }
    buf_str(out, nullable ? ",null]" : "]");
}

static void
openapi_write_int(const struct field *f, bool output, struct buf *out)
{
    openapi_write_type("integer", f->nullable, out);
    buf_str(out, ",\"format\":\"int64\"");
    if (!output) {
        buf_printf(out, ",\"minimum\":%lld", (long long)f->min);
        if (f->max != 0) {
            buf_printf(out, ",\"maximum\":%lld", (long long)f->max);
        }
        if (!f->required && f->default_value > 0) {
            buf_printf(out, ",\"default\":%lld", (long long)f->default_value);
        }
    }
}

static void
openapi_write_string(const struct field *f, bool output, struct buf *out)
{
    openapi_write_type("string", f->nullable, out);
    if (output) {
        return;
    }
    buf_printf(out, ",\"minLength\":%lld", (long long)f->min);
    if (f->max != 0) {
        buf_printf(out, ",\"maxLength\":%lld", (long long)f->max);
    }
    if (f->pattern != NULL) {
        buf_char(out, ',');
        openapi_member(out, f->pattern->format != NULL ? "format" : "pattern",
                       f->pattern->format != NULL ? f->pattern->format : f->pattern->regex);
    }
    if (f->secret) {
        buf_str(out, ",\"format\":\"password\"");
    }
}

static void
openapi_write_float(const struct field *f, bool output, struct buf *out)
{
    openapi_write_type("number", f->nullable, out);
    if (!output && (f->float_min != 0 || f->float_max != 0)) {
        buf_str(out, ",\"minimum\":");
        json_float(out, f->float_min);
        buf_str(out, ",\"maximum\":");
        json_float(out, f->float_max);
    }
}

static void
openapi_write_items(const struct field *f, struct buf *out)
{
    if (f->min != 0) {
        buf_printf(out, ",\"minItems\":%lld", (long long)f->min);
    }
    if (f->max != 0) {
        buf_printf(out, ",\"maxItems\":%lld", (long long)f->max);
    }
}

/* A list of integers, texts, words or objects. */
static void
openapi_write_list(const struct field *f, bool output, struct buf *out)
{
    static const struct field id = {.type = FIELD_INT, .min = 1}, text = {.type = FIELD_TEXT};
    const struct field word = {.type = FIELD_ENUM, .values = f->values};
    const struct field *element = f->element;

    if (element == NULL) {
        element = f->type == FIELD_INTS ? &id : f->type == FIELD_TEXT_LIST ? &text : &word;
    }
    openapi_write_type("array", f->nullable, out);
    buf_str(out, ",\"items\":");
    if (f->type == FIELD_LIST) {
        openapi_write_ref(f->item->name, out);
    } else {
        openapi_write_schema(element, output, out);
    }
    if (!output) {
        openapi_write_items(f, out);
    }
}

static void
openapi_write_seqs(const struct field *f, struct buf *out)
{
    buf_str(out, "\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\","
                 "\"format\":\"int64\",\"minimum\":0}");
    if (f->max != 0) {
        buf_printf(out, ",\"maxProperties\":%lld", (long long)f->max);
    }
}

static void
openapi_write_details(const struct field *f, struct buf *out)
{
    if (f->description != NULL) {
        buf_char(out, ',');
        openapi_member(out, "description", f->description);
    }
    if (f->example != NULL) {
        buf_printf(out, ",\"examples\":[%s]", f->example);
    }
}

/* The JSON Schema of a field. */
static void
openapi_write_schema(const struct field *f, bool output, struct buf *out)
{
    if (f->type == FIELD_OBJECT || f->type == FIELD_INLINE) {
        openapi_write_object(f, out);
        return;
    }
    buf_char(out, '{');
    switch (f->type) {
    case FIELD_INT:
        openapi_write_int(f, output, out);
        break;
    case FIELD_FLOAT:
        openapi_write_float(f, output, out);
        break;
    case FIELD_BOOL:
        openapi_write_type("boolean", f->nullable, out);
        break;
    case FIELD_TEXT:
        openapi_write_string(f, output, out);
        break;
    case FIELD_ENUM:
        openapi_write_enum(f, f->nullable, out);
        break;
    case FIELD_TIME:
        openapi_write_type("string", f->nullable, out);
        buf_str(out, ",\"format\":\"date-time\"");
        break;
    case FIELD_DIGITS:
        buf_str(out, "\"type\":\"integer\"");
        break;
    case FIELD_JSON: /* anything */
        buf_str(out, "\"type\":[\"object\",\"array\",\"string\",\"number\",\"boolean\",\"null\"]");
        break;
    case FIELD_INTS:
    case FIELD_TEXT_LIST:
    case FIELD_ENUM_LIST:
    case FIELD_LIST:
        openapi_write_list(f, output, out);
        break;
    case FIELD_SEQS:
        openapi_write_seqs(f, out);
        break;
    case FIELD_TEXTS:
        buf_str(out, "\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}");
        break;
    default:
        break;
    }
    openapi_write_details(f, out);
    buf_char(out, '}');
}

/* A shape's object schema: all fields of an output, the body's fields of an input. */
static void
openapi_write_shape(const struct shape *shape, bool output, struct buf *out)
{
    size_t written = 0, required = 0;

    buf_str(out, "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{");
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *f = &shape->fields[i];

        if (output || f->from == FROM_BODY) {
            buf_str(out, written++ > 0 ? "," : "");
            json_text(out, f->name);
            buf_char(out, ':');
            openapi_write_schema(f, output, out);
        }
    }
    buf_char(out, '}');
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *f = &shape->fields[i];

        if (output || (f->from == FROM_BODY && f->required)) {
            buf_str(out, required++ > 0 ? "," : ",\"required\":[");
            json_text(out, f->name);
        }
    }
    buf_str(out, required > 0 ? "]}" : "}");
}

static bool
openapi_has_body(const struct shape *shape)
{
    for (size_t i = 0; shape != NULL && i < shape->count; i++) {
        if (shape->fields[i].from == FROM_BODY) {
            return true;
        }
    }
    return false;
}

/* The shapes that have been written as components. */
struct written {
    const struct shape *shapes[128];
    size_t count;
};

static void
openapi_write_component(const struct shape *shape, bool output, struct written *w, struct buf *out)
{
    for (size_t i = 0; i < w->count; i++) {
        if (w->shapes[i] == shape) {
            return;
        }
    }
    if (w->count == sizeof(w->shapes) / sizeof(w->shapes[0])) {
        return; /* the test that every reference resolves then fails */
    }
    w->shapes[w->count++] = shape;
    buf_char(out, ',');
    json_text(out, shape->name);
    buf_char(out, ':');
    openapi_write_shape(shape, output, out);
    for (size_t i = 0; i < shape->count; i++) {
        if (shape->fields[i].item != NULL) {
            openapi_write_component(shape->fields[i].item, output, w, out);
        }
    }
}

static void
openapi_write_components(const struct route *const *routes, struct buf *out)
{
    struct written w = {.count = 0};

    buf_str(
        out,
        "\"components\":{\"securitySchemes\":{\"bearer\":{\"type\":\"http\",\"scheme\":"
        "\"bearer\"}},\"schemas\":{\"Problem\":{\"type\":\"object\",\"required\":[\"detail\","
        "\"code\"],\"properties\":{\"detail\":{\"type\":\"string\",\"description\":\"words for "
        "people, in Chinese or English\"},\"code\":{\"type\":\"string\",\"description\":\"a "
        "stable word for programs\"}}},\"Invalid\":{\"type\":\"object\",\"required\":[\"detail\"],"
        "\"properties\":{\"detail\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
        "\"required\":[\"type\",\"loc\",\"msg\",\"input\"],\"properties\":{\"type\":{\"type\":"
        "\"string\"},\"loc\":{\"type\":\"array\",\"items\":{\"type\":[\"string\",\"integer\"]}},"
        "\"msg\":{\"type\":\"string\"},\"input\":{},\"ctx\":{\"type\":\"object\"}}}},\"more\":{"
        "\"type\":\"integer\",\"description\":\"the number of further faults that `detail` does "
        "not list\"}}}");
    for (; *routes != NULL; routes++) {
        if (openapi_has_body((*routes)->in)) {
            openapi_write_component((*routes)->in, false, &w, out);
        }
        if ((*routes)->out != NULL) {
            openapi_write_component((*routes)->out, true, &w, out);
            openapi_write_component(route_out(*routes, (*routes)->other_status), true, &w, out);
        }
        if ((*routes)->events != NULL) {
            openapi_write_component((*routes)->events, true, &w, out);
        }
    }
    buf_str(out, "}}");
}

static void
openapi_write_parameters(const struct route *route, struct buf *out)
{
    size_t written = 0;

    buf_str(out, ",\"parameters\":[");
    for (size_t i = 0; route->in != NULL && i < route->in->count; i++) {
        const struct field *f = &route->in->fields[i];

        if (f->from == FROM_BODY) {
            continue;
        }
        buf_str(out, written++ > 0 ? ",{" : "{");
        openapi_member(out, "name", f->name);
        buf_printf(out, ",\"in\":\"%s\",\"required\":%s,\"schema\":",
                   f->from == FROM_PATH    ? "path"
                   : f->from == FROM_QUERY ? "query"
                                           : "header",
                   f->required ? "true" : "false");
        openapi_write_schema(f, false, out);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static void
openapi_write_success(const struct route *route, int status, const char *words, struct buf *out)
{
    const struct shape *shape = route_out(route, status);

    buf_printf(out, "\"%d\":{\"description\":\"%s\"", status, words);
    if (shape != NULL) {
        buf_str(out, ",\"content\":{\"application/json\":{\"schema\":");
        openapi_write_ref(shape->name, out);
        buf_str(out, "}}");
    } else if (status != 204) {
        buf_printf(out, ",\"content\":{\"%s\":{}}",
                   route->media_type != NULL ? route->media_type : "application/json");
    }
    buf_char(out, '}');
}

static void
openapi_write_error(int status, const char *codes, const char *schema, struct buf *out)
{
    buf_printf(out,
               ",\"%d\":{\"description\":\"%s\",\"content\":{\"application/json\":{\"schema\":",
               status, codes);
    openapi_write_ref(schema, out);
    buf_str(out, "}}}");
}

/* Problems that follow from a row, not listed in it. */
static bool
openapi_may_reply(const struct route *route, enum problem p)
{
    if (p == NOT_SIGNED_IN) {
        return route->access != ANYONE;
    }
    if (p == NOT_A_MEMBER || p == NO_SUCH_ROOM) {
        return route->access == MEMBER;
    }
    if (p == ADMINS_ONLY) {
        return route->access == ADMIN;
    }
    if (p == BODY_TOO_LARGE || p == UNSUPPORTED_MEDIA_TYPE) {
        return openapi_has_body(route->in);
    }
    if (p == TOO_MANY_REQUESTS) {
        return route->limit != LIMIT_NONE;
    }
    if (p == UNAVAILABLE) {
        return route->access != ANYONE || route->runs == CPU;
    }
    return false;
}

/*
 * A route's problems by status, since the document lists a status once: the front line's and its
 * own.
 */
static void
openapi_write_errors(const struct route *route, struct buf *out)
{
    struct buf codes = {0};

    for (int status = 400; status < 600; status++) {
        buf_clear(&codes);
        for (int p = BAD_REQUEST; p <= DEADLINE_EXCEEDED; p++) {
            bool own = openapi_may_reply(route, (enum problem)p);

            for (const enum problem *at = route->problems; at != NULL && *at != PROBLEM_END; at++) {
                own = own || *at == (enum problem)p;
            }
            if (own && problem_text((enum problem)p)->status == status) {
                buf_str(&codes, codes.len > 0 ? ", " : "");
                buf_str(&codes, problem_text((enum problem)p)->code);
            }
        }
        if (codes.len > 0) {
            openapi_write_error(status, buf_cstr(&codes), "Problem", out);
        }
        if (status == 422 && route->in != NULL) {
            openapi_write_error(422, "invalid input: its faults", "Invalid", out);
        }
    }
    buf_free(&codes);
}

/* "get_api_rooms_room_id": stable, since client generators name functions after it. */
static void
openapi_write_operation_id(const struct route *route, struct buf *out)
{
    buf_str(out, "\"operationId\":\"");
    for (const char *at = method_name(route->method); *at != '\0'; at++) {
        buf_char(out, (char)(*at | 0x20));
    }
    for (const char *at = route->path; *at != '\0'; at++) {
        if (*at == '/' || *at == '.') {
            buf_char(out, '_');
        } else if (*at != '{' && *at != '}') {
            buf_char(out, *at);
        }
    }
    buf_char(out, '"');
}

static void
openapi_write_operation(const struct route *route, const char *tag, struct buf *out)
{
    buf_char(out, '"');
    for (const char *at = method_name(route->method); *at != '\0'; at++) {
        buf_char(out, (char)(*at | 0x20));
    }
    buf_str(out, "\":{");
    openapi_write_operation_id(route, out);
    buf_char(out, ',');
    openapi_member(out, "summary", route->summary);
    buf_printf(out, ",\"tags\":[\"%s\"]", tag);
    buf_str(out, route->access != ANYONE ? ",\"security\":[{\"bearer\":[]}]" : ",\"security\":[]");
    openapi_write_parameters(route, out);
    if (openapi_has_body(route->in)) {
        buf_str(out, ",\"requestBody\":{\"required\":true,\"content\":{\"application/json\":{"
                     "\"schema\":");
        openapi_write_ref(route->in->name, out);
        buf_str(out, "}}}");
    }
    buf_str(out, ",\"responses\":{");
    openapi_write_success(route, route->status, "done", out);
    if (route->other_status != 0) {
        buf_char(out, ',');
        openapi_write_success(route, route->other_status,
                              route->other_out != NULL ? "not done yet" : "was done before", out);
    }
    openapi_write_errors(route, out);
    buf_str(out, "}}");
}

/* Routes of one path are written together, where the first of them is in the tables. */
static void
openapi_write_paths(const struct router *router, struct buf *out)
{
    const struct route *const *routes = router_all(router);

    buf_str(out, "\"paths\":{");
    for (size_t i = 0; routes[i] != NULL; i++) {
        size_t first = 0, written = 0;

        while (strcmp(routes[first]->path, routes[i]->path) != 0) {
            first++;
        }
        if (first < i) {
            continue;
        }
        buf_str(out, i > 0 ? "," : "");
        json_text(out, routes[i]->path);
        buf_str(out, ":{");
        for (size_t k = i; routes[k] != NULL; k++) {
            if (strcmp(routes[k]->path, routes[i]->path) == 0) {
                buf_str(out, written++ > 0 ? "," : "");
                openapi_write_operation(routes[k], router_tag(router, k), out);
            }
        }
        buf_char(out, '}');
    }
    buf_str(out, "},");
}

void
openapi_write(const struct router *router, const struct settings *settings, struct buf *out)
{
    buf_str(out, "{\"openapi\":\"3.1.0\",\"info\":{");
    openapi_member(out, "title", settings->app_name);
    buf_char(out, ',');
    openapi_member(out, "version", settings->app_version);
    buf_str(out, ",\"license\":{\"name\":\"MIT\",\"identifier\":\"MIT\"}},"
                 "\"servers\":[{\"url\":\"/\"}],");
    openapi_write_paths(router, out);
    openapi_write_components(router_all(router), out);
    buf_str(out, "}\n");
}
