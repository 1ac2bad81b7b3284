/*
 * FastCGI records (FastCGI Specification 1.0, Open Market, 1996) without libfcgi's streams: for the
 * event loop, which holds many requests, and for what a worker does not leave to libfcgi. Input is
 * fed to a parser in whatever pieces it arrives. A connection carries one request at a time, as web
 * servers use it.
 */
#ifndef FCGI_RECORD_H
#define FCGI_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

enum {
    RECORD_HEADER = 8,          /* bytes; section 3.3 */
    RECORD_CONTENT_MAX = 65528, /* of a record that we write: a multiple of 8 needs no padding */
};

/* The parameters and the body of a request. Starts as {0}; ends with input_free. */
struct request_input {
    struct buf params;
    struct buf body;
    bool body_dropped; /* it was larger than body_max: nothing of it is kept */
};

/*
 * Reads the records of a connection, one request after another. Starts as {0}; ends with
 * parser_free.
 */
struct request_parser {
    struct request_input
        input;       /* of the current request; the caller may take it once it is complete */
    size_t body_max; /* set by the caller: bytes; of a larger body nothing is kept */
    uint32_t connection_max; /* set by the caller: the value of FCGI_MAX_CONNS (section 4.1) */
    uint8_t header[RECORD_HEADER];
    uint8_t header_len;
    uint8_t small[8];  /* the first bytes of a record's content: all that BEGIN_REQUEST has */
    struct buf values; /* the content of FCGI_GET_VALUES */
    uint32_t content_len, content_left, padding_left;
    uint16_t id;    /* of the request, until parser_end_request; 0: none has begun */
    bool keep_open; /* FCGI_KEEP_CONN (section 5.1) */
    bool have_params, complete;
    bool too_long; /* the parameters are longer than PARAMS_MAX: they are not kept */
};

enum parser_result {
    PARSER_MORE,     /* all bytes were used; nothing is to be done yet */
    PARSER_COMPLETE, /* a request has arrived */
    PARSER_ABORTED,  /* the web server has aborted the request (section 5.4) */
    PARSER_TOO_LONG, /* the request is too long: reply 400 now; its other records are ignored */
    PARSER_REFUSED,  /* another role was refused: the connection ends after `out` is written */
    PARSER_BROKEN,   /* the input is not FastCGI: close the connection */
};

/*
 * Parses `len` bytes, of which *used were needed; call it again with the others. Appends to `out`
 * the replies that the specification requires at once: to management records (section 4), to a
 * second request, to other roles (section 5.5).
 */
enum parser_result parser_feed(struct request_parser *in, const char *bytes, size_t len,
                               size_t *used, struct buf *out)
    __attribute__((nonnull, warn_unused_result));

/* The request was replied to: the next one may begin. A record that is under way stays so. */
void parser_end_request(struct request_parser *in) __attribute__((nonnull));

/* How many more bytes the current record has; of its header, if that has not arrived completely. */
size_t parser_wanted(const struct request_parser *in) __attribute__((nonnull));

/* Is it between two records, and between two requests? */
bool parser_is_idle(const struct request_parser *in) __attribute__((nonnull));
void parser_free(struct request_parser *in) __attribute__((nonnull));
void input_free(struct request_input *input) __attribute__((nonnull));

/*
 * The parameters as "NAME=value", ending with NULL (section 3.4). Returns NULL if the lengths do
 * not add up, if a name or value contains NUL, or a name contains "=".
 */
char **input_env(const struct request_input *input, struct arena *a)
    __attribute__((nonnull, warn_unused_result));

/* Appends `len` bytes as FCGI_STDOUT records of a request (section 5.3). */
void record_stdout(struct buf *out, uint16_t id, const char *bytes, size_t len)
    __attribute__((nonnull));

/* Appends the end of a request that was refused for its role (section 5.5). */
void record_unknown_role(struct buf *out, uint16_t id) __attribute__((nonnull));

/* Appends the end of a request: the end of its output, and FCGI_END_REQUEST (section 5.5). */
void record_end(struct buf *out, uint16_t id) __attribute__((nonnull));

#endif
