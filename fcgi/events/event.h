/*
 * Events in the two forms that streams receive: Server-Sent Events (WHATWG HTML, section 9.2), and
 * application/x-ndjson, one JSON object per line. Both are ASCII only.
 */
#ifndef FCGI_EVENTS_EVENT_H
#define FCGI_EVENTS_EVENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "fcgi/events/payload.h"
#include "routes/live_events.h"

struct event {
    struct payload *sse, *ndjson;
};

/*
 * An event with its data as one line of JSON in ASCII; `id` may be NULL. Returns one reference to
 * each form: release them with event_drop.
 */
struct event event_new(enum live_event_kind kind, const char *id, const char *json, size_t len)
    __attribute__((nonnull(3), warn_unused_result));

/* The same from a struct of the kind's shape. */
struct event event_from(enum live_event_kind kind, const char *id, const void *data)
    __attribute__((nonnull(3), warn_unused_result));

void event_drop(struct event *e) __attribute__((nonnull));

/* Appends an event in one of the two forms. `id` may be NULL. */
void event_write_sse(struct buf *out, enum live_event_kind kind, const char *id, const char *json,
                     size_t len) __attribute__((nonnull(1, 4)));
void event_write_ndjson(struct buf *out, enum live_event_kind kind, const char *id,
                        const char *json, size_t len) __attribute__((nonnull(1, 4)));

/* A payload without content, which shows that the stream is alive. The caller holds a reference. */
struct payload *event_heartbeat(bool ndjson) __attribute__((returns_nonnull, warn_unused_result));

#endif
