/* The header of a payload and its bytes are one allocation. */
#include "fcgi/events/payload.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "fcgi/record.h"

struct payload *
payload_records(const char *records, size_t len)
{
    /* malloc: zeroing the bytes first would cost a second pass over them. */
    struct payload *p = len > UINT32_MAX ? NULL : malloc(sizeof(*p) + len);

    if (p == NULL) {
        memory_exhausted(sizeof(*p) + len);
    }
    p->references = 1;
    p->len = (uint32_t)len;
    memcpy(p->bytes, records, len);
    return p;
}

struct payload *
payload_text(const char *text, size_t len)
{
    struct buf records = {0};
    struct payload *p;

    record_stdout(&records, PAYLOAD_ID, text, len);
    p = payload_records(records.len > 0 ? records.at : "", records.len);
    buf_free(&records);
    return p;
}

struct payload *
payload_for(const struct payload *p, uint16_t id)
{
    struct payload *other = payload_records(p->bytes, p->len);
    uint8_t *at = (uint8_t *)other->bytes, *end = at + other->len;

    while (at < end) {
        at[2] = (uint8_t)(id >> 8);
        at[3] = (uint8_t)id;
        at += RECORD_HEADER + (at[4] << 8 | at[5]) + at[6];
    }
    return other;
}

struct payload *
payload_hold(struct payload *p)
{
    p->references++;
    return p;
}

void
payload_drop(struct payload *p)
{
    if (p != NULL && --p->references == 0) {
        free(p);
    }
}
