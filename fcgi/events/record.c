/* Nothing that comes from the other side is trusted: lengths are limited before memory is taken for them. */
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

static void
put_header(struct buf *out, int type, uint16_t id, size_t content, size_t padding)
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
        size_t some = len < RECORD_CONTENT_MAX ? len : RECORD_CONTENT_MAX;

        put_header(out, STDOUT, id, some, 0);
        buf_add(out, bytes, some);
        bytes += some;
        len -= some;
    }
}

static void
put_end(struct buf *out, uint16_t id, uint8_t protocol_status)
{
    const uint8_t body[8] = {0, 0, 0, 0, protocol_status, 0, 0, 0};

    put_header(out, END_REQUEST, id, sizeof(body), 0);
    buf_add(out, body, sizeof(body));
}

void
record_end(struct buf *out, uint16_t id)
{
    put_header(out, STDOUT, id, 0, 0);
    put_end(out, id, 0);
}

static int
type_of(const struct intake *in)
{
    return in->header[1];
}

static uint16_t
id_of(const struct intake *in)
{
    return (uint16_t)(in->header[2] << 8 | in->header[3]);
}

/* Section 5.1. */
static void
begin(struct intake *in, struct buf *out)
{
    uint16_t id = id_of(in);
    int role = in->small[0] << 8 | in->small[1];

    if (in->id != 0) {
        put_end(out, id, CANT_MPX_CONN);
    } else if (role != RESPONDER) {
        put_end(out, id, UNKNOWN_ROLE);
    } else {
        in->id = id;
        in->keep = (in->small[2] & KEEP_CONN) != 0;
    }
}

/* A management record (section 4): we tell that a connection takes one request at a time, whatever was asked. */
static void
manage(const struct intake *in, struct buf *out)
{
    static const char values[] = "\x0F\x01"
                                 "FCGI_MPXS_CONNS0";

    if (type_of(in) == GET_VALUES) {
        size_t len = sizeof(values) - 1, padding = (8 - len % 8) % 8;

        put_header(out, GET_VALUES_RESULT, 0, len, padding);
        buf_add(out, values, len);
        buf_add(out, "\0\0\0\0\0\0\0", padding);
    } else {
        const uint8_t body[8] = {(uint8_t)type_of(in)};

        put_header(out, UNKNOWN_TYPE, 0, sizeof(body), 0);
        buf_add(out, body, sizeof(body));
    }
}

/* A record of which all content is there, and of a stream: its end, where the content is empty (section 3.3). */
static enum intake_result
finish_record(struct intake *in, struct buf *out)
{
    uint16_t id = id_of(in);

    if (id == 0) {
        manage(in, out);
        return INTAKE_MORE;
    }
    if (type_of(in) == BEGIN_REQUEST) {
        if (in->content_len != 8) {
            return INTAKE_BROKEN;
        }
        begin(in, out);
        return INTAKE_MORE;
    }
    if (id != in->id) { /* of a request that was refused, or is over */
        return INTAKE_MORE;
    }
    if (type_of(in) == ABORT_REQUEST) {
        return INTAKE_ABORTED;
    }
    if (in->content_len == 0 && type_of(in) == PARAMS) {
        in->have_params = true;
    } else if (in->content_len == 0 && type_of(in) == STDIN) {
        if (!in->have_params) {
            return INTAKE_BROKEN;
        }
        in->complete = true;
        return INTAKE_COMPLETE;
    }
    return INTAKE_MORE;
}

/* The header is there: may its content come? */
static bool
begin_record(struct intake *in)
{
    in->content_len = in->content_left = (uint32_t)(in->header[4] << 8 | in->header[5]);
    in->padding_left = in->header[6];
    if (in->header[0] != VERSION) {
        return false;
    }
    if (type_of(in) == PARAMS && id_of(in) == in->id && in->id != 0) {
        return !in->have_params && in->params.len + in->content_len <= RECORD_PARAMS_MAX;
    }
    return true;
}

static void
take_content(struct intake *in, const char *bytes, size_t len)
{
    size_t before = in->content_len - in->content_left;

    if (before < sizeof(in->small)) {
        size_t room = sizeof(in->small) - before;

        memcpy(in->small + before, bytes, len < room ? len : room);
    }
    in->content_left -= (uint32_t)len;
    if (in->id == 0 || id_of(in) != in->id) {
        return;
    }
    if (type_of(in) == PARAMS) {
        buf_add(&in->params, bytes, len);
    } else if (type_of(in) == STDIN) {
        if (in->body.len + len > BODY_MAX) {
            in->body_cut = true;
        } else {
            buf_add(&in->body, bytes, len);
        }
    }
}

enum intake_result
intake_feed(struct intake *in, const char *bytes, size_t len, size_t *used, struct buf *out)
{
    const char *at = bytes, *end = bytes + len;
    enum intake_result result = INTAKE_MORE;

    while (result == INTAKE_MORE && at < end) {
        size_t left = (size_t)(end - at), some;

        if (in->header_len < RECORD_HEADER) {
            some = RECORD_HEADER - in->header_len;
            some = left < some ? left : some;
            memcpy(in->header + in->header_len, at, some);
            in->header_len = (uint8_t)(in->header_len + some);
            at += some;
            if (in->header_len < RECORD_HEADER) {
                break;
            }
            if (!begin_record(in)) {
                result = INTAKE_BROKEN;
                break;
            }
        } else if (in->content_left > 0) {
            some = left < in->content_left ? left : in->content_left;
            take_content(in, at, some);
            at += some;
        } else {
            some = left < in->padding_left ? left : in->padding_left;
            in->padding_left -= (uint32_t)some;
            at += some;
        }
        if (in->content_left == 0 && in->padding_left == 0) {
            in->header_len = 0;
            result = finish_record(in, out);
        }
    }
    *used = (size_t)(at - bytes);
    return result;
}

void
intake_free(struct intake *in)
{
    buf_free(&in->params);
    buf_free(&in->body);
    *in = (struct intake){0};
}

/* A length of one byte, or of four with the highest bit set. False where the bytes end before. */
static bool
read_length(const uint8_t **at, const uint8_t *end, size_t *len)
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
intake_env(const struct intake *in, struct arena *a)
{
    const uint8_t *at = (const uint8_t *)(in->params.len > 0 ? in->params.at : "");
    const uint8_t *end = at + in->params.len;
    size_t size = 64, count = 0;
    char **env = arena_array(a, size, sizeof(*env));

    while (at < end) {
        size_t name_len, value_len;
        char *pair;

        if (!read_length(&at, end, &name_len) || !read_length(&at, end, &value_len) ||
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
