/* The OpenAPI document is strict JSON, and describes every route, field and status. */
#include "routes/frame/openapi/openapi.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/unicode.h"
#include "fcgi/app.h"
#include "routes/frame/declared.h"
#include "routes/live_events.h"
#include "t/unit/tap.h"

static struct arena arena;
static struct app *app;
static struct json_object *document;

/* A member by its path: `names` ends with NULL. Returns NULL if there is no such member. */
static struct json_object *
member_at(struct json_object *tree, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (!json_object_is_type(tree, json_type_object) ||
            !json_object_object_get_ex(tree, *names, &tree)) {
            return NULL;
        }
    }
    return tree;
}
#define AT(tree, ...) member_at((tree), (const char *const[]){__VA_ARGS__, NULL})

static const char *
lower_case(const char *text)
{
    char *copy = arena_strdup(&arena, text);

    for (char *c = copy; *c != '\0'; c++) {
        *c = (char)(*c | 0x20);
    }
    return copy;
}

/* The operation of a route in the document. */
static struct json_object *
operation_of(const struct route *route)
{
    return AT(document, "paths", route->path, lower_case(method_name(route->method)));
}

/* The component that a "$ref" names; NULL if there is none. */
static struct json_object *
component_at(const char *ref)
{
    static const char prefix[] = "#/components/";
    const char *slash = strrchr(ref, '/');

    if (strncmp(ref, prefix, sizeof(prefix) - 1) != 0) {
        return NULL;
    }
    ref += sizeof(prefix) - 1;
    return AT(document, "components", arena_strndup(&arena, ref, (size_t)(slash - ref)), slash + 1);
}

/* An object, or the component that it refers to. */
static struct json_object *
resolved(struct json_object *tree)
{
    struct json_object *ref = AT(tree, "$ref");

    return ref == NULL ? tree : component_at(json_object_get_string(ref));
}

/* Whether every "$ref" in `tree` leads to a component. */
static bool
references_resolve(struct json_object *tree)
{
    bool good = true;

    if (json_object_is_type(tree, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(tree); i++) {
            good = references_resolve(json_object_array_get_idx(tree, i)) && good;
        }
        return good;
    }
    if (!json_object_is_type(tree, json_type_object)) {
        return true;
    }
    json_object_object_foreach(tree, name, member)
    {
        if (strcmp(name, "$ref") == 0) {
            if (component_at(json_object_get_string(member)) == NULL) {
                diag("%s leads nowhere", json_object_get_string(member));
                good = false;
            }
        }
        good = references_resolve(member) && good;
    }
    return good;
}

static bool
parameter_is_documented(struct json_object *parameters, const struct field *f)
{
    for (size_t i = 0; i < json_object_array_length(parameters); i++) {
        struct json_object *one = resolved(json_object_array_get_idx(parameters, i));

        if (strcmp(json_object_get_string(AT(one, "name")), f->name) == 0 &&
            strcmp(json_object_get_string(AT(one, "in")), f->from == FROM_PATH ? "path"
                                                          : f->from == FROM_QUERY
                                                              ? "query"
                                                              : "header") == 0) {
            return json_object_get_boolean(AT(one, "required")) == f->required;
        }
    }
    return false;
}

static bool
member_is_documented(const struct route *route, const struct field *f)
{
    return AT(document, "components", "schemas", route->in->name, "properties", f->name) != NULL &&
           AT(operation_of(route), "requestBody", "content", "application/json") != NULL;
}

static bool
input_is_documented(const struct route *route)
{
    struct json_object *parameters = AT(operation_of(route), "parameters");
    bool good = true;

    for (size_t i = 0; route->in != NULL && i < route->in->count; i++) {
        const struct field *f = &route->in->fields[i];
        bool found = f->from == FROM_BODY ? member_is_documented(route, f)
                                          : parameter_is_documented(parameters, f);

        if (!found) {
            diag("%s %s: %s is missing", method_name(route->method), route->path, f->name);
        }
        good = good && found;
    }
    return good;
}

/* Whether a response lists the code of a problem, with an example that has it. */
static bool
problem_is_documented(enum problem p, struct json_object *responses)
{
    const struct problem_text *text = problem_text(p);
    struct json_object *response = resolved(
        AT(responses, arena_printf(&arena, "%d", text->status)));
    struct json_object *json = AT(response, "content", "application/json");
    struct json_object *codes = AT(json, "schema", "properties", "code", "enum");
    const char *example = json_object_get_string(
        AT(json, "examples", text->code, "value", "detail"));
    bool listed = false;

    for (size_t i = 0; codes != NULL && i < json_object_array_length(codes); i++) {
        listed = listed || strcmp(json_object_get_string(json_object_array_get_idx(codes, i)),
                                  text->code) == 0;
    }
    return listed && example != NULL && strcmp(example, text->en) == 0;
}

static bool
problems_are_documented(const struct route *route, struct json_object *responses)
{
    for (int p = PROBLEM_END + 1; p < PROBLEMS; p++) {
        bool may = declares_problem(route, (enum problem)p) || problem_is_general((enum problem)p);

        if (may != problem_is_documented((enum problem)p, responses)) {
            diag("%s", problem_text((enum problem)p)->code);
            return false;
        }
    }
    return true;
}

static bool
replies_are_documented(const struct route *route)
{
    struct json_object *responses = AT(operation_of(route), "responses");
    const char *status = arena_printf(&arena, "%d", route->status);
    bool good = AT(responses, status) != NULL &&
                (AT(responses, status, "content") != NULL) == (route->status != 204) &&
                (AT(responses, "401") != NULL || route->access == ANYONE) &&
                (AT(responses, "422") != NULL) == (route->in != NULL) &&
                problems_are_documented(route, responses);

    if (route->other_status != 0) {
        good = good && AT(responses, arena_printf(&arena, "%d", route->other_status)) != NULL;
    }
    if (!good) {
        diag("%s %s: a reply is missing", method_name(route->method), route->path);
    }
    return good;
}

/* Whether the document asks for a token exactly if the route does. */
static bool
access_is_documented(const struct route *route)
{
    return (json_object_array_length(AT(operation_of(route), "security")) == 1) ==
           (route->access != ANYONE);
}

static const char *
operation_id(const struct route *route)
{
    return json_object_get_string(AT(operation_of(route), "operationId"));
}

static void
test_routes(void)
{
    const struct route *const *routes = router_all(app->router);
    bool found = true, input = true, replies = true, access = true;

    for (size_t i = 0; routes[i] != NULL; i++) {
        found = found && operation_of(routes[i]) != NULL;
        input = input_is_documented(routes[i]) && input;
        replies = replies_are_documented(routes[i]) && replies;
        access = access_is_documented(routes[i]) && access;
    }
    ok(found, "every route is documented");
    ok(input, "every field of an input is documented in the place it comes from");
    ok(replies, "every status of a route is documented");
    ok(access, "a token is documented exactly for the routes that need one");
}

static void
test_operations(void)
{
    const struct route *const *routes = router_all(app->router);
    bool unique = true;
    size_t count = 0, operations = 0;

    for (; routes[count] != NULL; count++) {
        for (size_t i = 0; i < count; i++) {
            unique = unique && strcmp(operation_id(routes[count]), operation_id(routes[i])) != 0;
        }
    }
    json_object_object_foreach(AT(document, "paths"), path, methods)
    {
        (void)path;
        operations += (size_t)json_object_object_length(methods);
    }
    ok(!json_object_get_boolean(
           AT(document, "paths", "/api/lab", "post", "requestBody", "required")),
       "a body without a required member may be left out");
    is_int((int64_t)operations, (int64_t)count, "only routes are documented as operations");
    ok(unique, "every operation has its own id");
}

/* Whether every operation, parameter and tag says what it is. */
static void
test_descriptions(void)
{
    const struct route *const *routes = router_all(app->router);
    struct json_object *tags = AT(document, "tags");
    bool operations = true, parameters = true, groups = true;

    for (size_t i = 0; routes[i] != NULL; i++) {
        struct json_object *list = AT(operation_of(routes[i]), "parameters");

        operations = operations && AT(operation_of(routes[i]), "summary") != NULL &&
                     AT(operation_of(routes[i]), "description") != NULL;
        for (size_t k = 0; k < json_object_array_length(list); k++) {
            parameters = parameters &&
                         AT(resolved(json_object_array_get_idx(list, k)), "description") != NULL;
        }
    }
    for (size_t i = 0; i < json_object_array_length(tags); i++) {
        groups = groups && AT(json_object_array_get_idx(tags, i), "description") != NULL;
    }
    ok(operations, "every operation has a summary and a description");
    ok(parameters, "every parameter has a description");
    ok(groups, "every tag has a description");
}

/* The problem of the web server's own with this status and code; PROBLEM_END: none. */
static enum problem
problem_of(int status, const char *code)
{
    for (int p = PROBLEM_END + 1; p < PROBLEMS; p++) {
        const struct problem_text *text = problem_text((enum problem)p);

        if (text->status == status && strcmp(text->code, code) == 0) {
            return (enum problem)p;
        }
    }
    return PROBLEM_END;
}

static void
test_problems(void)
{
    bool unique = true;

    for (int p = PROBLEM_END + 1; p < PROBLEMS; p++) {
        const struct problem_text *text = problem_text((enum problem)p);

        unique = unique && problem_of(text->status, text->code) == (enum problem)p;
    }
    ok(unique, "no two problems share status and code");
}

/* The names of a union's kinds, as its discriminator maps them. */
static void
test_live_events(void)
{
    struct json_object *event = AT(document, "components", "schemas", "StreamEvent");
    struct json_object *mapping = AT(event, "discriminator", "mapping");
    bool complete = true;

    for (const struct stream_event *at = live_events; at->name != NULL; at++) {
        struct json_object *ref = AT(mapping, at->name);
        struct json_object *kind = ref == NULL ? NULL : component_at(json_object_get_string(ref));
        const char *name = json_object_get_string(AT(kind, "properties", "event", "const"));
        struct json_object *data = resolved(AT(kind, "properties", "data"));

        complete = complete && name != NULL && strcmp(name, at->name) == 0 &&
                   (at->shape == NULL) == (data == NULL) &&
                   (AT(kind, "properties", "id") != NULL) == at->has_id;
    }
    ok(complete, "every live event is a kind of StreamEvent, with its name and data");
    is_int(json_object_object_length(mapping), LIVE_EVENT_KINDS + 1,
           "StreamEvent has no other kinds than the live events and the heartbeat");
    is_int((int64_t)json_object_array_length(AT(event, "oneOf")), LIVE_EVENT_KINDS + 1,
           "StreamEvent maps each of its kinds");
}

static void
test_etag(void)
{
    const struct openapi_document *one = openapi_of_process(app->router, app->settings);
    struct buf text = {0};

    openapi_write(app->router, app->settings, &text);
    ok(one == openapi_of_process(app->router, app->settings), "a process makes the document once");
    ok(one->len == text.len && memcmp(one->at, text.at, text.len) == 0,
       "the document of the process is the one that is written");
    ok(strlen(one->etag) == 34 && one->etag[0] == '"' && one->etag[33] == '"',
       "the document has a strong entity tag");
    buf_free(&text);
}

static const char *const words[] = {"red", "green", NULL};

struct documented {
    int64_t id, n, bound;
    const char *text, *secret, *counted, *nothing;
    int flag, word;
    struct ints ids;
    struct seqs seqs;
    struct texts texts;
};

static const struct text_fault *
any_text(const char *text, struct arena *a)
{
    (void)text;
    (void)a;
    return NULL;
}

static const struct pattern pattern = {.regex = "^\\w\"$", .fault = any_text};
static const struct shape in_shape = SHAPE(
    "In", struct documented, PATH_ID(struct documented, id),
    FIELD(struct documented, bound, FIELD_INT, .from = FROM_QUERY, .min = 1, .max = 9,
          .default_value = 5),
    FIELD(struct documented, n, FIELD_INT, .required = true),
    FIELD(struct documented, text, FIELD_TEXT, .required = true, .min = 1, .max = 9,
          .pattern = &pattern, .description = "say \"it\"", .example = "\"x\""),
    FIELD(struct documented, secret, FIELD_TEXT, .secret = true),
    FIELD(struct documented, flag, FIELD_BOOL),
    FIELD(struct documented, word, FIELD_ENUM, .values = words),
    FIELD(struct documented, ids, FIELD_INTS, .max = 7),
    FIELD(struct documented, seqs, FIELD_SEQS, .max = 8),
    FIELD(struct documented, counted, FIELD_TEXT, .min = 3, .max = 5, .counted_form = unicode_nfkc),
    FIELD(struct documented, nothing, FIELD_TEXT, .nullable = true));
static const struct shape out_shape = SHAPE(
    "Out", struct documented, FIELD(struct documented, n, FIELD_INT, .nullable = true),
    FIELD(struct documented, id, FIELD_TIME),
    FIELD(struct documented, text, FIELD_TEXT, .nullable = true),
    FIELD(struct documented, word, FIELD_ENUM, .values = words, .nullable = true),
    FIELD(struct documented, texts, FIELD_TEXTS), FIELD(struct documented, secret, FIELD_JSON));
static const struct route table[] = {
    {.method = POST,
     .path = "/x/{id}",
     .in = &in_shape,
     .out = &out_shape,
     .status = 201,
     .operation = "make_x",
     .summary = "s",
     .description = "d"},
    ROUTES_END,
};

static const char *
plain_json(struct json_object *tree)
{
    return tree == NULL ? NULL
                        : json_object_to_json_string_ext(tree, JSON_C_TO_STRING_PLAIN |
                                                                   JSON_C_TO_STRING_NOSLASHESCAPE);
}

static void
schema_is(const char *shape, const char *field, const char *want, const char *promise)
{
    is_str(plain_json(AT(document, "components", "schemas", shape, "properties", field)), want,
           promise);
}

static struct json_object *
document_of(const struct router *router)
{
    struct buf text = {0};
    struct json_object *tree = NULL;
    struct json_error error = {0, "nothing"};

    openapi_write(router, app->settings, &text);
    if (!json_parse(text.at, text.len, &arena, &tree, &error)) {
        diag("%s at byte %zu", error.reason, error.offset);
    }
    buf_free(&text);
    return tree;
}

static void
test_application(void)
{
    is_str(json_object_get_string(AT(document, "openapi")), "3.1.0", "the version is OpenAPI 3.1");
    is_str(json_object_get_string(AT(document, "info", "title")), "a \"name\" \xE5\xBF\xAB",
           "the title is the application's name");
    ok(references_resolve(document), "every reference leads to a component");
}

static void
test_input_schema(void)
{
    schema_is("In", "n", "{\"type\":\"integer\",\"minimum\":0,\"maximum\":9007199254740991}",
              "an integer has its bounds, at most those of 2^53");
    schema_is("In", "text",
              "{\"type\":\"string\",\"minLength\":1,\"maxLength\":9,\"pattern\":\"^\\\\w\\\"$\","
              "\"description\":\"say \\\"it\\\"\",\"examples\":[\"x\"]}",
              "a text has its lengths, pattern, description and example");
    schema_is("In", "secret",
              "{\"type\":\"string\",\"pattern\":\"^[^\\\\x00]*$\",\"format\":\"password\"}",
              "a secret has the format password, and a text without a pattern refuses U+0000");
    schema_is(
        "In", "counted",
        "{\"type\":\"string\",\"minLength\":1,\"maxLength\":20,\"pattern\":\"^[^\\\\x00]*$\"}",
        "a text that is counted in a normal form may be longer and shorter in another");
    schema_is("In", "nothing", "{\"type\":[\"string\",\"null\"],\"pattern\":\"^[^\\\\x00]*$\"}",
              "a nullable member of an input may be null");
    schema_is("In", "flag", "{\"type\":\"boolean\",\"default\":false}",
              "a boolean has its default value");
    schema_is("In", "word",
              "{\"type\":\"string\",\"enum\":[\"red\",\"green\"],\"default\":\"red\"}",
              "an enum has its values and its default");
    schema_is("In", "ids",
              "{\"type\":\"array\",\"items\":{\"type\":\"integer\",\"minimum\":1,"
              "\"maximum\":9007199254740991},\"maxItems\":7}",
              "a list of ids has its largest length");
    schema_is("In", "seqs",
              "{\"type\":\"object\",\"propertyNames\":{\"pattern\":\"^[0-9]+$\"},"
              "\"additionalProperties\":{\"type\":\"integer\",\"minimum\":0,"
              "\"maximum\":9007199254740991},\"maxProperties\":8}",
              "an object of numbers has its largest size");
    schema_is("In", "bound", NULL, "a query's field is not in the body's schema");
    is_str(plain_json(AT(document, "components", "schemas", "In", "required")), "[\"n\",\"text\"]",
           "only required members of an input are documented as required");
}

static void
test_operation(void)
{
    struct json_object *operation = AT(document, "paths", "/x/{id}", "post");

    is_str(json_object_get_string(AT(operation, "operationId")), "make_x",
           "an operation has the name that its row gives it");
    ok(json_object_get_boolean(AT(operation, "requestBody", "required")),
       "a body with a required member is required");
    is_str(plain_json(AT(document, "tags")), "[{\"name\":\"t\",\"description\":\"T\"}]",
           "a group is a tag with its description");
}

static void
test_output_schema(void)
{
    schema_is("Out", "n",
              "{\"type\":[\"integer\",\"null\"],\"minimum\":0,\"maximum\":9007199254740991}",
              "a nullable integer may be null");
    schema_is("Out", "secret", "{}", "a value that may be any JSON has the empty schema");
    schema_is("Out", "id", "{\"type\":\"string\",\"format\":\"date-time\"}",
              "a time has the format date-time");
    schema_is("Out", "text", "{\"type\":[\"string\",\"null\"]}", "a nullable text may be null");
    schema_is("Out", "word", "{\"type\":[\"string\",\"null\"],\"enum\":[\"red\",\"green\",null]}",
              "a nullable enum has null among its values");
    schema_is("Out", "texts",
              "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}",
              "texts by id are an object of strings");
    is_str(plain_json(AT(document, "components", "schemas", "Out", "required")),
           "[\"n\",\"id\",\"text\",\"word\",\"texts\",\"secret\"]",
           "every member of an output is documented as required");
}

static void
test_schemas(void)
{
    struct router *router = router_new();

    ok(router_add(router, &(struct route_group){.tag = "t", .description = "T", .routes = table}),
       "a table of one route is added");
    document = document_of(router);
    ok(document != NULL, "a table of one route is documented as JSON");
    test_operation();
    test_input_schema();
    test_output_schema();
    json_object_put(document);
    router_free(router);
}

int
main(void)
{
    (void)setenv("FASTCHAT_ENV_FILE", "/dev/null", 1);
    (void)setenv("APP_ENV", "test", 1);
    (void)setenv("APP_NAME", "a \"name\" \xE5\xBF\xAB", 1);
    app = app_new("test");
    if (!ok(app != NULL, "the application starts")) {
        return done_testing();
    }
    document = document_of(app->router);
    if (ok(document != NULL, "the document is strict JSON without duplicate names")) {
        test_application();
        test_routes();
        test_operations();
        test_descriptions();
        test_problems();
        test_live_events();
        test_etag();
    }
    json_object_put(document);
    test_schemas();
    app_free(app);
    arena_free(&arena);
    return done_testing();
}
