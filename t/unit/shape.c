/* Reading input, with every fault reported in pydantic's form, and writing output as JSON. */
#include "routes/frame/shape.h"

#include "base/json.h"
#include "routes/frame/reply.h"
#include "routes/frame/route.h"
#include "t/unit/tap.h"

struct shape_input {
    int64_t id, limit, number;
    const char *q, *name, *secret;
    int flag, word;
    struct ints ids;
    struct seqs seqs;
};

static const struct text_fault *
lower_case_fault(const char *text, struct arena *a)
{
    static const struct text_fault fault = {"must be lower case", "必须是小写"};

    (void)a;
    for (; *text != '\0'; text++) {
        if (*text < 'a' || *text > 'z') {
            return &fault;
        }
    }
    return NULL;
}

static const struct pattern lower_case = {.regex = "^[a-z]*\"$", .fault = lower_case_fault};
static const char *const words[] = {"red", "green", "blue", NULL};

static const struct shape in_shape = SHAPE(
    "In", struct shape_input, PATH_ID(struct shape_input, id),
    FIELD(struct shape_input, limit, FIELD_INT, .from = FROM_QUERY, .min = 1, .max = 10,
          .default_value = 5),
    FIELD(struct shape_input, q, FIELD_TEXT, .from = FROM_QUERY, .max = 3),
    FIELD(struct shape_input, name, FIELD_TEXT, .required = true, .min = 2, .max = 4,
          .pattern = &lower_case),
    FIELD(struct shape_input, secret, FIELD_TEXT, .min = 8, .secret = true),
    FIELD(struct shape_input, number, FIELD_INT, .default_value = -7),
    FIELD(struct shape_input, flag, FIELD_BOOL, .default_value = -1),
    FIELD(struct shape_input, word, FIELD_ENUM, .values = words, .default_value = -1,
          .nullable = true),
    FIELD(struct shape_input, ids, FIELD_INTS, .max = 3),
    FIELD(struct shape_input, seqs, FIELD_SEQS, .max = 3));

static const struct route route = {.method = POST, .path = "/x/{id}", .in = &in_shape};

/* A shape without a secret: faults echo its objects. */
static const struct shape open_shape = SHAPE(
    "Open", struct shape_input,
    FIELD(struct shape_input, name, FIELD_TEXT, .required = true, .min = 1),
    FIELD(struct shape_input, ids, FIELD_INTS));
static const struct shape *shape_in_use = &in_shape;

static struct resources resources;
static struct request req;
static const char *text_to_send;

static size_t
send_text(void *source, char *at, size_t size)
{
    size_t len = strlen(text_to_send);

    (void)source;
    memcpy(at, text_to_send, len < size ? len : size);
    return len < size ? len : size;
}

/* Reads a request with this id, query and body. Returns NULL after replying with the faults. */
static const struct shape_input *
read_in(const char *id, const char *query, const char *body, enum language language)
{
    static char length[40], type[] = "CONTENT_TYPE=application/json";
    static char *env[] = {length, type, NULL};
    const struct shape_input *in;

    snprintf(length, sizeof(length), "CONTENT_LENGTH=%zu", strlen(body));
    text_to_send = body;
    request_init(&req, &resources, env);
    req.route = &route;
    req.parameters[0] = id;
    req.query = query;
    req.read_body = send_text;
    req.language = language;
    in = shape_read(shape_in_use, &req);
    if (in == NULL) {
        reply_faults(&req);
    }
    return in;
}

/* A member of one fault as JSON text in the arena. */
static const char *
fault_member(struct json_object *one, const char *name)
{
    struct json_object *member = NULL;

    json_object_object_get_ex(one, name, &member);
    return arena_strdup(&resources.arena,
                        json_object_to_json_string_ext(member, JSON_C_TO_STRING_PLAIN));
}

/* The only fault of a body, as "type loc ctx input", with "-" for a fault without ctx. */
static const char *
fault(const char *body)
{
    struct json_error error;
    struct json_object *tree = NULL, *detail, *one;
    const char *text = "not one fault";

    if (read_in("1", "", body, ENGLISH) != NULL) {
        return "no fault";
    }
    if (!json_parse(resources.body.at, resources.body.len, &resources.arena, &tree, &error)) {
        return "the reply is not JSON";
    }
    detail = json_object_object_get(tree, "detail");
    if (json_object_array_length(detail) == 1) {
        one = json_object_array_get_idx(detail, 0);
        text = arena_printf(
            &resources.arena, "%s %s %s %s",
            json_object_get_string(json_object_object_get(one, "type")), fault_member(one, "loc"),
            json_object_object_get_ex(one, "ctx", NULL) ? fault_member(one, "ctx") : "-",
            fault_member(one, "input"));
    }
    json_object_put(tree);
    return text;
}

static void
test_valid_input(void)
{
    const struct shape_input *in = read_in("12", "limit=9&q=%E5%A5%BD",
                                           "{\"name\":\"abc\",\"flag\":true,\"word\":\"blue\","
                                           "\"ids\":[3,1],\"seqs\":{\"4\":0},\"number\":0}",
                                           ENGLISH);

    if (!ok(in != NULL, "valid input is read")) {
        return;
    }
    ok(in->id == 12 && in->limit == 9 && in->number == 0 && in->flag == 1 && in->word == 2,
       "integers, booleans and enum values are read");
    is_str(in->q, "好", "a text of the query is decoded");
    ok(in->ids.count == 2 && in->ids.at[0] == 3 && in->seqs.count == 1 &&
           in->seqs.at[0].room_id == 4,
       "lists and objects are read");
    in = read_in("1", "", "{\"name\":\"ab\",\"word\":null}", ENGLISH);
    ok(in != NULL && in->limit == 5 && in->number == -7 && in->flag == -1 && in->word == -1 &&
           in->q == NULL && in->secret == NULL && in->ids.count == 0,
       "a field that is absent, or null if it may be, keeps its default");
}

static void
test_text_faults(void)
{
    is_str(fault("{}"), "missing [\"body\",\"name\"] - \"***\"",
           "an absent required member is reported as missing, without an object that has secrets");
    shape_in_use = &open_shape;
    is_str(fault("{\"ids\":[1]}"), "missing [\"body\",\"name\"] - {\"ids\":[1]}",
           "an absent required member is reported as missing, with the object that lacks it");
    shape_in_use = &in_shape;
    is_str(fault("{\"name\":1}"), "string_type [\"body\",\"name\"] - 1",
           "a number instead of a text is reported as string_type");
    is_str(fault("{\"name\":null}"), "string_type [\"body\",\"name\"] - null",
           "null instead of a required text is reported as string_type");
    is_str(fault("{\"name\":\"a\"}"),
           "string_too_short [\"body\",\"name\"] {\"min_length\":2} \"a\"",
           "a text below its minimum length is reported as string_too_short with the minimum");
    is_str(fault("{\"name\":\"abcde\"}"),
           "string_too_long [\"body\",\"name\"] {\"max_length\":4} \"abcde\"",
           "a text above its maximum length is reported as string_too_long with the maximum");
    is_str(fault("{\"name\":\"AB\"}"),
           "string_pattern_mismatch [\"body\",\"name\"] {\"pattern\":\"^[a-z]*\\\"$\"} \"AB\"",
           "a text that breaks its rule is reported as string_pattern_mismatch with the regex");
    is_str(fault("{\"name\":\"a\\u0000b\"}"),
           "value_error [\"body\",\"name\"] {\"error\":\"U+0000 in a text\"} \"a\\u0000b\"",
           "U+0000 in a text is reported as value_error");
    is_str(fault("{\"name\":\"ab\",\"secret\":\"short\"}"),
           "string_too_short [\"body\",\"secret\"] {\"min_length\":8} \"***\"",
           "a secret is never echoed");
    is_str(fault("{\"name\":\"ab\",\"word\":\"pink\"}"),
           "enum [\"body\",\"word\"] {\"expected\":\"'red', 'green' or 'blue'\"} \"pink\"",
           "an unknown enum value is reported as enum with the allowed values");
}

static void
test_number_faults(void)
{
    is_str(fault("{\"name\":\"ab\",\"number\":\"x\"}"), "int_parsing [\"body\",\"number\"] - \"x\"",
           "a text that is not an integer is reported as int_parsing");
    is_str(fault("{\"name\":\"ab\",\"number\":null}"), "int_type [\"body\",\"number\"] - null",
           "null instead of an optional integer is reported as int_type");
    is_str(fault("{\"name\":\"ab\",\"number\":1.5}"), "int_from_float [\"body\",\"number\"] - 1.5",
           "a fraction instead of an integer is reported as int_from_float");
    is_str(fault("{\"name\":\"ab\",\"number\":-1}"),
           "greater_than_equal [\"body\",\"number\"] {\"ge\":0} -1",
           "an integer below its minimum is reported as greater_than_equal with the minimum");
    is_str(fault("{\"name\":\"ab\",\"number\":9223372036854775808}"),
           "less_than_equal [\"body\",\"number\"] {\"le\":9007199254740991} 9223372036854775808",
           "an integer above int64_t is reported as less_than_equal with the maximum");
    is_str(fault("{\"name\":\"ab\",\"flag\":2}"), "bool_parsing [\"body\",\"flag\"] - 2",
           "a number above 1 instead of a boolean is reported as bool_parsing");
}

static void
test_collection_faults(void)
{
    is_str(fault("{\"name\":\"ab\",\"ids\":{}}"), "list_type [\"body\",\"ids\"] - {}",
           "an object instead of a list is reported as list_type");
    is_str(fault("{\"name\":\"ab\",\"ids\":[1,\"x\"]}"), "int_parsing [\"body\",\"ids\",1] - \"x\"",
           "a fault in a list has the element's index");
    is_str(fault("{\"name\":\"ab\",\"ids\":[1,2,3,4]}"),
           "too_long [\"body\",\"ids\"] {\"field_type\":\"List\",\"max_length\":3,"
           "\"actual_length\":4} [1,2,3,4]",
           "a list above its maximum length is reported as too_long with both lengths");
    is_str(fault("{\"name\":\"ab\",\"seqs\":[]}"), "dict_type [\"body\",\"seqs\"] - []",
           "a list instead of an object is reported as dict_type");
    is_str(fault("{\"name\":\"ab\",\"seqs\":{\"a\\\"b\":1}}"),
           "int_parsing [\"body\",\"seqs\",\"a\\\"b\",\"[key]\"] - \"a\\\"b\"",
           "a key that is not a number is reported as int_parsing at that key");
    is_str(fault("{\"name\":\"ab\",\"seqs\":{\"1\":-1}}"),
           "greater_than_equal [\"body\",\"seqs\",\"1\"] {\"ge\":0} -1",
           "a fault in an object's value has its key");
}

static void
test_body_faults(void)
{
    is_str(fault(""), "missing [\"body\"] - null",
           "an absent body is reported as missing if a member is required");
    is_str(fault("{\"name\":\"ab\",\"secert\":\"12345678\"}"),
           "extra_forbidden [\"body\",\"secert\"] - \"***\"",
           "the value of an unknown member beside a secret, which may be one, is not echoed");
    is_str(fault("[]"), "model_attributes_type [\"body\"] - \"***\"",
           "a list instead of an object with a secret is not echoed");
    shape_in_use = &open_shape;
    is_str(fault("{\"name\":\"ab\",\"x\\ny\":1}"), "extra_forbidden [\"body\",\"x\\ny\"] - 1",
           "an unknown member is reported as extra_forbidden");
    is_str(fault("[]"), "model_attributes_type [\"body\"] - []",
           "a list instead of the body's object is reported as model_attributes_type");
    shape_in_use = &in_shape;
    is_str(fault("{\"name\":\"ab\",}"),
           "json_invalid [\"body\",13] {\"error\":\"a key was expected\"} {}",
           "a body that is not JSON is reported as json_invalid at the byte");
}

static void
test_all_faults(void)
{
    ok(read_in("x", "limit=0&q=abcd", "{\"name\":\"A\",\"flag\":[]}", CHINESE) == NULL,
       "input with several faults is refused");
    is_str(buf_cstr(&resources.body),
           "{\"detail\":["
           "{\"type\":\"int_parsing\",\"loc\":[\"path\",\"id\"],\"msg\":\"必须是整数\","
           "\"input\":\"x\"},"
           "{\"type\":\"greater_than_equal\",\"loc\":[\"query\",\"limit\"],"
           "\"msg\":\"不能小于 1\",\"input\":\"0\",\"ctx\":{\"ge\":1}},"
           "{\"type\":\"string_too_long\",\"loc\":[\"query\",\"q\"],"
           "\"msg\":\"最多 3 个字符\",\"input\":\"abcd\",\"ctx\":{\"max_length\":3}},"
           "{\"type\":\"string_too_short\",\"loc\":[\"body\",\"name\"],"
           "\"msg\":\"至少需要 2 个字符\",\"input\":\"A\",\"ctx\":{\"min_length\":2}},"
           "{\"type\":\"bool_type\",\"loc\":[\"body\",\"flag\"],"
           "\"msg\":\"必须是 true 或 false\",\"input\":[]}]}",
           "one reply has every fault of a request, in the caller's language");
    is_int(req.status, 422, "a reply with faults is 422");
    ok(read_in("1", "q=%zz", "{\"name\":\"ab\"}", ENGLISH) == NULL &&
           strstr(buf_cstr(&resources.body), "string_unicode") != NULL,
       "a broken escape in the query is reported as string_unicode");
}

/* The body {"name":…} with the name's JSON repeated. Lives in the arena. */
static const char *
body_of(const char *before, const char *part, int count, const char *after)
{
    struct buf text = {0};
    const char *body;

    buf_str(&text, before);
    for (int i = 0; i < count; i++) {
        buf_str(&text, part);
    }
    buf_str(&text, after);
    body = arena_strdup(&resources.arena, buf_cstr(&text));
    buf_free(&text);
    return body;
}

/* The bytes that a refused body's `input` repeats, without its ellipsis; -1 if it was not cut. */
static int
echoed(const char *body)
{
    const char *at, *end;

    if (read_in("1", "", body, ENGLISH) != NULL) {
        return -1;
    }
    at = strstr(buf_cstr(&resources.body), "\"input\":\"");
    end = at == NULL ? NULL : strstr(at, "…\"");
    return end == NULL ? -1 : (int)(end - at) - 9;
}

static void
test_long_input(void)
{
    is_int(echoed(body_of("{\"name\":\"", "长", 2500, "\"}")), 195,
           "a long text is echoed in part, cut between characters");
    is_int(echoed(body_of("{\"name\":\"", "\\u957f", 2500, "\"}")), 195,
           "a long text of escapes is echoed decoded");
    is_int(echoed(body_of("{\"name\":[", "1,", 2500, "1]}")), 197,
           "the beginning of a long list is echoed as a text");
    is_str(fault(body_of("{\"name\":\"ab\",\"ids\":[\"", "x", 198, "\"]}")) +
               strlen("int_parsing "),
           body_of("[\"body\",\"ids\",0] - \"", "x", 198, "\""),
           "a text of 198 bytes is echoed whole");
    ok(read_in("1", "", body_of("{\"name\":\"ab\",\"", "k", 5000, "\":1}"), ENGLISH) == NULL &&
           strstr(buf_cstr(&resources.body), "kkk…\"") != NULL && resources.body.len < 600,
       "a long key in a fault's place is cut");
}

/* The number of faults that the reply describes, and of those that it only counts. */
static void
count_faults(const char *body, int *described, int *more)
{
    struct json_error error;
    const struct buf *reply = &resources.body;
    struct json_value whole;

    *described = *more = -1;
    if (read_in("1", "", body, CHINESE) == NULL &&
        json_check(reply->at, reply->len, &resources.arena, &error)) {
        whole = json_whole(reply->at, reply->len);
        *described = (int)json_count(json_member(whole, "detail"));
        *more = json_member(whole, "more").kind == JSON_ABSENT
                    ? 0
                    : (int)json_int64(json_member(whole, "more"));
    }
}

static void
test_many_faults(void)
{
    struct buf body = {0};
    int described, more;
    size_t before;

    buf_str(&body, "{");
    for (int i = 0; i < 10000; i++) {
        buf_printf(&body, "\"%d%s\":1,", i, "\\u0001\\u0001\\u0001\\u0001\\u0001\\u0001\\u0001");
        if (i == 18) {
            buf_str(&body, "\"name\":\"ab\"}");
            count_faults(buf_cstr(&body), &described, &more);
            ok(described == 19 && more == 0, "19 faults are all described");
            body.len -= strlen("\"name\":\"ab\"}");
        }
    }
    buf_str(&body, "\"word\":\"pink\"}");
    arena_reset(&resources.arena);
    count_faults(buf_cstr(&body), &described, &more);
    is_int(described, 20, "of very many faults the first 20 are described");
    is_int(more, 10002 - 20, "the others are counted");
    ok(strstr(buf_cstr(&resources.body), "\"type\":\"missing\"") != NULL,
       "faults of the shape's own fields come first");
    before = resources.arena.used;
    ok(before < 2 * body.len, "faults that are only counted cost no memory");
    buf_free(&body);
}

/* The reply to bodies of the longest echoes: six bytes for each control character. */
static void
test_largest_reply(void)
{
    struct buf body = {0};

    buf_str(&body, "{");
    for (int i = 0; i < 100; i++) {
        buf_printf(&body, "%s\"%d", i > 0 ? "," : "", i);
        for (int j = 0; j < 400; j++) {
            buf_str(&body, j == 200 ? "\":\"" : "\\u0001");
        }
        buf_char(&body, '"');
    }
    buf_char(&body, '}');
    shape_in_use = &open_shape;
    ok(read_in("1", "", buf_cstr(&body), ENGLISH) == NULL && resources.body.len > 40 * 1024 &&
           resources.body.len <= 64 * 1024,
       "the largest reply with faults is below 64 KiB");
    shape_in_use = &in_shape;
    buf_free(&body);
}

static const struct shape texts_shape = SHAPE(
    "Texts", struct shape_input, FIELD(struct shape_input, name, FIELD_TEXT, .max = 100));
static const struct shape large_shape = SHAPE(
    "Large", struct shape_input, FIELD(struct shape_input, name, FIELD_TEXT, .max = 1000000));
static const struct shape seqs_shape = SHAPE(
    "Seqs", struct shape_input, FIELD(struct shape_input, seqs, FIELD_SEQS, .max = 2000));

static void
test_body_max(void)
{
    is_int((int64_t)shape_body_max(&texts_shape), 16 * 1024 + 4 * 6 + 32 + 100 * 12,
           "a text may be written in surrogate pairs");
    is_int((int64_t)shape_body_max(&large_shape), BODY_MAX, "no body may be larger than 1 MiB");
    is_int((int64_t)shape_body_max(&in_shape), BODY_MAX, "a text without a limit may have 1 MiB");
    ok(shape_body_max(&seqs_shape) > (size_t)2000 * (16 * 6 + 2 + 16 + 2) &&
           shape_body_max(&seqs_shape) < (size_t)400 * 1024,
       "a list of rooms may have every id in escapes");
}

struct shape_inner {
    int64_t n;
};

struct shape_output {
    int64_t n, none, at;
    int yes, word, no_word;
    const char *text, *null;
    struct ints ints;
    struct seqs seqs;
    const struct shape_inner *there, *absent;
    struct shape_inner inside;
    struct list list;
};

static const struct shape inner_shape = SHAPE("Inner", struct shape_inner,
                                              FIELD(struct shape_inner, n, FIELD_INT));
static const struct shape out_shape = SHAPE(
    "Out", struct shape_output, FIELD(struct shape_output, n, FIELD_INT),
    FIELD(struct shape_output, none, FIELD_INT, .nullable = true),
    FIELD(struct shape_output, at, FIELD_TIME), FIELD(struct shape_output, yes, FIELD_BOOL),
    FIELD(struct shape_output, word, FIELD_ENUM, .values = words),
    FIELD(struct shape_output, no_word, FIELD_ENUM, .values = words, .nullable = true),
    FIELD(struct shape_output, text, FIELD_TEXT),
    FIELD(struct shape_output, null, FIELD_TEXT, .nullable = true),
    FIELD(struct shape_output, ints, FIELD_INTS), FIELD(struct shape_output, seqs, FIELD_SEQS),
    FIELD(struct shape_output, there, FIELD_OBJECT, .item = &inner_shape),
    FIELD(struct shape_output, absent, FIELD_OBJECT, .item = &inner_shape, .nullable = true),
    FIELD(struct shape_output, inside, FIELD_INLINE, .item = &inner_shape),
    FIELD(struct shape_output, list, FIELD_LIST, .item = &inner_shape));

static void
test_write(void)
{
    const struct shape_inner inner[] = {{1}, {2}};
    const struct shape_output out = {.n = INT64_MIN,
                                     .yes = 1,
                                     .word = 1,
                                     .no_word = -1,
                                     .text = "\"\n\xff好",
                                     .ints = {(int64_t[]){5, 6}, 2},
                                     .seqs = {(struct sync_mark[]){{7, 8, 0}}, 1},
                                     .there = inner,
                                     .inside = {3},
                                     .list = {inner, 2}};
    struct buf buf = {0};

    shape_write(&out_shape, &out, &buf);
    is_str(buf_cstr(&buf),
           "{\"n\":-9223372036854775808,\"none\":null,\"at\":\"1970-01-01T00:00:00.000+00:00\","
           "\"yes\":true,\"word\":\"green\",\"no_word\":null,"
           "\"text\":\"\\\"\\n\xEF\xBF\xBD好\",\"null\":null,\"ints\":[5,6],\"seqs\":{\"7\":8},"
           "\"there\":{\"n\":1},\"absent\":null,\"inside\":{\"n\":3},"
           "\"list\":[{\"n\":1},{\"n\":2}]}",
           "every type of field is written as JSON");
    buf_free(&buf);
}

int
main(void)
{
    setenv("TZ", "UTC", 1);
    ok(random_init(), "randomness is available");
    test_valid_input();
    test_text_faults();
    test_number_faults();
    test_collection_faults();
    test_body_faults();
    test_all_faults();
    test_long_input();
    test_many_faults();
    test_largest_reply();
    test_body_max();
    test_write();
    buf_free(&resources.head);
    buf_free(&resources.body);
    arena_free(&resources.arena);
    return done_testing();
}
