/* No byte of the input is trusted: every length is checked before memory is allocated for it. */
#include "fcgi/events/record.h"

#include <string.h>

#include "routes/frame/request.h"

enum {
    VERSION = 1,
    BEGIN_REQUEST = 1, /* section 8 lists the numbers */
    ABORT_REQUEST = 2,
    END_REQUEST = 3,
    PARAMS = 4,
    STDIN = 5,
    STDOUT = 6,
    DATA = 8,
    GET_VALUES = 9,
    GET_VALUES_RESULT = 10,
    UNKNOWN_TYPE = 11,
    RESPONDER = 1,
    KEEP_CONN = 1,
    CANT_MPX_CONN = 1,
    UNKNOWN_ROLE = 3,
    PAIR_MAX = 10000, /* parameters of one request */
};

static size_t
size_smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void
record_header(struct buf *out, int type, uint16_t id, size_t content, size_t padding)
{
    const uint8_t header[RECORD_HEADER] = {
        VERSION,
        (uint8_t)type,
        (uint8_t)(id >> 8),
        (uint8_t)id,
        (uint8_t)(content >> 8),
        (uint8_t)content,
        (uint8_t)padding,
        0,
    };

    buf_add(out, header, sizeof(header));
}

void
record_stdout(struct buf *out, uint16_t id, const char *bytes, size_t len)
{
    while (len > 0) {
        size_t content = size_smaller(len, RECORD_CONTENT_MAX);

        record_header(out, STDOUT, id, content, 0);
        buf_add(out, bytes, content);
        bytes += content;
        len -= content;
    }
}

static void
record_end_request(struct buf *out, uint16_t id, uint8_t protocol_status)
{
    const uint8_t body[8] = {0, 0, 0, 0, protocol_status, 0, 0, 0};

    record_header(out, END_REQUEST, id, sizeof(body), 0);
    buf_add(out, body, sizeof(body));
}

void
record_end(struct buf *out, uint16_t id)
{
    record_header(out, STDOUT, id, 0, 0);
    record_end_request(out, id, 0);
}

static int
parser_type(const struct request_parser *in)
{
    return in->header[1];
}

static uint16_t
parser_id(const struct request_parser *in)
{
    return (uint16_t)(in->header[2] << 8 | in->header[3]);
}

/* Section 5.1: a request begins, or is refused. */
static void
parser_begin_request(struct request_parser *in, struct buf *out)
{
    uint16_t id = parser_id(in);
    int role = in->small[0] << 8 | in->small[1];

    if (in->id != 0) {
        record_end_request(out, id, CANT_MPX_CONN);
    } else if (role != RESPONDER) {
        record_end_request(out, id, UNKNOWN_ROLE);
    } else {
        in->id = id;
        in->keep_open = (in->small[2] & KEEP_CONN) != 0;
    }
}

/*
 * Replies to a management record (section 4). To FCGI_GET_VALUES the reply is always that a
 * connection carries one request at a time.
 */
static void
parser_reply_management(const struct request_parser *in, struct buf *out)
{
    static const char values[] = "\x0F\x01"
                                 "FCGI_MPXS_CONNS0";

    if (parser_type(in) == GET_VALUES) {
        size_t len = sizeof(values) - 1, padding = (8 - len % 8) % 8;

        record_header(out, GET_VALUES_RESULT, 0, len, padding);
        buf_add(out, values, len);
        buf_add(out, "\0\0\0\0\0\0\0", padding);
    } else {
        const uint8_t body[8] = {(uint8_t)parser_type(in)};

        record_header(out, UNKNOWN_TYPE, 0, sizeof(body), 0);
        buf_add(out, body, sizeof(body));
    }
}

/* A record is complete. Empty content ends a stream (section 3.3). */
static enum parser_result
parser_end_record(struct request_parser *in, struct buf *out)
{
    uint16_t id = parser_id(in);

    if (id == 0) {
        parser_reply_management(in, out);
        return PARSER_MORE;
    }
    if (parser_type(in) == BEGIN_REQUEST) {
        if (in->content_len != 8) {
            return PARSER_BROKEN;
        }
        parser_begin_request(in, out);
        return PARSER_MORE;
    }
    if (id != in->id) { /* of a request that was refused or has ended */
        return PARSER_MORE;
    }
    if (parser_type(in) == ABORT_REQUEST) {
        return PARSER_ABORTED;
    }
    if (in->content_len == 0 && parser_type(in) == PARAMS) {
        in->have_params = true;
    } else if (in->content_len == 0 && parser_type(in) == STDIN) {
        if (!in->have_params) {
            return PARSER_BROKEN;
        }
        in->complete = true;
        return PARSER_COMPLETE;
    }
    return PARSER_MORE;
}

/* The header is complete. Returns false if the record is not acceptable. */
static bool
parser_begin_record(struct request_parser *in)
{
    in->content_len = in->content_left = (uint32_t)(in->header[4] << 8 | in->header[5]);
    in->padding_left = in->header[6];
    if (in->header[0] != VERSION) {
        return false;
    }
    if (parser_type(in) == PARAMS && parser_id(in) == in->id && in->id != 0) {
        return !in->have_params && in->params.len + in->content_len <= RECORD_PARAMS_MAX;
    }
    return true;
}

static void
parser_add_content(struct request_parser *in, const char *bytes, size_t len)
{
    size_t before = in->content_len - in->content_left;

    if (before < sizeof(in->small)) {
        size_t room = sizeof(in->small) - before;

        memcpy(in->small + before, bytes, len < room ? len : room);
    }
    in->content_left -= (uint32_t)len;
    if (in->id == 0 || parser_id(in) != in->id) {
        return;
    }
    if (parser_type(in) == PARAMS) {
        buf_add(&in->params, bytes, len);
    } else if (parser_type(in) == STDIN) {
        if (in->body.len + len > BODY_MAX) {
            in->body_cut = true;
        } else {
            buf_add(&in->body, bytes, len);
        }
    }
}

/* Uses bytes of one part of a record: its header, its content or its padding. Returns how many. */
static size_t
parser_feed_part(struct request_parser *in, const char *at, size_t len, bool *broken)
{
    size_t used;

    if (in->header_len < RECORD_HEADER) {
        used = size_smaller(len, RECORD_HEADER - in->header_len);
        memcpy(in->header + in->header_len, at, used);
        in->header_len = (uint8_t)(in->header_len + used);
        *broken = in->header_len == RECORD_HEADER && !parser_begin_record(in);
    } else if (in->content_left > 0) {
        used = size_smaller(len, in->content_left);
        parser_add_content(in, at, used);
    } else {
        used = size_smaller(len, in->padding_left);
        in->padding_left -= (uint32_t)used;
    }
    return used;
}

enum parser_result
parser_feed(struct request_parser *in, const char *bytes, size_t len, size_t *used, struct buf *out)
{
    enum parser_result result = PARSER_MORE;
    bool broken = false;

    *used = 0;
    while (result == PARSER_MORE && *used < len) {
        *used += parser_feed_part(in, bytes + *used, len - *used, &broken);
        if (broken) {
            return PARSER_BROKEN;
        }
        if (in->header_len == RECORD_HEADER && in->content_left == 0 && in->padding_left == 0) {
            in->header_len = 0;
            result = parser_end_record(in, out);
        }
    }
    return result;
}

void
parser_free(struct request_parser *in)
{
    buf_free(&in->params);
    buf_free(&in->body);
    *in = (struct request_parser){0};
}

/* One byte, or four with the highest bit set. Returns false if the input is too short. */
static bool
pair_read_length(const uint8_t **at, const uint8_t *end, size_t *len)
{
    if (*at < end && **at < 0x80) {
        *len = *(*at)++;
        return true;
    }
    if (end - *at < 4) {
        return false;
    }
    *len = (size_t)((*at)[0] & 0x7F) << 24 | (size_t)((*at)[1] << 16 | (*at)[2] << 8 | (*at)[3]);
    *at += 4;
    return true;
}

char **
parser_env(const struct request_parser *in, struct arena *a)
{
    const uint8_t *at = (const uint8_t *)(in->params.len > 0 ? in->params.at : "");
    const uint8_t *end = at + in->params.len;
    size_t size = 64, count = 0;
    char **env = arena_array(a, size, sizeof(*env));

    while (at < end) {
        size_t name_len, value_len;
        char *pair;

        if (!pair_read_length(&at, end, &name_len) || !pair_read_length(&at, end, &value_len) ||
            name_len + value_len > (size_t)(end - at) ||
            memchr(at, '\0', name_len + value_len) != NULL || memchr(at, '=', name_len) != NULL ||
            count == PAIR_MAX) {
            return NULL;
        }
        pair = arena_alloc(a, name_len + value_len + 2);
        memcpy(pair, at, name_len);
        pair[name_len] = '=';
        memcpy(pair + name_len + 1, at + name_len, value_len);
        at += name_len + value_len;
        if (count + 1 == size) {
            char **grown = arena_array(a, size * 2, sizeof(*grown));

            memcpy(grown, env, size * sizeof(*grown));
            env = grown;
            size *= 2;
        }
        env[count++] = pair;
    }
    env[count] = NULL;
    return env;
}
