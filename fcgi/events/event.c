/* Both forms are written at once: an event is written once and sent thousands of times. */
#include "fcgi/events/event.h"

#include <string.h>

#include "base/test_seams.h"

void
event_write_sse(struct buf *out, enum live_event_kind kind, const char *id, const char *json,
                size_t len)
{
    test_check_event(live_events[kind].name, live_events[kind].shape, json, len);
    if (id != NULL) {
        buf_printf(out, "id: %s\n", id);
    }
    buf_printf(out, "event: %s\ndata: ", live_events[kind].name);
    buf_add(out, json, len);
    buf_str(out, "\n\n");
}

void
event_write_ndjson(struct buf *out, enum live_event_kind kind, const char *id, const char *json,
                   size_t len)
{
    test_check_event(live_events[kind].name, live_events[kind].shape, json, len);
    buf_printf(out, "{\"event\":\"%s\",", live_events[kind].name);
    if (id != NULL) {
        buf_printf(out, "\"id\":\"%s\",", id);
    }
    buf_str(out, "\"data\":");
    buf_add(out, json, len);
    buf_str(out, "}\n");
}

struct event
event_new(enum live_event_kind kind, const char *id, const char *json, size_t len)
{
    struct buf text = {0};
    struct event e;

    event_write_sse(&text, kind, id, json, len);
    e.sse = payload_text(text.at, text.len);
    buf_clear(&text);
    event_write_ndjson(&text, kind, id, json, len);
    e.ndjson = payload_text(text.at, text.len);
    buf_free(&text);
    return e;
}

struct event
event_from(enum live_event_kind kind, const char *id, const void *data)
{
    struct buf json = {0};
    struct event e;

    live_event_write(kind, data, &json);
    e = event_new(kind, id, json.at, json.len);
    buf_free(&json);
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
