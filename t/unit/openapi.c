/* The OpenAPI document is strict JSON, and describes every route, field and status. */
#include "routes/frame/openapi.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "fcgi/app.h"
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

/* Whether every "$ref" in `tree` leads to a schema. */
static bool
references_resolve(struct json_object *tree)
{
    static const char prefix[] = "#/components/schemas/";
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
            const char *to = json_object_get_string(member);

            if (strncmp(to, prefix, sizeof(prefix) - 1) != 0 ||
                AT(document, "components", "schemas", to + sizeof(prefix) - 1) == NULL) {
                diag("%s leads nowhere", to);
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
        struct json_object *one = json_object_array_get_idx(parameters, i);

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

static bool
problems_are_documented(const enum problem *problems, struct json_object *responses)
{
    for (const enum problem *p = problems; p != NULL && *p != PROBLEM_END; p++) {
        const struct problem_text *text = problem_text(*p);
        struct json_object *description = AT(responses, arena_printf(&arena, "%d", text->status),
                                             "description");

        if (description == NULL ||
            strstr(json_object_get_string(description), text->code) == NULL) {
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
                (AT(responses, "429") != NULL) == (route->limit != LIMIT_NONE) &&
                problems_are_documented(route->problems, responses);

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
    is_int((int64_t)operations, (int64_t)count, "only routes are documented as operations");
    ok(unique, "every operation has its own id");
}

static void
test_live_events(void)
{
    struct json_object *events = AT(document, "components", "schemas", "LiveEvents", "properties");
    bool complete = true;

    for (int kind = 0; kind < LIVE_EVENT_KINDS; kind++) {
        const char *ref = json_object_get_string(AT(events, live_events[kind].name, "$ref"));

        complete = complete && ref != NULL &&
                   strcmp(ref, arena_printf(&arena, "#/components/schemas/%s",
                                            live_events[kind].shape->name)) == 0;
    }
    ok(complete, "every live event has a schema");
    is_int(json_object_object_length(events), LIVE_EVENT_KINDS, "every schema of an event is used");
}

static const char *const words[] = {"red", "green", NULL};

struct documented {
    int64_t id, n, bound;
    const char *text, *secret;
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
    FIELD(struct documented, seqs, FIELD_SEQS, .max = 8));
static const struct shape out_shape = SHAPE(
    "Out", struct documented, FIELD(struct documented, n, FIELD_INT, .nullable = true),
    FIELD(struct documented, id, FIELD_TIME),
    FIELD(struct documented, text, FIELD_TEXT, .nullable = true),
    FIELD(struct documented, word, FIELD_ENUM, .values = words, .nullable = true),
    FIELD(struct documented, texts, FIELD_TEXTS));
static const struct route table[] = {
    {.method = POST,
     .path = "/x/{id}",
     .in = &in_shape,
     .out = &out_shape,
     .status = 201,
     .tag = "t",
     .summary = "s"},
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
    ok(references_resolve(document), "every reference leads to a schema");
}

static void
test_input_schema(void)
{
    schema_is("In", "n", "{\"type\":\"integer\",\"format\":\"int64\",\"minimum\":0}",
              "an integer has its format and minimum");
    schema_is("In", "text",
              "{\"type\":\"string\",\"minLength\":1,\"maxLength\":9,\"pattern\":\"^\\\\w\\\"$\","
              "\"description\":\"say \\\"it\\\"\",\"examples\":[\"x\"]}",
              "a text has its lengths, pattern, description and example");
    schema_is("In", "secret", "{\"type\":\"string\",\"minLength\":0,\"format\":\"password\"}",
              "a secret has the format password");
    schema_is("In", "flag", "{\"type\":\"boolean\"}", "a boolean is documented as a boolean");
    schema_is("In", "word", "{\"type\":\"string\",\"enum\":[\"red\",\"green\"]}",
              "an enum has its values");
    schema_is("In", "ids",
              "{\"type\":\"array\",\"items\":{\"type\":\"integer\",\"format\":\"int64\","
              "\"minimum\":1},\"maxItems\":7}",
              "a list of ids has its largest length");
    schema_is("In", "seqs",
              "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\","
              "\"format\":\"int64\",\"minimum\":0},\"maxProperties\":8}",
              "an object of numbers has its largest size");
    schema_is("In", "bound", NULL, "a query's field is not in the body's schema");
    is_str(plain_json(AT(document, "components", "schemas", "In", "required")), "[\"n\",\"text\"]",
           "only required members of an input are documented as required");
}

static void
test_output_schema(void)
{
    schema_is("Out", "n", "{\"type\":[\"integer\",\"null\"],\"format\":\"int64\"}",
              "a nullable integer may be null");
    schema_is("Out", "id", "{\"type\":\"string\",\"format\":\"date-time\"}",
              "a time has the format date-time");
    schema_is("Out", "text", "{\"type\":[\"string\",\"null\"]}", "a nullable text may be null");
    schema_is("Out", "word", "{\"type\":[\"string\",\"null\"],\"enum\":[\"red\",\"green\",null]}",
              "a nullable enum has null among its values");
    schema_is("Out", "texts",
              "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}",
              "texts by id are an object of strings");
    is_str(plain_json(AT(document, "components", "schemas", "Out", "required")),
           "[\"n\",\"id\",\"text\",\"word\",\"texts\"]",
           "every member of an output is documented as required");
}

static void
test_schemas(void)
{
    struct router *router = router_new();

    ok(router_add(router, &(struct route_group){.routes = table}), "a table of one route is added");
    document = document_of(router);
    ok(document != NULL, "a table of one route is documented as JSON");
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
        test_live_events();
    }
    json_object_put(document);
    test_schemas();
    app_free(app);
    arena_free(&arena);
    return done_testing();
}
