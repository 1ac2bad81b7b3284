/* The components: what is fixed stands here as text, the schemas come from the rows' shapes. */
#include "routes/frame/openapi/parts.h"

#include "base/json.h"
#include "routes/frame/declared.h"

/* Header lines, by their names; `schema` is JSON in the form of openapi_put. */
struct header {
    const char *name, *schema, *description;
};

static const struct header taken[] = {
    {"Accept-Language", "{'type':'string','examples':['zh-CN,zh;q=0.9','en']}",
     "The language of `detail` and `msg` in errors: Chinese or English."},
    {"X-HTTP-Method-Override", "{'type':'string','enum':['PUT','PATCH','DELETE']}",
     "For platforms that lack this method: send it as POST, and name the method here. It counts "
     "only in a POST."},
    {"Last-Event-ID", "{'type':'string','pattern':'^[^\\\\x00-\\\\x1F]*$'}",
     "The last `id` received: the stream begins after it. Wins over `after`."},
    {"If-None-Match", "{'type':'string','examples':['\\\"33a64df551425fcc55e4d42a148795d9\\\"']}",
     "The `ETag` of the copy that you have, or several: 304 if one of them is current."},
    {"If-Match", "{'type':'string'}", "The `ETag` that the content must still have, else 412."},
    {"Range", "{'type':'string','examples':['bytes=1000-']}",
     "Only these bytes (206), to continue a download."},
    {"If-Range", "{'type':'string'}",
     "The `ETag` of the part that you have: if the content is another one now, all of it is sent."},
};

static const struct header given[] = {
    {"X-Request-ID", "{'type':'string'}",
     "The id of this request, also in the log of the server: name it in a report."},
    {"Retry-After", "{'type':'integer','minimum':1}",
     "Send the request again after so many seconds."},
    {"Allow", "{'type':'string','examples':['OPTIONS, GET, HEAD']}",
     "The methods that this address supports."},
    {"WWW-Authenticate", "{'type':'string','examples':['Bearer']}",
     "The kind of token that is needed."},
    {"ETag", "{'type':'string'}", "Names this content: send it back as `If-None-Match`."},
    {"Accept-Ranges", "{'type':'string','const':'bytes'}", "`Range` is supported."},
    {"Content-Range", "{'type':'string','examples':['bytes 1000-4999/5000']}",
     "The bytes that are sent, and the length of the whole."},
    {"Content-Disposition", "{'type':'string'}", "The name of the file."},
};

static const char fixed_schemas[] =
    "'Fault':{'type':'object','required':['type','loc','msg','input'],'properties':{"
    "'type':{'type':'string','description':'A stable word for programs, as pydantic v2 names it: "
    "`missing`, `int_parsing`, `string_too_long` ….'},"
    "'loc':{'type':'array','minItems':1,'items':{'anyOf':[{'type':'string'},{'type':'integer'}]},"
    "'description':'The place of the value: `path`, `query`, `header` or `body`; the name of the "
    "field; inside it the key or index.'},"
    "'msg':{'type':'string','description':'Words for people, in Chinese or English.'},"
    "'input':{'description':'The value that was sent, cut after 200 bytes; null if it is "
    "missing; `***` in place of a secret.'},"
    "'ctx':{'type':'object','additionalProperties':true,'description':'The bound or rule that the "
    "value breaks, such as `ge` or `max_length`.'}}},"
    "'Invalid':{'type':'object','required':['detail'],'properties':{"
    "'detail':{'type':'array','minItems':1,'maxItems':20,'items':{'$ref':"
    "'#/components/schemas/Fault'},'description':'The first 20 faults.'},"
    "'more':{'type':'integer','minimum':1,'description':'The number of further faults; absent if "
    "`detail` lists all.'}},'examples':[{'detail':[{'type':'greater_than_equal','loc':['query',"
    "'limit'],'msg':'must be at least 1','input':'0','ctx':{'ge':1}}]}]}";

/* The shapes that have been written as components. */
struct written {
    const struct shape *shapes[128];
    size_t count;
};

static void
components_schema(const struct shape *shape, bool output, struct written *w, struct buf *out)
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
    openapi_shape(shape, output, out);
    for (size_t i = 0; i < shape->count; i++) {
        if (shape->fields[i].item != NULL) {
            components_schema(shape->fields[i].item, output, w, out);
        }
    }
}

static void
components_of_route(const struct route *route, struct written *w, struct buf *out)
{
    if (declares_body(route->in)) {
        components_schema(route->in, false, w, out);
    }
    if (route->out != NULL) {
        components_schema(route->out, true, w, out);
        components_schema(route_out(route, route->other_status), true, w, out);
    }
    if (route->events != NULL) {
        buf_char(out, ',');
        openapi_events(route->events, out);
        for (const struct stream_event *at = route->events; at->name != NULL; at++) {
            if (at->shape != NULL) {
                components_schema(at->shape, true, w, out);
            }
        }
    }
}

/* Does a route name this header line? */
static bool
header_is_used(const struct route *const *routes, const char *name)
{
    for (; *routes != NULL; routes++) {
        if (route_names_header((*routes)->takes_headers, name) ||
            route_names_header((*routes)->gives_headers, name)) {
            return true;
        }
    }
    return false;
}

/* `first` of the headers are always used. */
static void
components_headers(const struct header *at, size_t count, size_t first,
                   const struct route *const *routes, const char *in, struct buf *out)
{
    for (size_t i = 0; i < count; i++) {
        if (i >= first && !header_is_used(routes, at[i].name)) {
            continue;
        }
        openapi_printf(out, "%s'%s':{", i > 0 ? "," : "", at[i].name);
        if (in != NULL) {
            openapi_printf(out, "'name':'%s','in':'%s',", at[i].name, in);
        }
        openapi_member(out, "description", at[i].description);
        openapi_put(out, ",'schema':");
        openapi_put(out, at[i].schema);
        buf_char(out, '}');
    }
}

void
openapi_components(const struct route *const *routes, struct buf *out)
{
    struct written w = {.count = 0};

    openapi_put(out, "'components':{'securitySchemes':{'bearer':{'type':'http','scheme':'bearer',"
                     "'description':'The `token` of `POST /api/sessions`.'}},'parameters':{");
    components_headers(taken, sizeof(taken) / sizeof(taken[0]), 2, routes, "header", out);
    openapi_put(out, "},'headers':{");
    components_headers(given, sizeof(given) / sizeof(given[0]), 4, routes, NULL, out);
    openapi_put(out, "},'responses':{");
    openapi_error_responses(routes, out);
    openapi_put(out, "},'schemas':{");
    openapi_put(out, fixed_schemas);
    for (; *routes != NULL; routes++) {
        components_of_route(*routes, &w, out);
    }
    buf_str(out, "}}");
}
