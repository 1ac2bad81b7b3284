/* Both forms are written at once: an event is written once and sent thousands of times. */
#include "fcgi/events/event.h"

#include <string.h>

struct event
event_new(const char *name, const char *id, const char *json, size_t len)
{
    struct buf text = {0};
    struct event e;

    if (id != NULL) {
        buf_printf(&text, "id: %s\n", id);
    }
    buf_printf(&text, "event: %s\ndata: ", name);
    buf_add(&text, json, len);
    buf_str(&text, "\n\n");
    e.text = payload_text(text.at, text.len);
    buf_clear(&text);
    buf_printf(&text, "{\"event\":\"%s\",", name);
    if (id != NULL) {
        buf_printf(&text, "\"id\":\"%s\",", id);
    }
    buf_str(&text, "\"data\":");
    buf_add(&text, json, len);
    buf_str(&text, "}\n");
    e.lines = payload_text(text.at, text.len);
    buf_free(&text);
    return e;
}

void
event_drop(struct event *e)
{
    payload_drop(e->text);
    payload_drop(e->lines);
    *e = (struct event){0};
}

struct payload *
event_heartbeat(bool lines)
{
    const char *beat = lines ? "{\"event\":\"heartbeat\"}\n" : ": hb\n\n";

    return payload_text(beat, strlen(beat));
}
