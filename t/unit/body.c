/* Reading a request's input: its body, whole or not at all, its path and its query. */
#include "routes/frame/input/body.h"

#include <stdlib.h>
#include <string.h>

#include "routes/frame/reply.h"
#include "routes/frame/route.h"
#include "t/unit/tap.h"

static struct resources resources;
static struct request req;
static size_t bytes_to_send;

static size_t
send_zeros(void *source, char *at, size_t size)
{
    size_t len = size < bytes_to_send ? size : bytes_to_send;

    (void)source;
    memset(at, '0', len);
    return len;
}

/*
 * Reads a body of which the client sends `sent` bytes. Returns 0 if it was read with the length it
 * should have, else the status of the reply. `length` and `type` are header values; NULL: absent.
 */
static int
status_of(const char *length, const char *type, size_t sent)
{
    static char length_line[80], type_line[120];
    static char *env[3];
    size_t count = 0, want = length == NULL ? 0 : strtoul(length, NULL, 10);
    struct body body;

    memset(env, 0, sizeof(env));
    if (length != NULL) {
        (void)snprintf(length_line, sizeof(length_line), "CONTENT_LENGTH=%s", length);
        env[count++] = length_line;
    }
    if (type != NULL) {
        (void)snprintf(type_line, sizeof(type_line), "CONTENT_TYPE=%s", type);
        env[count++] = type_line;
    }
    arena_reset(&resources.arena);
    request_init(&req, &resources, env);
    req.read_body = send_zeros;
    bytes_to_send = sent;
    if (body_read(&req, BODY_MAX, &body)) {
        return req.status == 0 && body.len == want ? 0 : -1;
    }
    return body.at == NULL ? req.status : -1;
}

static void
test_body_length(void)
{
    static const char json[] = "application/json";

    is_int(status_of("3", json, 3), 0, "a body of the declared length is read");
    is_int(status_of("3", json, 100), 0, "a body is read no further than its Content-Length");
    is_int(status_of("1048576", json, 1048576), 0, "a body of 1 MiB is read");
    is_int(status_of("1048577", json, 1048577), 413, "a body larger than 1 MiB is 413");
    is_int(status_of("99999999999999999999", json, 5), 413,
           "a Content-Length beyond 64 bits is 413");
    is_int(status_of("-1", json, 5), 400, "a negative Content-Length is 400");
    is_int(status_of("-0", json, 5), 400, "a Content-Length of minus zero is 400");
    is_int(status_of("+3", json, 5), 400, "a Content-Length with a plus is 400");
    is_int(status_of(" 3", json, 5), 400, "a Content-Length after a space is 400");
    is_int(status_of("3x", json, 5), 400, "a Content-Length that is not a number is 400");
    is_int(status_of("3, 3", json, 5), 400, "a Content-Length of two numbers is 400");
    is_int(status_of("003", json, 3), 0, "a Content-Length may begin with zeros");
    is_int(status_of("3", json, 2), 400, "a body shorter than its Content-Length is 400");
    is_int(status_of("3", json, 0), 400, "a declared body that never arrives is 400");
    is_int(status_of("0", NULL, 0), 0, "a Content-Length of 0 needs no Content-Type");
    is_int(status_of("", NULL, 0), 0, "an empty Content-Length means no body");
    is_int(status_of(NULL, NULL, 5), 0, "without a Content-Length there is no body");
}

static void
test_body_type(void)
{
    is_int(status_of("3", NULL, 3), 415, "a body without a Content-Type is 415");
    is_int(status_of("3", "", 3), 415, "a body with an empty Content-Type is 415");
    is_int(status_of("3", "text/plain", 3), 415, "a body of plain text is 415");
    is_int(status_of("3", "application/jsonp", 3), 415,
           "a media type that only starts with application/json is 415");
    is_int(status_of("3", "application/x-www-form-urlencoded", 3), 415, "a form is 415");
    is_int(status_of("3", "Application/JSON", 3), 0, "the case of the media type is ignored");
    is_int(status_of("3", "application/json;charset=utf-8", 3), 0,
           "parameters of the media type are ignored");
    is_int(status_of("3", "application/json ; charset=utf-8", 3), 0,
           "a space is allowed before the media type's parameters");
}

struct body_input {
    int64_t id, page;
    const char *body, *title, *key;
    int flag, word;
};

static const char *const words[] = {"red", "green", NULL};
static const char *const one_word[] = {"only", NULL};
static const struct shape query_shape = SHAPE(
    "Query", struct body_input, PATH_ID(struct body_input, id),
    FIELD(struct body_input, page, FIELD_INT, .from = FROM_QUERY, .required = true, .max = 9),
    FIELD(struct body_input, flag, FIELD_BOOL, .from = FROM_QUERY, .default_value = -1),
    FIELD(struct body_input, word, FIELD_ENUM, .from = FROM_QUERY, .values = words,
          .default_value = -1),
    FIELD(struct body_input, key, FIELD_TEXT, .from = FROM_QUERY, .max = 3, .secret = true));
static const struct shape word_shape = SHAPE(
    "Word", struct body_input,
    FIELD(struct body_input, word, FIELD_ENUM, .values = one_word, .required = true));
static const struct shape optional_shape = SHAPE(
    "Optional", struct body_input, FIELD(struct body_input, body, FIELD_TEXT),
    FIELD(struct body_input, title, FIELD_TEXT, .nullable = true));
static const struct route route = {.method = GET, .path = "/x/{id}/y", .in = &query_shape};

static bool
reply_has(const char *text)
{
    return strstr(buf_cstr(&resources.body), text) != NULL;
}

/* Reads path and query. Returns NULL after replying with the faults. */
static const struct body_input *
read_query(const char *id, const char *query)
{
    static char *env[] = {NULL};
    const struct body_input *in;

    arena_reset(&resources.arena);
    request_init(&req, &resources, env);
    req.route = &route;
    req.parameters[0] = id;
    req.query = query;
    in = shape_read(&query_shape, &req);
    if (in == NULL) {
        reply_faults(&req);
    }
    return in;
}

/* Whether `query` is refused with a reply that holds `fault`. */
static bool
query_is_refused(const char *query, const char *fault)
{
    return read_query("1", query) == NULL && reply_has(fault);
}

static bool
query_flag_is(const char *word, int want)
{
    char query[40];
    const struct body_input *in;

    (void)snprintf(query, sizeof(query), "page=0&flag=%s", word);
    in = read_query("1", query);
    return in != NULL && in->flag == want;
}

static void
test_query_values(void)
{
    static const char *const yes[] = {"true", "1", "yes", "on"};
    static const char *const no[] = {"false", "0", "no", "off"};
    const struct body_input *in;
    bool good = true;

    for (int i = 0; i < 4; i++) {
        good = good && query_flag_is(yes[i], 1) && query_flag_is(no[i], 0);
    }
    ok(good, "a boolean of a query is read in each of pydantic's words");
    in = read_query("0007", "page=08&word=green");
    ok(in != NULL && in->id == 7 && in->page == 8 && in->word == 1 && in->flag == -1,
       "numbers may have leading zeros, enum values are found, defaults stay");
    ok(read_query("1", "page=1&other=2&page=3")->page == 3,
       "unknown names of a query are ignored; the last of two values counts");
    ok(read_query("0", "page=1") == NULL && reply_has("\"loc\":[\"path\",\"id\"]"),
       "an id below 1 is refused");
    ok(read_query("9007199254740991", "page=1") != NULL, "the largest id is 2^53 - 1");
    ok(read_query("9007199254740992", "page=1") == NULL, "an id of 2^53 is refused");
}

static void
test_query_faults(void)
{
    static const char *const not_numbers[] = {"",     "-",  "%2B-1", "1.5", "1e3",  "0x1",
                                              "1%00", "１", "1__0",  "--1", "none", "1 2"};

    ok(query_is_refused("", "{\"type\":\"missing\",\"loc\":[\"query\",\"page\"],"
                            "\"msg\":\"is required\",\"input\":null}"),
       "a query without a required value is refused");
    ok(query_is_refused("page=1&flag=maybe",
                        "{\"type\":\"bool_parsing\",\"loc\":[\"query\",\"flag\"],"
                        "\"msg\":\"must be true or false\",\"input\":\"maybe\"}"),
       "a boolean of a query in any other word is refused");
    ok(query_is_refused("page=1&word=blue", "\"ctx\":{\"expected\":\"'red' or 'green'\"}"),
       "an unknown enum value is refused with the allowed values");
    ok(query_is_refused("page=99999999999999999999", "\"less_than_equal\""),
       "a number above int64_t is reported as too large");
    ok(query_is_refused("page=-99999999999999999999", "\"greater_than_equal\""),
       "a number below int64_t is reported as too small");
    for (size_t i = 0; i < sizeof(not_numbers) / sizeof(not_numbers[0]); i++) {
        char query[60], name[60];

        (void)snprintf(query, sizeof(query), "page=%s", not_numbers[i]);
        (void)snprintf(name, sizeof(name), "\"%s\" is not a whole number", not_numbers[i]);
        ok(query_is_refused(query, "\"loc\":[\"query\",\"page\"]"), name);
    }
    ok(query_is_refused("page=1&key=sesame", "\"input\":\"***\"") &&
           query_is_refused("page=1&key=sesame%zz", "\"input\":\"***\""),
       "a secret of the query is not echoed");
}

static const struct shape header_shape = SHAPE(
    "Header", struct body_input,
    HEADER(struct body_input, page, "x-page-number", FIELD_INT, .required = true, .max = 9));

/* Reads the header from one meta-variable. Returns NULL after replying with the faults. */
static const struct body_input *
read_header(char *line)
{
    char *env[] = {line, NULL};
    const struct body_input *in;

    request_init(&req, &resources, env);
    req.route = &route;
    in = shape_read(&header_shape, &req);
    if (in == NULL) {
        reply_faults(&req);
    }
    return in;
}

static void
test_headers(void)
{
    static char good[] = "HTTP_X_PAGE_NUMBER=7", longer[] = "HTTP_X_PAGE_NUMBERS=7",
                high[] = "HTTP_X_PAGE_NUMBER=10";
    const struct body_input *in = read_header(good);

    ok(in != NULL && in->page == 7, "a header is read by its name");
    ok(read_header(longer) == NULL && reply_has("{\"type\":\"missing\",\"loc\":[\"header\","
                                                "\"x-page-number\"],\"msg\":\"is required\","
                                                "\"input\":null}"),
       "a required header that is not sent is reported as missing");
    ok(read_header(high) == NULL && reply_has("\"loc\":[\"header\",\"x-page-number\"]") &&
           reply_has("\"ctx\":{\"le\":9}"),
       "a fault of a header has its name");
}

static const char *text_to_send; /* as long as its Content-Length */

static size_t
send_text(void *source, char *at, size_t size)
{
    (void)source;
    memcpy(at, text_to_send, size);
    return size;
}

/* Reads `body` as JSON. Returns NULL after replying with the faults. */
static const struct body_input *
read_json(const struct shape *shape, const char *body)
{
    static char length[40], type[] = "CONTENT_TYPE=application/json";
    static char *env[] = {length, type, NULL};
    const struct body_input *in;

    (void)snprintf(length, sizeof(length), "CONTENT_LENGTH=%zu", strlen(body));
    text_to_send = body;
    arena_reset(&resources.arena);
    request_init(&req, &resources, env);
    req.route = &route;
    req.read_body = send_text;
    in = shape_read(shape, &req);
    if (in == NULL && req.status == 0) {
        reply_faults(&req);
    }
    return in;
}

static void
test_json_enums(void)
{
    ok(read_json(&word_shape, "{\"word\":\"only\"}") != NULL, "an enum value is read");
    ok(read_json(&word_shape, "{\"word\":\"only\\u0000x\"}") == NULL,
       "an enum value followed by U+0000 and more is refused");
    ok(reply_has("\"input\":\"only\\u0000x\""), "a refused text with U+0000 is echoed whole");
    ok(read_json(&word_shape, "{\"word\":\"no\"}") == NULL &&
           reply_has("\"ctx\":{\"expected\":\"'only'\"}"),
       "the only allowed enum value is named");
}

static void
test_json_members(void)
{
    const struct body_input *in;

    ok(read_json(&optional_shape, "") != NULL,
       "a body may be left out if all its members are optional");
    ok(read_json(&optional_shape, "{}") != NULL,
       "an object may be empty if all its members are optional");
    in = read_json(&optional_shape, "{\"body\":\"\",\"title\":null}");
    ok(in != NULL && in->body != NULL && in->body[0] == '\0' && in->title == NULL,
       "an empty text is a text; null means that none is given");
    ok(read_json(&optional_shape, "null") == NULL && reply_has("\"model_attributes_type\""),
       "a body of null is refused, since it is not an object");
    ok(read_json(&optional_shape, "{\"body\":\"x\",\"x\":1,\"y\":[]}") == NULL &&
           reply_has("\"loc\":[\"body\",\"x\"]") && reply_has("\"loc\":[\"body\",\"y\"]"),
       "every unknown member is reported");
    ok(read_json(&optional_shape, "{\"Body\":\"x\"}") == NULL,
       "the names of members are case-sensitive");
    shape_add_fault(&req, "body", "title", "is not good", "不好");
    reply_faults(&req);
    ok(reply_has(",{\"type\":\"value_error\",\"loc\":[\"body\",\"title\"],"
                 "\"msg\":\"is not good\",\"input\":null}]}"),
       "a fault that a handler adds comes after the others");
}

int
main(void)
{
    test_body_length();
    test_body_type();
    test_query_values();
    test_query_faults();
    test_headers();
    test_json_enums();
    test_json_members();
    buf_free(&resources.head);
    buf_free(&resources.body);
    arena_free(&resources.arena);
    return done_testing();
}
