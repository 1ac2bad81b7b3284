/* An operation is one row: its parameters and body from the input's shape, its replies. */
#include "routes/frame/openapi/parts.h"

#include "base/json.h"
#include "routes/frame/declared.h"

/* Header lines that every request may have, and those by which a POST stands for another method. */
static void
operation_headers(const struct route *route, struct buf *out)
{
    openapi_ref(out, "parameters", "Accept-Language");
    if (route->method != GET && route->method != POST) {
        buf_char(out, ',');
        openapi_ref(out, "parameters", "X-HTTP-Method-Override");
    }
    for (const char *const *at = route->takes_headers; at != NULL && *at != NULL; at++) {
        buf_char(out, ',');
        openapi_ref(out, "parameters", *at);
    }
}

/* The description stands beside the schema, since that is where tools look for it. */
static void
operation_parameter(const struct field *f, struct buf *out)
{
    static const char *const places[] = {
        [FROM_PATH] = "path", [FROM_QUERY] = "query", [FROM_HEADER] = "header"};
    struct field bare = *f;

    bare.description = NULL;
    buf_str(out, ",{");
    openapi_member(out, "name", f->name);
    openapi_printf(out, ",'in':'%s','required':%s,", places[f->from],
                   f->required ? "true" : "false");
    if (f->description != NULL) {
        openapi_member(out, "description", f->description);
        buf_char(out, ',');
    }
    openapi_put(out, "'schema':");
    openapi_schema(&bare, false, out);
    buf_char(out, '}');
}

static void
operation_input(const struct route *route, struct buf *out)
{
    bool required = false;

    openapi_put(out, ",'parameters':[");
    operation_headers(route, out);
    for (size_t i = 0; route->in != NULL && i < route->in->count; i++) {
        const struct field *f = &route->in->fields[i];

        if (f->from != FROM_BODY) {
            operation_parameter(f, out);
        }
        required = required || (f->from == FROM_BODY && f->required);
    }
    buf_char(out, ']');
    if (route->in != NULL && declares_body(route->in)) {
        openapi_printf(out,
                       ",'requestBody':{'required':%s,'content':{'application/json':{"
                       "'schema':",
                       required ? "true" : "false");
        openapi_ref(out, "schemas", route->in->name);
        buf_str(out, "}}}");
    }
}

/* The media types of a success, with their schemas. */
static void
operation_content(const struct route *route, int status, struct buf *out)
{
    const struct shape *shape = route_out(route, status);

    openapi_put(out, ",'content':{");
    if (route->events != NULL) {
        openapi_put(out, "'text/event-stream':{'schema':{'type':'string','description':'Each event "
                         "of `StreamEvent` as a Server-Sent Event: its `event` and `id` are fields "
                         "of the same names, its `data` is JSON in one field `data`. A heartbeat "
                         "is a comment.'}},'application/x-ndjson':{'schema':{'$ref':"
                         "'#/components/schemas/StreamEvent'}}");
    } else if (shape != NULL) {
        openapi_put(out, "'application/json':{'schema':");
        openapi_ref(out, "schemas", shape->name);
        buf_char(out, '}');
    } else if (route->media_type != NULL) {
        openapi_printf(out, "'%s':{'schema':{'type':'string','format':'binary'}}",
                       route->media_type);
    } else {
        openapi_put(out, "'application/json':{'schema':{'type':'object',"
                         "'additionalProperties':true}}");
    }
    buf_char(out, '}');
}

static const char *
operation_words(const struct route *route, int status)
{
    switch (status) {
    case 201:
        return "It was made.";
    case 202:
        return route->other_out != NULL ? "Not done yet." : "It was queued.";
    case 204:
        return "Done. The reply has no body.";
    case 206:
        return "The part that `Range` names.";
    case 304:
        return "Nothing has changed since the copy that you have. The reply has no body.";
    default:
        return status == route->other_status ? "It was done before." : "Success.";
    }
}

static void
operation_success(const struct route *route, int status, struct buf *out)
{
    openapi_printf(out, "'%d':{", status);
    openapi_member(out, "description", operation_words(route, status));
    openapi_put(out, ",'headers':{'X-Request-ID':{'$ref':'#/components/headers/X-Request-ID'}");
    for (const char *const *at = route->gives_headers; at != NULL && *at != NULL; at++) {
        openapi_printf(out, ",'%s':{'$ref':'#/components/headers/%s'}", *at, *at);
    }
    buf_char(out, '}');
    if (status != 204 && status != 304) {
        operation_content(route, status, out);
    }
    buf_char(out, '}');
}

void
openapi_operation(const struct route *route, const char *tag, struct buf *out)
{
    size_t written = 0;

    openapi_printf(out, "{'operationId':'%s',",
                   route->operation != NULL ? route->operation : route->handler_name);
    openapi_member(out, "summary", route->summary);
    if (route->description != NULL) {
        buf_char(out, ',');
        openapi_member(out, "description", route->description);
    }
    openapi_printf(out, ",'tags':['%s'],'security':[%s]", tag,
                   route->access != ANYONE ? "{'bearer':[]}" : "");
    operation_input(route, out);
    openapi_put(out, ",'responses':{");
    for (int status = 200; status < 400; status++) {
        if (declares_status(route, status)) {
            buf_str(out, written++ > 0 ? "," : "");
            operation_success(route, status, out);
        }
    }
    openapi_errors(route, out);
    buf_str(out, "}}");
}
