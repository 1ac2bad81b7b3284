/* No byte of the input is trusted: every length is checked before memory is allocated for it. */
#include "fcgi/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fcgi/serve.h"
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
    BEGIN_BODY = 8, /* bytes of FCGI_BEGIN_REQUEST's content */
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

void
record_unknown_role(struct buf *out, uint16_t id)
{
    record_end_request(out, id, UNKNOWN_ROLE);
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

/*
 * Section 5.1: a request begins, or is refused. The id of a request that has not ended is not free
 * for another one.
 */
static enum parser_result
parser_begin_request(struct request_parser *in, struct buf *out)
{
    uint16_t id = parser_id(in);
    int role = in->small[0] << 8 | in->small[1];
    bool keep_open = (in->small[2] & KEEP_CONN) != 0;

    if (in->content_len != BEGIN_BODY || id == in->id) {
        return PARSER_BROKEN;
    }
    if (in->id != 0) {
        record_end_request(out, id, CANT_MPX_CONN);
        return PARSER_MORE;
    }
    if (role != RESPONDER) {
        record_unknown_role(out, id);
        return keep_open ? PARSER_MORE : PARSER_REFUSED;
    }
    in->id = id;
    in->keep_open = keep_open;
    return PARSER_MORE;
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

/* Reads the lengths of a name-value pair (section 3.4). Returns false if they exceed the input. */
static bool
pair_read_lengths(const uint8_t **at, const uint8_t *end, size_t *name_len, size_t *value_len)
{
    return pair_read_length(at, end, name_len) && pair_read_length(at, end, value_len) &&
           *name_len + *value_len <= (size_t)(end - *at);
}

/*
 * The variables of section 4.1 that the web server has asked for, each once; names that we do not
 * know are left out. A connection carries one request at a time.
 */
static void
parser_reply_values(const struct request_parser *in, struct buf *out)
{
    static const char *const names[] = {"FCGI_MAX_CONNS", "FCGI_MAX_REQS", "FCGI_MPXS_CONNS"};
    enum { NAMES = sizeof(names) / sizeof(names[0]), MPXS_CONNS = 2 };
    const uint8_t *at = (const uint8_t *)(in->values.len > 0 ? in->values.at : "");
    const uint8_t *end = at + in->values.len;
    struct buf content = {0};
    bool asked[NAMES] = {false};
    size_t name_len, value_len;

    while (at < end && pair_read_lengths(&at, end, &name_len, &value_len)) {
        for (size_t i = 0; i < NAMES; i++) {
            asked[i] |= name_len == strlen(names[i]) && memcmp(at, names[i], name_len) == 0;
        }
        at += name_len + value_len;
    }
    for (size_t i = 0; i < NAMES; i++) {
        if (asked[i]) {
            char value[12];
            int len = snprintf(value, sizeof(value), "%" PRIu32,
                               i == MPXS_CONNS ? 0 : in->connection_max);

            buf_printf(&content, "%c%c%s%s", (char)strlen(names[i]), (char)len, names[i], value);
        }
    }
    record_header(out, GET_VALUES_RESULT, 0, content.len, 0);
    buf_add(out, content.at, content.len);
    buf_free(&content);
}

/* Replies to a management record (section 4). */
static void
parser_reply_management(struct request_parser *in, struct buf *out)
{
    const uint8_t body[8] = {(uint8_t)parser_type(in)};

    if (parser_type(in) == GET_VALUES) {
        parser_reply_values(in, out);
        buf_free(&in->values);
        return;
    }
    record_header(out, UNKNOWN_TYPE, 0, sizeof(body), 0);
    buf_add(out, body, sizeof(body));
}

/* Do the records' contents belong to a request that still arrives? */
static bool
parser_collects(const struct request_parser *in)
{
    return in->id != 0 && parser_id(in) == in->id && !in->complete && !in->too_long;
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
        return parser_begin_request(in, out);
    }
    if (id == in->id && parser_type(in) == ABORT_REQUEST) {
        return PARSER_ABORTED;
    }
    if (in->content_len > 0 || !parser_collects(in)) {
        return PARSER_MORE;
    }
    if (parser_type(in) == PARAMS) {
        in->have_params = true;
    } else if (parser_type(in) == STDIN) {
        in->complete = true;
        return PARSER_COMPLETE;
    }
    return PARSER_MORE;
}

/*
 * The header is complete. Records of a request that was refused or has ended are ignored. The body
 * begins after the end of the parameters: libfcgi requires the same.
 */
static enum parser_result
parser_begin_record(struct request_parser *in)
{
    in->content_len = in->content_left = (uint32_t)(in->header[4] << 8 | in->header[5]);
    in->padding_left = in->header[6];
    if (in->header[0] != VERSION) {
        return PARSER_BROKEN;
    }
    if (!parser_collects(in)) {
        return PARSER_MORE;
    }
    if (parser_type(in) == STDIN) {
        return in->have_params ? PARSER_MORE : PARSER_BROKEN;
    }
    if (parser_type(in) == PARAMS) {
        if (in->have_params) {
            return PARSER_BROKEN;
        }
        in->too_long = in->input.params.len + in->content_len > PARAMS_MAX;
    }
    return in->too_long ? PARSER_TOO_LONG : PARSER_MORE;
}

/* Half a body is of no use: a request whose Content-Length hides its size gets 400. */
static void
parser_add_body(struct request_parser *in, const char *bytes, size_t len)
{
    struct request_input *input = &in->input;

    if (!input->body_dropped && len <= in->body_max - input->body.len) {
        buf_add(&input->body, bytes, len);
    } else {
        buf_free(&input->body);
        input->body_dropped = true;
    }
}

static void
parser_add_content(struct request_parser *in, const char *bytes, size_t len)
{
    size_t before = in->content_len - in->content_left;

    if (before < sizeof(in->small)) {
        size_t room = sizeof(in->small) - before;

        memcpy(in->small + before, bytes, size_smaller(len, room));
    }
    in->content_left -= (uint32_t)len;
    if (parser_id(in) == 0 && parser_type(in) == GET_VALUES) {
        buf_add(&in->values, bytes, len);
    } else if (parser_collects(in) && parser_type(in) == PARAMS) {
        buf_add(&in->input.params, bytes, len);
    } else if (parser_collects(in) && parser_type(in) == STDIN) {
        parser_add_body(in, bytes, len);
    }
}

/* Uses bytes of one part of a record: its header, its content or its padding. Returns how many. */
static size_t
parser_feed_part(struct request_parser *in, const char *at, size_t len, enum parser_result *result)
{
    size_t used;

    if (in->header_len < RECORD_HEADER) {
        used = size_smaller(len, RECORD_HEADER - in->header_len);
        memcpy(in->header + in->header_len, at, used);
        in->header_len = (uint8_t)(in->header_len + used);
        *result = in->header_len == RECORD_HEADER ? parser_begin_record(in) : PARSER_MORE;
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

    *used = 0;
    while (result == PARSER_MORE && *used < len) {
        *used += parser_feed_part(in, bytes + *used, len - *used, &result);
        if (result == PARSER_MORE && in->header_len == RECORD_HEADER && in->content_left == 0 &&
            in->padding_left == 0) {
            in->header_len = 0;
            result = parser_end_record(in, out);
        }
    }
    return result;
}

void
parser_end_request(struct request_parser *in)
{
    input_free(&in->input);
    in->id = 0;
    in->keep_open = in->have_params = in->complete = in->too_long = false;
}

size_t
parser_wanted(const struct request_parser *in)
{
    return in->header_len < RECORD_HEADER ? (size_t)RECORD_HEADER - in->header_len
                                          : (size_t)in->content_left + in->padding_left;
}

bool
parser_is_idle(const struct request_parser *in)
{
    return in->id == 0 && in->header_len == 0;
}

void
parser_free(struct request_parser *in)
{
    input_free(&in->input);
    buf_free(&in->values);
    *in = (struct request_parser){0};
}

void
input_free(struct request_input *input)
{
    buf_free(&input->params);
    buf_free(&input->body);
    *input = (struct request_input){0};
}

char **
input_env(const struct request_input *input, struct arena *a)
{
    const uint8_t *at = (const uint8_t *)(input->params.len > 0 ? input->params.at : "");
    const uint8_t *end = at + input->params.len;
    size_t size = 64, count = 0;
    char **env = arena_array(a, size, sizeof(*env));

    while (at < end) {
        size_t name_len, value_len;
        char *pair;

        if (!pair_read_lengths(&at, end, &name_len, &value_len) ||
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
