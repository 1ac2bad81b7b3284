/* The comparison of replies and events with what is declared of them finds every kind of fault. */
#include "t/program/answers.h"

#include "routes/frame/declared.h"
#include "routes/frame/deferred.h"
#include "routes/frame/reply.h"
#include "routes/frame/route.h"
#include "t/program/shape_check.h"
#include "t/unit/tap.h"

static const char *const words[] = {"red", "green", NULL};

struct inner {
    int flag;
};

struct all_types {
    int64_t id, last, at, ended_at;
    const char *text, *note, *json;
    int word, no_word, flag;
    struct ints ids;
    struct seqs seqs;
    struct texts texts;
    const struct inner *object, *no_object;
    struct inner inside;
    struct list list;
};

static const struct shape inner_shape = SHAPE("Inner", struct inner,
                                              FIELD(struct inner, flag, FIELD_BOOL));
static const struct shape all_types_shape = SHAPE(
    "AllTypes", struct all_types, FIELD(struct all_types, id, FIELD_INT, .min = 1, .max = 9),
    FIELD(struct all_types, last, FIELD_INT, .nullable = true),
    FIELD(struct all_types, at, FIELD_TIME),
    FIELD(struct all_types, ended_at, FIELD_TIME, .nullable = true),
    FIELD(struct all_types, text, FIELD_TEXT),
    FIELD(struct all_types, note, FIELD_TEXT, .nullable = true),
    FIELD(struct all_types, json, FIELD_JSON),
    FIELD(struct all_types, word, FIELD_ENUM, .values = words),
    FIELD(struct all_types, no_word, FIELD_ENUM, .values = words, .nullable = true),
    FIELD(struct all_types, flag, FIELD_BOOL), FIELD(struct all_types, ids, FIELD_INTS, .max = 3),
    FIELD(struct all_types, seqs, FIELD_SEQS), FIELD(struct all_types, texts, FIELD_TEXTS),
    FIELD(struct all_types, object, FIELD_OBJECT, .item = &inner_shape),
    FIELD(struct all_types, no_object, FIELD_OBJECT, .item = &inner_shape, .nullable = true),
    FIELD(struct all_types, inside, FIELD_INLINE, .item = &inner_shape),
    FIELD(struct all_types, list, FIELD_LIST, .item = &inner_shape));

/* Whether the JSON that shape_write makes of a struct is what shape_check demands. */
static void
test_written(void)
{
    static const int64_t ids[] = {1, 2, 3};
    static const struct sync_mark seqs[] = {{.room_id = 12, .seq = 0}, {.room_id = 13, .seq = 7}};
    static const struct id_text texts[] = {{5, "x"}};
    static const struct inner inner = {1};
    struct all_types all = {.id = 9,
                            .at = 1767225600000,
                            .text = "名",
                            .json = "[1]",
                            .word = 1,
                            .no_word = -1,
                            .ids = {ids, 3},
                            .seqs = {seqs, 2},
                            .texts = {texts, 1},
                            .object = &inner,
                            .list = {&inner, 1}};
    struct buf json = {0}, fault = {0};

    shape_write(&all_types_shape, &all, &json);
    ok(shape_check(&all_types_shape, json_whole(json.at, json.len), NULL, &fault),
       "a written struct has its shape, with nulls where they are allowed");
    is_str(buf_cstr(&fault), "", "nothing is reported about a good value");
    all.last = 1;
    all.ended_at = 1767225600000;
    all.note = "";
    all.no_word = 0;
    all.no_object = &inner;
    buf_clear(&json);
    shape_write(&all_types_shape, &all, &json);
    ok(shape_check(&all_types_shape, json_whole(json.at, json.len), NULL, &fault),
       "a written struct has its shape, with values in place of nulls");
    buf_free(&json);
    buf_free(&fault);
}

/* One field of a type, and a value that it must not have. */
static const struct {
    struct field field;
    const char *json, *fault;
} wrong_values[] = {
    {FIELD(struct all_types, id, FIELD_INT, .min = 1), "0",
     "id: 0 is not from 1 to 9007199254740991"},
    {FIELD(struct all_types, id, FIELD_INT, .max = 5), "6", "id: 6 is not from 0 to 5"},
    {FIELD(struct all_types, id, FIELD_INT), "9007199254740992",
     "id: 9007199254740992 is not from 0 to 9007199254740991"},
    {FIELD(struct all_types, id, FIELD_INT), "1.5", "id: a fraction, not an integer"},
    {FIELD(struct all_types, id, FIELD_INT), "true", "id: a boolean, not an integer"},
    {FIELD(struct all_types, id, FIELD_INT), "null", "id: null, not an integer"},
    {FIELD(struct all_types, flag, FIELD_BOOL), "1", "flag: an integer, not a boolean"},
    {FIELD(struct all_types, text, FIELD_TEXT), "null", "text: null, not a string"},
    {FIELD(struct all_types, text, FIELD_TEXT), "{}", "text: an object, not a string"},
    {FIELD(struct all_types, word, FIELD_ENUM, .values = words), "\"blue\"",
     "word: \"blue\" is not one of its words"},
    {FIELD(struct all_types, word, FIELD_ENUM, .values = words), "null",
     "word: null, not a string"},
    {FIELD(struct all_types, at, FIELD_TIME), "\"2026-01-02T03:04:05Z\"",
     "at: \"2026-01-02T03:04:05Z\" is not a time"},
    {FIELD(struct all_types, at, FIELD_TIME), "\"2026-01-02T03:04:05.678+0800\"",
     "at: \"2026-01-02T03:04:05.678+0800\" is not a time"},
    {FIELD(struct all_types, at, FIELD_TIME), "1767225600000", "at: an integer, not a string"},
    {FIELD(struct all_types, at, FIELD_TIME), "null", "at: null, not a string"},
    {FIELD(struct all_types, ids, FIELD_INTS), "[1,0]",
     "ids.1: 0 is not from 1 to 9007199254740991"},
    {FIELD(struct all_types, ids, FIELD_INTS, .max = 1), "[1,2]", "ids: more than 1 elements"},
    {FIELD(struct all_types, ids, FIELD_INTS), "null", "ids: null, not a list"},
    {FIELD(struct all_types, seqs, FIELD_SEQS), "{\"1\":-1}",
     "seqs.1: -1 is not from 0 to 9007199254740991"},
    {FIELD(struct all_types, seqs, FIELD_SEQS), "{\"01\":1}", "seqs.01: the key is not an id"},
    {FIELD(struct all_types, seqs, FIELD_SEQS), "[]", "seqs: a list, not an object"},
    {FIELD(struct all_types, texts, FIELD_TEXTS), "{\"1\":null}", "texts.1: null, not a string"},
    {FIELD(struct all_types, object, FIELD_OBJECT, .item = &inner_shape), "null",
     "object: null, not an object"},
    {FIELD(struct all_types, inside, FIELD_INLINE, .item = &inner_shape), "{}",
     "inside.flag: missing"},
    {FIELD(struct all_types, list, FIELD_LIST, .item = &inner_shape),
     "[{\"flag\":true},{\"flag\":true,\"n\":1}]", "list.1.n: not declared"},
    {FIELD(struct all_types, text, FIELD_DIGITS), "\"1\"", "text: its type is not one of outputs"},
};

static void
test_wrong_values(void)
{
    struct buf json = {0}, fault = {0};

    for (size_t i = 0; i < sizeof(wrong_values) / sizeof(wrong_values[0]); i++) {
        struct shape shape = {.name = "One", .fields = &wrong_values[i].field, .count = 1};

        buf_clear(&json);
        buf_clear(&fault);
        buf_printf(&json, "{\"%s\":%s}", wrong_values[i].field.name, wrong_values[i].json);
        ok(!shape_check(&shape, json_whole(json.at, json.len), NULL, &fault),
           "a value that a field must not have is found");
        is_str(buf_cstr(&fault), wrong_values[i].fault, "a fault names the place and the reason");
    }
    buf_free(&json);
    buf_free(&fault);
}

static void
test_events(void)
{
    struct buf fault = {0};

    ok(answer_check_event(&inner_shape, "{\"flag\":true}", 13, &fault),
       "an event whose data has its shape is good");
    ok(!answer_check_event(&inner_shape, "{\"flag\":0}", 10, &fault),
       "an event whose data has another shape is found");
    is_str(buf_cstr(&fault), "flag: an integer, not a boolean", "the fault of an event is named");
    buf_clear(&fault);
    ok(!answer_check_event(&inner_shape, "{\"flag\":true,\"\xc3\xa9\":1}", 20, &fault),
       "an event that is not ASCII is found");
    ok(!answer_check_event(&inner_shape, "{\"flag\":true", 12, &fault),
       "an event that is not JSON is found");
    buf_free(&fault);
}

static const struct shape with_body = SHAPE(
    "In", struct inner, FIELD(struct inner, flag, FIELD_BOOL, .from = FROM_BODY));
static const enum problem own_problems[] = {TASK_HAS_ENDED, PROBLEM_END};

static void
test_declared(void)
{
    const struct route open = {.access = ANYONE, .limit = LIMIT_NONE, .status = 200};
    const struct route member = {.access = MEMBER,
                                 .in = &with_body,
                                 .status = 201,
                                 .other_status = 200,
                                 .problems = own_problems};
    bool implied = true;
    static const enum problem of_member[] = {
        BAD_REQUEST,    NOT_SIGNED_IN,          NOT_A_MEMBER,      NO_SUCH_ROOM,
        BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, TOO_MANY_REQUESTS, UNAVAILABLE,
        TASK_HAS_ENDED, DEADLINE_EXCEEDED,
    };

    for (size_t i = 0; i < sizeof(of_member) / sizeof(of_member[0]); i++) {
        implied = implied && declares_problem(&member, of_member[i]) &&
                  !declares_problem(&open, of_member[i]);
    }
    ok(implied, "problems follow from the access, the limit, the body and the list of a row");
    ok(!declares_problem(&member, ADMINS_ONLY) && !declares_problem(&member, NO_SUCH_TASK),
       "other problems are not declared");
    ok(!declares_problem(&member, INTERNAL_ERROR), "an error of the server is never declared");
    ok(declares_problem(NULL, NOT_FOUND) && !declares_problem(&member, NOT_FOUND),
       "not_found is declared for requests that no route matches");
    ok(declares_status(&member, 201) && declares_status(&member, 200) &&
           !declares_status(&open, 201) && !declares_status(&open, 0),
       "the statuses of success are the row's two");
}

/* A request of the route that was just answered. */
static struct settings settings;
static struct resources resources = {.settings = &settings};
static struct request req;

static void
begin_request(const struct route *route)
{
    static char *env[] = {NULL};

    request_init(&req, &resources, env);
    req.route = route;
    req.method = "GET";
    memcpy(req.id, "0123456789abcdef", sizeof("0123456789abcdef"));
    reply_header(&req, "X-Request-ID", req.id);
    reply_header(&req, "Cache-Control", "no-store");
}

static const char *
found(void)
{
    static struct buf fault;

    buf_clear(&fault);
    return answer_check(&req, &fault) ? "" : buf_cstr(&fault);
}

static bool
no_piece(struct request *request, void *context)
{
    (void)request;
    (void)context;
    return false;
}

static void
test_downloads_and_streams(void)
{
    const struct route file = {.status = 200, .media_type = "application/zip", .download = true};
    const struct stream_event events[] = {{"e", &inner_shape, false, "An event."}, {.name = NULL}};
    const struct route stream = {
        .status = 200, .media_type = "text/event-stream", .events = events};

    begin_request(&file);
    reply_stream(&req, 200, "application/zip", 10, no_piece, NULL);
    is_str(found(), "", "a download of its media type is good");
    begin_request(&file);
    reply_stream(&req, 200, "application/json", 10, no_piece, NULL);
    is_str(found(), "Content-Type: application/json, not application/zip",
           "a download of another media type is found");
    begin_request(&file);
    reply_stream(&req, 200, "application/zip", 0, no_piece, NULL);
    is_str(found(), "body: not a download", "a download without a length is found");
    begin_request(&stream);
    reply_bytes(&req, 200, "application/x-ndjson", "", 0);
    is_str(found(), "", "a stream may be of JSON lines");
    begin_request(&stream);
    reply_bytes(&req, 200, "application/json", "", 0);
    is_str(found(), "Content-Type: application/json, not text/event-stream",
           "a stream of another media type is found");
    begin_request(&stream);
    reply_head(&req);
    is_str(found(), "", "the head of a route that was not run is good");
}

static void
test_unfinished(void)
{
    const struct route route = {.status = 204};
    struct deferred_reply deferred = {.mode = REPLY_LATER};

    begin_request(&route);
    is_str(found(), "status: none, the handler did not reply", "a missing reply is found");
    req.deferred = &deferred;
    is_str(found(), "", "a reply that comes later is not missed");
    begin_request(&route);
    req.put_off = true;
    is_str(found(), "", "the reply to a request that waits for its turn is not missed");
}

static void
test_heads(void)
{
    const struct route route = {.status = 204};

    begin_request(&route);
    reply_empty(&req);
    is_str(found(), "", "an empty reply is good");
    reply_header(&req, "X-Request-ID", req.id);
    is_str(found(), "X-Request-ID: not once the request's id",
           "a line that is there twice is found");
    begin_request(&route);
    buf_clear(req.head);
    reply_header(&req, "X-Request-ID", req.id);
    reply_empty(&req);
    is_str(found(), "Cache-Control: not there once", "a missing line is found");
    begin_request(NULL);
    req.method = "OPTIONS";
    reply_empty(&req);
    is_str(found(), "", "OPTIONS is answered without a route");
    req.method = "PUT";
    is_str(found(), "status: not declared", "a success without a route is found");
    begin_request(&route);
    reply_faults(&req);
    is_str(found(), "status: the route takes no input", "a 422 of a route without input is found");
}

int
main(void)
{
    test_written();
    test_wrong_values();
    test_events();
    test_declared();
    test_downloads_and_streams();
    test_unfinished();
    test_heads();
    buf_free(&resources.head);
    buf_free(&resources.body);
    arena_free(&resources.arena);
    return done_testing();
}
