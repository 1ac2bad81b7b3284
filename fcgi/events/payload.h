/*
 * Bytes for one stream or for thousands: FastCGI records ready to be written, with a reference
 * count. All of one thread.
 */
#ifndef FCGI_EVENTS_PAYLOAD_H
#define FCGI_EVENTS_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* The request id in shared records: the one that web servers use if they do not multiplex. */
enum { PAYLOAD_ID = 1 };

struct payload {
    uint32_t references;
    uint32_t len;
    char bytes[];
};

/*
 * A payload of the given records, or of a text as FCGI_STDOUT records of request PAYLOAD_ID.
 * The caller holds its one reference.
 */
struct payload *payload_records(const char *records, size_t len)
    __attribute__((nonnull, returns_nonnull, warn_unused_result));
struct payload *payload_text(const char *text, size_t len)
    __attribute__((nonnull, returns_nonnull, warn_unused_result));

/* A copy of the records for another request. The caller holds its one reference. */
struct payload *payload_for(const struct payload *p, uint16_t id)
    __attribute__((nonnull, returns_nonnull, warn_unused_result));

/* Adds a reference, and returns `p`. */
struct payload *payload_hold(struct payload *p) __attribute__((nonnull, returns_nonnull));

/* Drops a reference, and with the last one the payload. NULL is allowed. */
void payload_drop(struct payload *p);

#endif
