/* Events in the two forms in which streams take them: Server-Sent Events, and a JSON object a line. All of it is ASCII. */
#ifndef FCGI_EVENTS_EVENT_H
#define FCGI_EVENTS_EVENT_H

#include <stdbool.h>
#include <stddef.h>

#include "fcgi/events/payload.h"

struct event {
    struct payload *text;  /* WHATWG HTML, section 9.2 "Server-sent events" */
    struct payload *lines; /* application/x-ndjson */
};

/* `id` may be NULL. The JSON is on one line. Held once: release it with event_drop. */
struct event event_new(const char *name, const char *id, const char *json, size_t len)
    __attribute__((nonnull(1, 3), warn_unused_result));
void event_drop(struct event *e) __attribute__((nonnull));

/* A payload that only says that the stream is alive. The caller holds it. */
struct payload *event_heartbeat(bool lines) __attribute__((returns_nonnull, warn_unused_result));

#endif
