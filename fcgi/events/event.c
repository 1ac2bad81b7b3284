/* Both forms are written at once: an event is written once and sent thousands of times. */
#include "fcgi/events/event.h"

#include <string.h>

void
event_write_sse(struct buf *out, const char *name, const char *id, const char *json, size_t len)
{
    if (id != NULL) {
        buf_printf(out, "id: %s\n", id);
    }
    buf_printf(out, "event: %s\ndata: ", name);
    buf_add(out, json, len);
    buf_str(out, "\n\n");
}

void
event_write_ndjson(struct buf *out, const char *name, const char *id, const char *json, size_t len)
{
    buf_printf(out, "{\"event\":\"%s\",", name);
    if (id != NULL) {
        buf_printf(out, "\"id\":\"%s\",", id);
    }
    buf_str(out, "\"data\":");
    buf_add(out, json, len);
    buf_str(out, "}\n");
}

struct event
event_new(const char *name, const char *id, const char *json, size_t len)
{
    struct buf text = {0};
    struct event e;

    event_write_sse(&text, name, id, json, len);
    e.sse = payload_text(text.at, text.len);
    buf_clear(&text);
    event_write_ndjson(&text, name, id, json, len);
    e.ndjson = payload_text(text.at, text.len);
    buf_free(&text);
    return e;
}

void
event_drop(struct event *e)
{
    payload_drop(e->sse);
    payload_drop(e->ndjson);
    *e = (struct event){0};
}

struct payload *
event_heartbeat(bool ndjson)
{
    const char *text = ndjson ? "{\"event\":\"heartbeat\"}\n" : ": hb\n\n";

    return payload_text(text, strlen(text));
}
