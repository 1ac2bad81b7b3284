/* Input is read with every fault told, in pydantic's form; output is written as its shape says. */
#include "routes/frame/shape.h"

#include "base/json.h"
#include "routes/frame/reply.h"
#include "routes/frame/route.h"
#include "t/unit/tap.h"

struct in {
    int64_t id, limit, number;
    const char *q, *name, *secret;
    int flag, word;
    struct ints ids;
    struct seqs seqs;
};

static bool
is_lower(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < 'a' || *text > 'z') {
            return false;
        }
    }
    return true;
}

static const struct pattern lower = {"^[a-z]*\"$", is_lower, "must be lower case", "必须是小写"};
static const char *const words[] = {"red", "green", "blue", NULL};

static const struct shape in_shape = SHAPE("In", struct in, PATH_ID(struct in, id),
    FIELD(struct in, limit, FIELD_INT, .from = FROM_QUERY, .min = 1, .max = 10, .default_value = 5),
    FIELD(struct in, q, FIELD_TEXT, .from = FROM_QUERY, .max = 3),
    FIELD(struct in, name, FIELD_TEXT, .required = true, .min = 2, .max = 4, .pattern = &lower),
    FIELD(struct in, secret, FIELD_TEXT, .min = 8, .secret = true),
    FIELD(struct in, number, FIELD_INT, .default_value = -7),
    FIELD(struct in, flag, FIELD_BOOL, .default_value = -1),
    FIELD(struct in, word, FIELD_ENUM, .values = words, .default_value = -1),
    FIELD(struct in, ids, FIELD_INTS, .max = 3), FIELD(struct in, seqs, FIELD_SEQS, .max = 3));

static const struct route route = {.method = POST, .path = "/x/{id}", .in = &in_shape};

static struct resources resources;
static struct request req;
static const char *unread;

static size_t
read_body(void *source, char *at, size_t size)
{
    size_t len = strlen(unread);

    (void)source;
    memcpy(at, unread, len < size ? len : size);
    return len < size ? len : size;
}

/* Read a request of that id, query and body; NULL after faults, whose answer is then in the resources' body. */
static const struct in *
read_in(const char *id, const char *query, const char *body, enum language language)
{
    static char length[40], type[] = "CONTENT_TYPE=application/json";
    static char *env[] = {length, type, NULL};
    const struct in *in;

    snprintf(length, sizeof(length), "CONTENT_LENGTH=%zu", strlen(body));
    unread = body;
    request_init(&req, &resources, env);
    req.route = &route;
    req.parameters[0] = id;
    req.query = query;
    req.read_body = read_body;
    req.language = language;
    in = shape_read(&in_shape, &req);
    if (in == NULL) {
        reply_faults(&req);
    }
    return in;
}

/* The one fault of a body, as "type loc ctx input"; the member name is added where the body lacks it. */
static const char *
fault(const char *body)
{
    struct json_error error;
    struct json_object *tree = NULL, *detail, *one, *ctx = NULL;
    const char *text;

    if (read_in("1", "", body, ENGLISH) != NULL) {
        return "no fault";
    }
    if (!json_parse(resources.body.at, resources.body.len, &resources.arena, &tree, &error)) {
        return "the answer is not JSON";
    }
    detail = json_object_object_get(tree, "detail");
    if (json_object_array_length(detail) != 1) {
        json_object_put(tree);
        return "not one fault";
    }
    one = json_object_array_get_idx(detail, 0);
    json_object_object_get_ex(one, "ctx", &ctx);
    text = arena_printf(
        &resources.arena, "%s %s %s %s",
        json_object_get_string(json_object_object_get(one, "type")),
        json_object_to_json_string_ext(json_object_object_get(one, "loc"), JSON_C_TO_STRING_PLAIN),
        ctx == NULL ? "-"
                    : arena_strdup(&resources.arena,
                                   json_object_to_json_string_ext(ctx, JSON_C_TO_STRING_PLAIN)),
        json_object_to_json_string_ext(json_object_object_get(one, "input"),
                                       JSON_C_TO_STRING_PLAIN));
    json_object_put(tree);
    return text;
}

static void
test_good(void)
{
    const struct in *in = read_in(
        "12", "limit=9&q=%E5%A5%BD",
        "{\"name\":\"abc\",\"flag\":true,\"word\":\"blue\",\"ids\":[3,1],\"seqs\":{\"4\":0},\"number\":0}",
        ENGLISH);

    ok(in != NULL, "good input is read");
    if (in == NULL) {
        return;
    }
    ok(in->id == 12 && in->limit == 9 && in->number == 0 && in->flag == 1 && in->word == 2,
       "with its numbers, booleans and words");
    is_str(in->q, "好", "its texts, decoded");
    ok(in->ids.count == 2 && in->ids.at[0] == 3 && in->seqs.count == 1 &&
           in->seqs.at[0].room_id == 4,
       "its lists and objects");
    in = read_in("1", "", "{\"name\":\"ab\",\"flag\":null,\"secret\":null}", ENGLISH);
    ok(in != NULL && in->limit == 5 && in->number == -7 && in->flag == -1 && in->word == -1 &&
           in->q == NULL && in->secret == NULL && in->ids.count == 0,
       "what is not given, or null, keeps its fallback");
}

static void
test_faults(void)
{
    is_str(fault(""), "missing [\"body\"] - null", "an empty body lacks what is required");
    is_str(fault("{}"), "missing [\"body\",\"name\"] - null", "missing");
    is_str(fault("{\"name\":1}"), "string_type [\"body\",\"name\"] - 1", "string_type");
    is_str(fault("{\"name\":null}"), "string_type [\"body\",\"name\"] - null", "null is no text");
    is_str(fault("{\"name\":\"a\"}"),
           "string_too_short [\"body\",\"name\"] {\"min_length\":2} \"a\"", "string_too_short");
    is_str(fault("{\"name\":\"abcde\"}"),
           "string_too_long [\"body\",\"name\"] {\"max_length\":4} \"abcde\"", "string_too_long");
    is_str(fault("{\"name\":\"AB\"}"),
           "string_pattern_mismatch [\"body\",\"name\"] {\"pattern\":\"^[a-z]*\\\"$\"} \"AB\"",
           "string_pattern_mismatch");
    is_str(fault("{\"name\":\"a\\u0000b\"}"),
           "value_error [\"body\",\"name\"] {\"error\":\"U+0000 in a text\"} \"a\\u0000b\"",
           "U+0000");
    is_str(fault("{\"name\":\"ab\",\"number\":\"1\"}"), "int_type [\"body\",\"number\"] - \"1\"",
           "int_type");
    is_str(fault("{\"name\":\"ab\",\"number\":1.5}"), "int_from_float [\"body\",\"number\"] - 1.5",
           "int_from_float");
    is_str(fault("{\"name\":\"ab\",\"number\":-1}"),
           "greater_than_equal [\"body\",\"number\"] {\"ge\":0} -1", "greater_than_equal");
    is_str(fault("{\"name\":\"ab\",\"number\":9223372036854775808}"),
           "less_than_equal [\"body\",\"number\"] {\"le\":9007199254740991} 9223372036854775808",
           "less_than_equal, beyond int64, too");
    is_str(fault("{\"name\":\"ab\",\"flag\":0}"), "bool_type [\"body\",\"flag\"] - 0", "bool_type");
    is_str(fault("{\"name\":\"ab\",\"word\":\"pink\"}"),
           "enum [\"body\",\"word\"] {\"expected\":\"'red', 'green' or 'blue'\"} \"pink\"", "enum");
    is_str(fault("{\"name\":\"ab\",\"ids\":{}}"), "list_type [\"body\",\"ids\"] - {}", "list_type");
    is_str(fault("{\"name\":\"ab\",\"ids\":[1,\"x\"]}"), "int_type [\"body\",\"ids\",1] - \"x\"",
           "a fault in a list names its place");
    is_str(
        fault("{\"name\":\"ab\",\"ids\":[1,2,3,4]}"),
        "too_long [\"body\",\"ids\"] {\"field_type\":\"List\",\"max_length\":3,\"actual_length\":4} [1,2,3,4]",
        "too_long");
    is_str(fault("{\"name\":\"ab\",\"seqs\":[]}"), "dict_type [\"body\",\"seqs\"] - []",
           "dict_type");
    is_str(fault("{\"name\":\"ab\",\"seqs\":{\"a\\\"b\":1}}"),
           "int_parsing [\"body\",\"seqs\",\"a\\\"b\",\"[key]\"] - \"a\\\"b\"",
           "a bad key is named");
    is_str(fault("{\"name\":\"ab\",\"seqs\":{\"1\":-1}}"),
           "greater_than_equal [\"body\",\"seqs\",\"1\"] {\"ge\":0} -1", "and a bad value");
    is_str(fault("{\"name\":\"ab\",\"x\\ny\":1}"), "extra_forbidden [\"body\",\"x\\ny\"] - 1",
           "extra_forbidden");
    is_str(fault("[]"), "model_attributes_type [\"body\"] - []", "model_attributes_type");
    is_str(fault("{\"name\":\"ab\",}"),
           "json_invalid [\"body\",13] {\"error\":\"a key was expected\"} {}", "json_invalid");
    is_str(fault("{\"name\":\"ab\",\"secret\":\"short\"}"),
           "string_too_short [\"body\",\"secret\"] {\"min_length\":8} \"***\"",
           "a secret is never echoed");
}

static void
test_answers(void)
{
    char *body = arena_alloc(&resources.arena, 9000);

    ok(read_in("x", "limit=0&q=abcd", "{\"name\":\"A\",\"flag\":1}", CHINESE) == NULL,
       "bad input is refused");
    is_str(
        buf_cstr(&resources.body),
        "{\"detail\":["
        "{\"type\":\"int_parsing\",\"loc\":[\"path\",\"id\"],\"msg\":\"必须是整数\",\"input\":\"x\"},"
        "{\"type\":\"greater_than_equal\",\"loc\":[\"query\",\"limit\"],\"msg\":\"不能小于 1\",\"input\":\"0\",\"ctx\":{\"ge\":1}},"
        "{\"type\":\"string_too_long\",\"loc\":[\"query\",\"q\"],\"msg\":\"最多 3 个字符\",\"input\":\"abcd\",\"ctx\":{\"max_length\":3}},"
        "{\"type\":\"string_too_short\",\"loc\":[\"body\",\"name\"],\"msg\":\"至少需要 2 个字符\",\"input\":\"A\",\"ctx\":{\"min_length\":2}},"
        "{\"type\":\"bool_type\",\"loc\":[\"body\",\"flag\"],\"msg\":\"必须是 true 或 false\",\"input\":1}]}",
        "every fault of a request is in one answer, in the caller's language");
    is_int(req.status, 422, "with 422");
    ok(read_in("1", "q=%zz", "{\"name\":\"ab\"}", ENGLISH) == NULL &&
           strstr(buf_cstr(&resources.body), "string_unicode") != NULL,
       "a broken query is named");
    snprintf(body, 9000, "{\"name\":\"");
    for (int i = 0; i < 2500; i++) {
        strcat(body + i * 3, "长");
    }
    strcat(body, "\"}");
    ok(read_in("1", "", body, ENGLISH) == NULL && resources.body.len < 1400 &&
           strstr(buf_cstr(&resources.body), "长…\"") != NULL,
       "a long input is cut between characters");
}

struct inner {
    int64_t n;
};
struct out {
    int64_t n, none, at;
    int yes, word, no_word;
    const char *text, *null;
    struct ints ints;
    struct seqs seqs;
    const struct inner *there, *absent;
    struct inner inside;
    struct list list;
};
static const struct shape inner_shape = SHAPE("Inner", struct inner, FIELD(struct inner, n, FIELD_INT));
static const struct shape out_shape = SHAPE("Out", struct out, FIELD(struct out, n, FIELD_INT), FIELD(struct out, none, FIELD_INT, .nullable = true), FIELD(struct out, at, FIELD_TIME),
    FIELD(struct out, yes, FIELD_BOOL), FIELD(struct out, word, FIELD_ENUM, .values = words), FIELD(struct out, no_word, FIELD_ENUM, .values = words, .nullable = true),
    FIELD(struct out, text, FIELD_TEXT), FIELD(struct out, null, FIELD_TEXT, .nullable = true), FIELD(struct out, ints, FIELD_INTS), FIELD(struct out, seqs, FIELD_SEQS),
    FIELD(struct out, there, FIELD_OBJECT, .item = &inner_shape), FIELD(struct out, absent, FIELD_OBJECT, .item = &inner_shape, .nullable = true),
    FIELD(struct out, inside, FIELD_INLINE, .item = &inner_shape), FIELD(struct out, list, FIELD_LIST, .item = &inner_shape));

static void
test_write(void)
{
    const struct inner inner[] = {{1}, {2}};
    const struct out out = {.n = INT64_MIN,
                            .yes = 1,
                            .word = 1,
                            .no_word = -1,
                            .text = "\"\n\xff好",
                            .ints = {(int64_t[]){5, 6}, 2},
                            .seqs = {(struct sync_mark[]){{7, 8}}, 1},
                            .there = inner,
                            .inside = {3},
                            .list = {inner, 2}};
    struct buf buf = {0};

    shape_write(&out_shape, &out, &buf);
    is_str(
        buf_cstr(&buf),
        "{\"n\":-9223372036854775808,\"none\":null,\"at\":\"1970-01-01T00:00:00.000+00:00\",\"yes\":true,\"word\":\"green\",\"no_word\":null,"
        "\"text\":\"\\\"\\n\xEF\xBF\xBD好\",\"null\":null,\"ints\":[5,6],\"seqs\":{\"7\":8},\"there\":{\"n\":1},\"absent\":null,\"inside\":{\"n\":3},\"list\":[{\"n\":1},{\"n\":2}]}",
        "every type is written as its shape says");
    buf_free(&buf);
}

int
main(void)
{
    setenv("TZ", "UTC", 1);
    ok(random_init(), "randomness is there");
    test_good();
    test_faults();
    test_answers();
    test_write();
    buf_free(&resources.head);
    buf_free(&resources.body);
    arena_free(&resources.arena);
    return done_testing();
}
