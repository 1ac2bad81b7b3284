/*
 * FastCGI records (FastCGI Specification 1.0, Open Market, 1996), for a process that holds many requests: what comes in is
 * fed piece by piece as it arrives, what goes out is written without libfcgi's streams. One request at a time on a
 * connection, as web servers do it.
 */
#ifndef FCGI_EVENTS_RECORD_H
#define FCGI_EVENTS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

enum {
    RECORD_HEADER = 8,          /* section 3.3 */
    RECORD_PARAMS_MAX = 65536,  /* of one request */
    RECORD_CONTENT_MAX = 65528, /* of one record of ours: a multiple of 8 needs no padding */
};

/* A request that is being read. Start with {0}; end with intake_free. */
struct intake {
    struct buf params, body;
    uint8_t header[RECORD_HEADER];
    uint8_t header_len;
    uint8_t small[8]; /* the beginning of a record that is read whole */
    uint32_t content_len, content_left, padding_left;
    uint16_t id; /* of the request; 0 where none has begun */
    bool keep;   /* FCGI_KEEP_CONN (section 5.1) */
    bool have_params, complete;
    bool body_cut; /* it was longer than BODY_MAX */
};

enum intake_result {
    INTAKE_MORE,     /* feed more */
    INTAKE_COMPLETE, /* the request is whole; bytes behind it were not used */
    INTAKE_ABORTED,  /* the web server gave the request up (section 5.4) */
    INTAKE_BROKEN,   /* no FastCGI: close the connection */
};

/*
 * Take bytes in; *used of them. What the specification wants answered at once (sections 4.1, 4.2, 5.5: other
 * roles, a second request) is appended to `out`.
 */
enum intake_result intake_feed(struct intake *in, const char *bytes, size_t len, size_t *used,
                               struct buf *out) __attribute__((nonnull, warn_unused_result));
void intake_free(struct intake *in) __attribute__((nonnull));

/*
 * The parameters as "NAME=value", ending with NULL (section 3.4). NULL where they are not what they say they are, or a name or
 * value holds a NUL.
 */
char **intake_env(const struct intake *in, struct arena *a)
    __attribute__((nonnull, warn_unused_result));

/* Append `len` bytes as FCGI_STDOUT records of a request (section 5.3); then the end of it (section 5.5). */
void record_stdout(struct buf *out, uint16_t id, const char *bytes, size_t len)
    __attribute__((nonnull));
void record_end(struct buf *out, uint16_t id) __attribute__((nonnull));

#endif
