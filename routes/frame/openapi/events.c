/*
 * Each event of a stream is a schema of its own, named after it, with its name as a constant; all
 * of them are the union StreamEvent. An event of that form is one line of the NDJSON stream.
 */
#include "routes/frame/openapi/parts.h"

/* "StreamHello" */
static void
event_schema_name(const struct stream_event *event, struct buf *out)
{
    openapi_printf(out, "Stream%c%s", event->name[0] & ~0x20, event->name + 1);
}

static void
event_schema(const struct stream_event *event, struct buf *out)
{
    openapi_put(out, "{'type':'object','additionalProperties':false,");
    openapi_member(out, "description", event->description);
    openapi_put(out,
                event->shape != NULL ? ",'required':['event','data']" : ",'required':['event']");
    openapi_printf(out, ",'properties':{'event':{'type':'string','const':'%s'}", event->name);
    if (event->has_id) {
        openapi_put(out, ",'id':{'type':'string','description':'A token to resume from: send it as "
                         "`after` or `Last-Event-ID`.'}");
    }
    if (event->shape != NULL) {
        openapi_put(out, ",'data':");
        openapi_ref(out, "schemas", event->shape->name);
    }
    buf_str(out, "}}");
}

static void
event_union(const struct stream_event *events, struct buf *out)
{
    openapi_put(out, "'StreamEvent':{'description':'An event of the live stream: one line of its "
                     "NDJSON form. Ignore events with other names: a later version may add some.',"
                     "'oneOf':[");
    for (const struct stream_event *at = events; at->name != NULL; at++) {
        openapi_put(out, at > events ? ",{'$ref':'#/components/schemas/"
                                     : "{'$ref':'#/components/schemas/");
        event_schema_name(at, out);
        openapi_put(out, "'}");
    }
    openapi_put(out, "],'discriminator':{'propertyName':'event','mapping':{");
    for (const struct stream_event *at = events; at->name != NULL; at++) {
        openapi_printf(out, "%s'%s':'#/components/schemas/", at > events ? "," : "", at->name);
        event_schema_name(at, out);
        openapi_put(out, "'");
    }
    buf_str(out, "}}}");
}

void
openapi_events(const struct stream_event *events, struct buf *out)
{
    event_union(events, out);
    for (const struct stream_event *at = events; at->name != NULL; at++) {
        openapi_put(out, ",'");
        event_schema_name(at, out);
        openapi_put(out, "':");
        event_schema(at, out);
    }
}
