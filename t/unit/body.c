/* A request's body: read whole or not at all; what is in the path and the query beside it. */
#include "routes/frame/body.h"

#include <stdlib.h>
#include <string.h>

#include "routes/frame/reply.h"
#include "routes/frame/route.h"
#include "t/unit/tap.h"

static struct resources resources;
static struct request req;
static size_t there; /* bytes that the peer sends */

static size_t
send_zeros(void *source, char *at, size_t size)
{
    size_t len = size < there ? size : there;

    (void)source;
    memset(at, '0', len);
    return len;
}

/* The status after reading a body of that length and type; 0 where it was read. NULL: the variable is not there. */
static int
status_of(const char *length, const char *type, size_t sent)
{
    static char length_line[80], type_line[120];
    static char *env[3];
    size_t count = 0;
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
    there = sent;
    if (body_read(&req, &body)) {
        return req.status == 0 && body.len == (length == NULL ? 0 : strtoul(length, NULL, 10)) ? 0
                                                                                               : -1;
    }
    return body.at == NULL ? req.status : -1;
}

static void
test_bodies(void)
{
    static const char json[] = "application/json";

    is_int(status_of("3", json, 3), 0, "a body is read");
    is_int(status_of("3", json, 100), 0, "and no more of it than its length");
    is_int(status_of("1048576", json, 1048576), 0, "a body of 1 MiB is read");
    is_int(status_of("1048577", json, 1048577), 413, "a larger one is 413");
    is_int(status_of("99999999999999999999", json, 5), 413, "and so is one beyond any number");
    is_int(status_of("-1", json, 5), 413, "a length below nought is refused");
    is_int(status_of("3x", json, 5), 413, "and one that is no number");
    is_int(status_of("3", json, 2), 400, "a body cut short is 400");
    is_int(status_of("3", json, 0), 400, "and so is one that never came");
    is_int(status_of("0", NULL, 0), 0, "a body of no length needs no type");
    is_int(status_of("", NULL, 0), 0, "an empty length is none");
    is_int(status_of(NULL, NULL, 5), 0, "without a length there is no body");
    is_int(status_of("3", NULL, 3), 415, "a body without a type is 415");
    is_int(status_of("3", "", 3), 415, "and one of an empty type");
    is_int(status_of("3", "text/plain", 3), 415, "and one of another type");
    is_int(status_of("3", "application/jsonp", 3), 415, "and one whose type only begins alike");
    is_int(status_of("3", "application/x-www-form-urlencoded", 3), 415, "and a form");
    is_int(status_of("3", "Application/JSON", 3), 0, "a type's case does not matter");
    is_int(status_of("3", "application/json;charset=utf-8", 3), 0, "nor what follows it");
    is_int(status_of("3", "application/json ; charset=utf-8", 3), 0, "nor a space before that");
}

struct in {
    int64_t id, page;
    const char *body, *title, *key;
    int flag, word;
};

static const char *const words[] = {"red", "green", NULL};
static const char *const one_word[] = {"only", NULL};
static const struct shape in_shape = SHAPE("In", struct in, PATH_ID(struct in, id),
    FIELD(struct in, page, FIELD_INT, .from = FROM_QUERY, .required = true, .max = 9),
    FIELD(struct in, flag, FIELD_BOOL, .from = FROM_QUERY, .default_value = -1),
    FIELD(struct in, word, FIELD_ENUM, .from = FROM_QUERY, .values = words, .default_value = -1),
    FIELD(struct in, key, FIELD_TEXT, .from = FROM_QUERY, .max = 3, .secret = true));
static const struct shape word_shape = SHAPE(
    "Word", struct in, FIELD(struct in, word, FIELD_ENUM, .values = one_word, .required = true));
static const struct shape optional_shape = SHAPE("Optional", struct in, FIELD(struct in, body, FIELD_TEXT), FIELD(struct in, title, FIELD_TEXT));
static const struct route route = {.method = GET, .path = "/x/{id}/y", .in = &in_shape};

/* Read path and query; NULL after faults, whose answer is then the resources' body. */
static const struct in *
read_query(const char *id, const char *query)
{
    static char *env[] = {NULL};
    const struct in *in;

    arena_reset(&resources.arena);
    request_init(&req, &resources, env);
    req.route = &route;
    req.parameters[0] = id;
    req.query = query;
    in = shape_read(&in_shape, &req);
    if (in == NULL) {
        reply_faults(&req);
    }
    return in;
}

static bool
answers(const char *query, const char *part)
{
    const struct in *in = read_query("1", query);

    return in == NULL && strstr(buf_cstr(&resources.body), part) != NULL;
}

static void
test_parameters(void)
{
    static const char *const yes[] = {"true", "1", "yes", "on"};
    static const char *const no[] = {"false", "0", "no", "off"};
    static const char *const no_number[] = {"",       "-",    "+1", "1.0", "1e3", "0x1",
                                            "%31%20", "1%00", "１", "1_0", "--1", "none"};
    const struct in *in;
    bool good = true;

    for (int i = 0; i < 4; i++) {
        char query[40];

        (void)snprintf(query, sizeof(query), "page=0&flag=%s", yes[i]);
        in = read_query("1", query);
        good = good && in != NULL && in->flag == 1;
        (void)snprintf(query, sizeof(query), "page=0&flag=%s", no[i]);
        in = read_query("1", query);
        good = good && in != NULL && in->flag == 0;
    }
    ok(good, "a boolean of a query is read in each of pydantic's words");
    in = read_query("0007", "page=08&word=green");
    ok(in != NULL && in->id == 7 && in->page == 8 && in->word == 1 && in->flag == -1,
       "numbers may begin with 0, words are found, fallbacks kept");
    ok(answers("", "{\"type\":\"missing\",\"loc\":[\"query\",\"page\"],\"msg\":\"is required\","
                   "\"input\":null}"),
       "a query that lacks what is required says so");
    ok(answers("page=1&flag=maybe", "{\"type\":\"bool_parsing\",\"loc\":[\"query\",\"flag\"],"
                                    "\"msg\":\"must be true or false\",\"input\":\"maybe\"}"),
       "bool_parsing");
    ok(answers("page=1&word=blue", "\"ctx\":{\"expected\":\"'red' or 'green'\"}"), "enum");
    ok(answers("page=99999999999999999999", "\"less_than_equal\""),
       "a number beyond int64 is too large");
    ok(answers("page=-99999999999999999999", "\"greater_than_equal\""), "or too small");
    for (size_t i = 0; i < sizeof(no_number) / sizeof(no_number[0]); i++) {
        char query[60], name[60];

        (void)snprintf(query, sizeof(query), "page=%s", no_number[i]);
        (void)snprintf(name, sizeof(name), "no whole number: \"%s\"", no_number[i]);
        ok(answers(query, "\"loc\":[\"query\",\"page\"]"), name);
    }
    ok(answers("page=1&key=sesame", "\"input\":\"***\"") &&
           answers("page=1&key=sesame%zz", "\"input\":\"***\""),
       "a secret of the query is not echoed");
    ok(read_query("0", "page=1") == NULL &&
           strstr(buf_cstr(&resources.body), "\"loc\":[\"path\",\"id\"]") != NULL,
       "an id below 1 is refused");
    ok(read_query("9007199254740991", "page=1") != NULL, "the largest id is 2^53 - 1");
    ok(read_query("9007199254740992", "page=1") == NULL, "the next one is refused");
    ok(read_query("1", "page=1&other=2&page=3")->page == 3,
       "what the shape does not name is ignored in a query; the last of two counts");
}

static const char *sent;

static size_t
send_text(void *source, char *at, size_t size)
{
    (void)source;
    memcpy(at, sent, size); /* its Content-Length */
    return size;
}

static const struct in *
read_json(const struct shape *shape, const char *body)
{
    static char length[40], type[] = "CONTENT_TYPE=application/json";
    static char *env[] = {length, type, NULL};
    const struct in *in;

    (void)snprintf(length, sizeof(length), "CONTENT_LENGTH=%zu", strlen(body));
    sent = body;
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
test_json(void)
{
    const struct in *in;

    ok(read_json(&word_shape, "{\"word\":\"only\"}") != NULL, "a word is read");
    ok(read_json(&word_shape, "{\"word\":\"only\\u0000x\"}") == NULL,
       "a word with U+0000 and more behind it is another one");
    ok(strstr(buf_cstr(&resources.body), "\"input\":\"only\\u0000x\"") != NULL,
       "and is echoed whole");
    ok(read_json(&word_shape, "{\"word\":\"no\"}") == NULL &&
           strstr(buf_cstr(&resources.body), "\"ctx\":{\"expected\":\"'only'\"}") != NULL,
       "where there is only one word, it is named");
    ok(read_json(&optional_shape, "") != NULL, "a body of optional members may be left out");
    ok(read_json(&optional_shape, "{}") != NULL, "or be empty");
    in = read_json(&optional_shape, "{\"body\":\"\",\"title\":null}");
    ok(in != NULL && in->body != NULL && in->body[0] == '\0' && in->title == NULL,
       "an empty text is a text, null is none");
    ok(read_json(&optional_shape, "null") == NULL &&
           strstr(buf_cstr(&resources.body), "\"model_attributes_type\"") != NULL,
       "but a body of null is no object");
    ok(read_json(&optional_shape, "{\"body\":\"x\",\"x\":1,\"y\":[]}") == NULL &&
           strstr(buf_cstr(&resources.body), "\"loc\":[\"body\",\"x\"]") != NULL &&
           strstr(buf_cstr(&resources.body), "\"loc\":[\"body\",\"y\"]") != NULL,
       "each member that is not of the shape is told");
    ok(read_json(&optional_shape, "{\"Body\":\"x\"}") == NULL, "a name's case counts");
    shape_add_fault(&req, "body", "title", "is not good", "不好");
    reply_faults(&req);
    ok(strstr(buf_cstr(&resources.body),
              ",{\"type\":\"value_error\",\"loc\":[\"body\",\"title\"],\"msg\":\"is not good\","
              "\"input\":null}]}") != NULL,
       "a handler may add a fault of its own behind the others");
}

int
main(void)
{
    test_bodies();
    test_parameters();
    test_json();
    buf_free(&resources.head);
    buf_free(&resources.body);
    arena_free(&resources.arena);
    return done_testing();
}
