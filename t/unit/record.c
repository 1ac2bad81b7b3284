/* FastCGI records: requests in one piece, in many, and malformed. */
#include "fcgi/record.h"

#include <string.h>

#include "routes/frame/request.h"
#include "t/unit/tap.h"

static struct buf bytes, out;

static void
put(int type, int id, const char *content, size_t len)
{
    const uint8_t header[8] = {
        1, (uint8_t)type, (uint8_t)(id >> 8), (uint8_t)id, (uint8_t)(len >> 8), (uint8_t)len, 0, 0};

    buf_add(&bytes, header, sizeof(header));
    buf_add(&bytes, content, len);
}

#define PUT(type, id, text) put((type), (id), (text), sizeof(text) - 1)
#define BEGIN(id, flags) put(1, (id), (const char[]){0, 1, (flags), 0, 0, 0, 0, 0}, 8)

static enum parser_result
feed(struct request_parser *in, size_t piece)
{
    enum parser_result result = PARSER_MORE;
    size_t at = 0, used;

    buf_clear(&out);
    while (at < bytes.len && result == PARSER_MORE) {
        size_t some = bytes.len - at < piece ? bytes.len - at : piece;

        result = parser_feed(in, bytes.at + at, some, &used, &out);
        at += used;
    }
    return result;
}

static void
write_request(int id)
{
    buf_clear(&bytes);
    BEGIN(id, 1);
    PUT(4, id,
        "\x0E\x04REQUEST_METHODPOST\x01\x00"
        "A");
    PUT(4, id, "");
    PUT(5, id, "hello ");
    PUT(5, id, "body");
    PUT(5, id, "");
}

static void
test_requests(void)
{
    struct arena arena = {0};
    char **env;

    for (size_t piece = 1; piece < 100; piece += 7) {
        struct request_parser in = {.body_max = BODY_MAX};

        write_request(258);
        ok(feed(&in, piece) == PARSER_COMPLETE, "a request in pieces is complete");
        ok(in.id == 258 && in.keep_open && out.len == 0,
           "the id of a request and its flag are parsed");
        ok(in.input.body.len == 10 && memcmp(in.input.body.at, "hello body", 10) == 0,
           "the body of a request is parsed");
        env = input_env(&in.input, &arena);
        ok(env != NULL && strcmp(env[0], "REQUEST_METHOD=POST") == 0 && strcmp(env[1], "A=") == 0 &&
               env[2] == NULL,
           "the parameters of a request are parsed");
        parser_free(&in);
    }
    arena_free(&arena);
}

static void
is_result(enum parser_result want, const char *name)
{
    struct request_parser in = {.body_max = BODY_MAX};

    is_int((int)feed(&in, 1000), (int)want, name);
    parser_free(&in);
}

static void
test_broken(void)
{
    buf_clear(&bytes);
    buf_add(&bytes, "\x02\x01\x00\x01\x00\x08\x00\x00", 8);
    is_result(PARSER_BROKEN, "another version is refused");
    buf_clear(&bytes);
    buf_add(&bytes, "GET / HTTP/1.1\r\n", 16);
    is_result(PARSER_BROKEN, "HTTP is refused");
    buf_clear(&bytes);
    PUT(1, 1, "\x00\x01");
    is_result(PARSER_BROKEN, "a BEGIN_REQUEST that is too short is refused");
    buf_clear(&bytes);
    BEGIN(1, 0);
    PUT(5, 1, "");
    is_result(PARSER_BROKEN, "a body without parameters is refused");
    buf_clear(&bytes);
    BEGIN(1, 0);
    PUT(4, 1, "");
    PUT(4, 1,
        "\x01\x01"
        "Ab");
    is_result(PARSER_BROKEN, "parameters after their end are refused");
    buf_clear(&bytes);
    BEGIN(1, 0);
    for (int i = 0; i < 3; i++) {
        static const char much[40000];

        put(4, 1, much, sizeof(much));
    }
    is_result(PARSER_TOO_LONG, "parameters that never end are refused");
    buf_clear(&bytes);
    BEGIN(1, 0);
    PUT(5, 1, "early");
    is_result(PARSER_BROKEN, "a body before the end of the parameters is refused");
    buf_clear(&bytes);
    BEGIN(1, 0);
    BEGIN(1, 0);
    is_result(PARSER_BROKEN, "a request cannot begin twice");
}

static void
test_ignored(void)
{
    struct request_parser in = {.body_max = BODY_MAX};

    buf_clear(&bytes);
    BEGIN(1, 0);
    PUT(2, 1, "");
    is_result(PARSER_ABORTED, "a request may be aborted");
    buf_clear(&bytes);
    BEGIN(1, 0);
    PUT(5, 2, "of another");
    PUT(77, 1, "unknown");
    is_result(PARSER_MORE, "records of no request are ignored");
    buf_clear(&bytes);
    BEGIN(1, 0);
    PUT(4, 1, "");
    for (int i = 0; i < 40; i++) {
        static const char much[32768];

        put(5, 1, much, sizeof(much));
    }
    PUT(5, 1, "");
    is_int((int)feed(&in, 8192), PARSER_COMPLETE, "a body that is too long is read to its end");
    ok(in.input.body_dropped && in.input.body.cap == 0,
       "nothing of a body that is too long is kept");
    parser_free(&in);
}

/* Records of a request that has ended do not disturb the next one. */
static void
test_after_the_end(void)
{
    struct request_parser in = {.body_max = BODY_MAX};
    static const char much[40000];

    buf_clear(&bytes);
    BEGIN(1, 1);
    put(4, 1, much, sizeof(much));
    put(4, 1, much, sizeof(much));
    is_int((int)feed(&in, 10000), PARSER_TOO_LONG, "parameters beyond the limit are refused");
    parser_end_request(&in);
    ok(!parser_is_idle(&in) && in.input.params.len == 0, "a refused request keeps no parameters");
    buf_clear(&bytes);
    buf_add(&bytes, much, sizeof(much));
    PUT(4, 1, "");
    PUT(5, 1, "the body");
    PUT(5, 1, "");
    is_int((int)feed(&in, 777), PARSER_MORE, "the rest of a refused request is ignored");
    ok(parser_is_idle(&in) && in.input.body.len == 0, "a parser is idle between two requests");
    write_request(1);
    is_int((int)feed(&in, 777), PARSER_COMPLETE, "a request after a refused one is complete");
    buf_clear(&bytes);
    BEGIN(2, 0);
    PUT(2, 1, "");
    is_int((int)feed(&in, 3), PARSER_ABORTED, "a complete request may be aborted");
    ok(out.len == 16 && out.at[3] == 2 && out.at[12] == 1,
       "a second request beside a complete one is refused");
    parser_free(&in);
}

static void
test_replies(void)
{
    struct request_parser in = {.body_max = BODY_MAX};

    buf_clear(&bytes);
    BEGIN(1, 0);
    BEGIN(2, 0);
    (void)feed(&in, 5);
    ok(out.len == 16 && out.at[1] == 3 && out.at[3] == 2 && out.at[12] == 1,
       "a second request is refused (section 5.5, FCGI_CANT_MPX_CONN)");
    parser_free(&in);
    buf_clear(&bytes);
    put(1, 1, (const char[]){0, 2, 0, 0, 0, 0, 0, 0}, 8);
    (void)feed(&in, 5);
    ok(out.len == 16 && out.at[1] == 3 && out.at[12] == 3 && in.id == 0,
       "another role is refused (FCGI_UNKNOWN_ROLE)");
    is_result(PARSER_REFUSED, "a connection that is not kept ends after another role");
    parser_free(&in);
    buf_clear(&bytes);
    put(1, 1, (const char[]){0, 3, 1, 0, 0, 0, 0, 0}, 8);
    PUT(4, 1, "of the refused request");
    is_result(PARSER_MORE, "a kept connection goes on after another role");
}

static void
test_management(void)
{
    struct request_parser in = {.body_max = BODY_MAX};

    buf_clear(&bytes);
    PUT(9, 0,
        "\x0F\x00"
        "FCGI_MPXS_CONNS"
        "\x04\x00"
        "HOME"
        "\x0E\x00"
        "FCGI_MAX_CONNS");
    in.connection_max = 500;
    (void)feed(&in, 5);
    ok(out.len == 8 + 2 * 2 + 15 + 1 + 14 + 3 && out.at[1] == 10 &&
           memmem(out.at, out.len,
                  "\x0F\x01"
                  "FCGI_MPXS_CONNS0",
                  18) != NULL &&
           memmem(out.at, out.len,
                  "\x0E\x03"
                  "FCGI_MAX_CONNS500",
                  19) != NULL,
       "FCGI_GET_VALUES returns the known values that were asked for (section 4.1)");
    buf_clear(&bytes);
    PUT(9, 0,
        "\x7F\x7F"
        "A");
    (void)feed(&in, 5);
    ok(out.len == 8 && out.at[1] == 10, "FCGI_GET_VALUES with lengths that lie returns nothing");
    parser_free(&in);
    buf_clear(&bytes);
    PUT(99, 0, "x");
    (void)feed(&in, 5);
    ok(out.len == 16 && out.at[1] == 11 && out.at[8] == 99,
       "unknown types are reported (section 4.2)");
    parser_free(&in);
}

static void
params_are_refused(const char *params, size_t len, const char *name)
{
    struct arena arena = {0};
    struct request_input input = {0};

    buf_add(&input.params, params, len);
    ok(input_env(&input, &arena) == NULL, name);
    input_free(&input);
    arena_free(&arena);
}

static void
test_parameters(void)
{
    params_are_refused("\x01", 1, "parameters that end inside a length are refused");
    params_are_refused("\x05\x05"
                       "AB",
                       4, "parameters that end inside a name are refused");
    params_are_refused("\x80\x00\x00", 3, "parameters that end inside a long length are refused");
    params_are_refused("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
                       "A",
                       9, "lengths of 2^31 - 1 are refused");
    params_are_refused("\x01\x01"
                       "A\0",
                       4, "a NUL in a value is refused");
    params_are_refused("\x02\x01"
                       "A=b",
                       5, "an = in a name is refused");
}

static void
test_writing(void)
{
    static char text[200000];
    size_t content = 0, records = 0;

    buf_clear(&bytes);
    record_stdout(&bytes, 513, text, sizeof(text));
    for (size_t at = 0; at < bytes.len; records++) {
        const uint8_t *h = (const uint8_t *)bytes.at + at;

        content += (size_t)(h[4] << 8 | h[5]);
        at += RECORD_HEADER + (size_t)(h[4] << 8 | h[5]) + h[6];
        ok(h[0] == 1 && h[1] == 6 && h[2] == 2 && h[3] == 1,
           "output is FCGI_STDOUT records of the request");
    }
    ok(content == sizeof(text) && records == 4, "a long text becomes several records");
    buf_clear(&bytes);
    record_end(&bytes, 1);
    is_int((long long)bytes.len, 24, "the end of a request is two records");
}

int
main(void)
{
    test_requests();
    test_broken();
    test_ignored();
    test_after_the_end();
    test_replies();
    test_management();
    test_parameters();
    test_writing();
    buf_free(&bytes);
    buf_free(&out);
    return done_testing();
}
