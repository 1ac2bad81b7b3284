/* Bytes for one stream or for thousands: FastCGI records, ready to be written, counted by who still has to write them. */
#ifndef FCGI_EVENTS_PAYLOAD_H
#define FCGI_EVENTS_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum {
    PAYLOAD_ID =
        1, /* the request's id in shared records: web servers that do not multiplex use it */
};

/* Of one thread. */
struct payload {
    uint32_t holders;
    uint32_t len;
    char bytes[];
};

/* Records as they are, or a text as FCGI_STDOUT records of request PAYLOAD_ID. With one holder: the caller. */
struct payload *payload_records(const char *records, size_t len)
    __attribute__((nonnull, returns_nonnull, warn_unused_result));
struct payload *payload_text(const char *text, size_t len)
    __attribute__((nonnull, returns_nonnull, warn_unused_result));

/* The same records for another request. */
struct payload *payload_for(const struct payload *p, uint16_t id)
    __attribute__((nonnull, returns_nonnull, warn_unused_result));

struct payload *payload_hold(struct payload *p) __attribute__((nonnull, returns_nonnull));
void payload_drop(struct payload *p);

#endif
