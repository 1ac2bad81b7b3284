/* The OpenAPI document: it is JSON, every reference resolves, every route and every field is there. */
#include "routes/frame/openapi.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "fcgi/app.h"
#include "t/unit/tap.h"

static struct arena arena;
static struct app *app;
static struct json_object *document;

/* A member by its path: the names of members, ended by NULL. */
static struct json_object *
at(struct json_object *tree, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (!json_object_is_type(tree, json_type_object) ||
            !json_object_object_get_ex(tree, *names, &tree)) {
            return NULL;
        }
    }
    return tree;
}
#define AT(tree, ...) at((tree), (const char *const[]){__VA_ARGS__, NULL})

static const char *
lower(const char *text)
{
    char *copy = arena_strdup(&arena, text);

    for (char *c = copy; *c != '\0'; c++) {
        *c = (char)(*c | 0x20);
    }
    return copy;
}

static struct json_object *
operation(const struct route *route)
{
    return AT(document, "paths", route->path, lower(method_name(route->method)));
}

/* Every "$ref" below `tree` leads to a schema. */
static bool
references_resolve(struct json_object *tree)
{
    static const char begin[] = "#/components/schemas/";
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

            if (strncmp(to, begin, sizeof(begin) - 1) != 0 ||
                AT(document, "components", "schemas", to + sizeof(begin) - 1) == NULL) {
                diag("%s leads nowhere", to);
                good = false;
            }
        }
        good = references_resolve(member) && good;
    }
    return good;
}

static bool
has_parameter(struct json_object *list, const struct field *f)
{
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *one = json_object_array_get_idx(list, i);

        if (strcmp(json_object_get_string(AT(one, "name")), f->name) == 0 &&
            strcmp(json_object_get_string(AT(one, "in")),
                   f->from == FROM_PATH ? "path" : "query") == 0) {
            return json_object_get_boolean(AT(one, "required")) == f->required;
        }
    }
    return false;
}

/* Every field that comes in stands where it comes from. */
static bool
input_is_told(const struct route *route)
{
    struct json_object *told = operation(route);
    bool good = true;

    for (size_t i = 0; route->in != NULL && i < route->in->count; i++) {
        const struct field *f = &route->in->fields[i];
        bool there = f->from == FROM_BODY
                         ? AT(document, "components", "schemas", route->in->name, "properties",
                              f->name) != NULL &&
                               AT(told, "requestBody", "content", "application/json") != NULL
                         : has_parameter(AT(told, "parameters"), f);

        if (!there) {
            diag("%s %s: %s is missing", method_name(route->method), route->path, f->name);
        }
        good = good && there;
    }
    return good;
}

static bool
answers_are_told(const struct route *route)
{
    struct json_object *told = AT(operation(route), "responses");
    const char *status = arena_printf(&arena, "%d", route->status);
    bool good = AT(told, status) != NULL &&
                (AT(told, status, "content") != NULL) == (route->status != 204) &&
                (AT(told, "401") != NULL || route->access == ANYONE) &&
                (AT(told, "422") != NULL) == (route->in != NULL) &&
                (AT(told, "429") != NULL) == (route->limit != LIMIT_NONE);

    if (route->other_status != 0) {
        good = good && AT(told, arena_printf(&arena, "%d", route->other_status)) != NULL;
    }
    for (const enum problem *p = route->problems; p != NULL && *p != PROBLEM_END; p++) {
        struct json_object *error = AT(told, arena_printf(&arena, "%d", problem_text(*p)->status),
                                       "description");

        good = good && error != NULL &&
               strstr(json_object_get_string(error), problem_text(*p)->code) != NULL;
    }
    if (!good) {
        diag("%s %s tells not all its answers", method_name(route->method), route->path);
    }
    return good;
}

static void
test_routes(void)
{
    const struct route *const *routes = router_all(app->router);
    bool there = true, apart = true, input = true, answers = true, guarded = true;
    size_t count = 0, operations = 0;

    for (; routes[count] != NULL; count++) {
        struct json_object *told = operation(routes[count]);

        there = there && told != NULL;
        input = input_is_told(routes[count]) && input;
        answers = answers_are_told(routes[count]) && answers;
        guarded = guarded && (json_object_array_length(AT(told, "security")) == 1) ==
                                 (routes[count]->access != ANYONE);
        for (size_t i = 0; i < count && there; i++) {
            apart = apart &&
                    strcmp(json_object_get_string(AT(told, "operationId")),
                           json_object_get_string(AT(operation(routes[i]), "operationId"))) != 0;
        }
    }
    json_object_object_foreach(AT(document, "paths"), path, methods)
    {
        (void)path;
        operations += (size_t)json_object_object_length(methods);
    }
    ok(there, "every route is there");
    is_int((int64_t)operations, (int64_t)count, "and nothing else");
    ok(apart, "each operation has an id of its own");
    ok(input, "every field that comes in is told, where it comes from");
    ok(answers, "every answer of a route is told");
    ok(guarded, "routes that want a token say so, and no others");
}

static const char *const words[] = {"red", "green", NULL};

struct thing {
    int64_t id, n, bound;
    const char *text, *secret;
    int flag, word;
    struct ints ids;
    struct seqs seqs;
};
static bool
always(const char *text)
{
    return text != NULL;
}
static const struct pattern pattern = {"^\\w\"$", always, "", ""};
static const struct shape in_shape = SHAPE(
    "In", struct thing, PATH_ID(struct thing, id),
    FIELD(struct thing, bound, FIELD_INT, .from = FROM_QUERY, .min = 1, .max = 9, .default_value = 5),
    FIELD(struct thing, n, FIELD_INT, .required = true),
    FIELD(struct thing, text, FIELD_TEXT, .required = true, .min = 1, .max = 9, .pattern = &pattern, .description = "say \"it\"", .example = "\"x\""),
    FIELD(struct thing, secret, FIELD_TEXT, .secret = true),
    FIELD(struct thing, flag, FIELD_BOOL), FIELD(struct thing, word, FIELD_ENUM, .values = words),
    FIELD(struct thing, ids, FIELD_INTS, .max = 7), FIELD(struct thing, seqs, FIELD_SEQS, .max = 8));
static const struct shape out_shape = SHAPE(
    "Out", struct thing, FIELD(struct thing, n, FIELD_INT, .nullable = true),
    FIELD(struct thing, id, FIELD_TIME), FIELD(struct thing, text, FIELD_TEXT, .nullable = true),
    FIELD(struct thing, word, FIELD_ENUM, .values = words, .nullable = true));
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

static void
schema_is(const char *shape, const char *field, const char *want)
{
    struct json_object *told = AT(document, "components", "schemas", shape, "properties", field);

    is_str(told == NULL ? NULL
                        : json_object_to_json_string_ext(told, JSON_C_TO_STRING_PLAIN |
                                                                   JSON_C_TO_STRING_NOSLASHESCAPE),
           want, arena_printf(&arena, "the schema of %s.%s", shape, field));
}

static struct json_object *
written(const struct router *router)
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
test_schemas(void)
{
    struct router *router = router_new();

    ok(router_add(router, &(struct route_group){.routes = table}), "a table of one route");
    document = written(router);
    ok(document != NULL, "is written as JSON");
    schema_is("In", "n", "{\"type\":\"integer\",\"format\":\"int64\",\"minimum\":0}");
    schema_is("In", "text",
              "{\"type\":\"string\",\"minLength\":1,\"maxLength\":9,\"pattern\":\"^\\\\w\\\"$\","
              "\"description\":\"say \\\"it\\\"\",\"examples\":[\"x\"]}");
    schema_is("In", "secret", "{\"type\":\"string\",\"minLength\":0,\"format\":\"password\"}");
    schema_is("In", "flag", "{\"type\":\"boolean\"}");
    schema_is("In", "word", "{\"type\":\"string\",\"enum\":[\"red\",\"green\"]}");
    schema_is("In", "ids",
              "{\"type\":\"array\",\"items\":{\"type\":\"integer\",\"format\":\"int64\","
              "\"minimum\":1},\"maxItems\":7}");
    schema_is("In", "seqs",
              "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\","
              "\"format\":\"int64\",\"minimum\":0},\"maxProperties\":8}");
    schema_is("In", "bound", NULL);
    schema_is("Out", "n", "{\"type\":[\"integer\",\"null\"],\"format\":\"int64\"}");
    schema_is("Out", "id", "{\"type\":\"string\",\"format\":\"date-time\"}");
    schema_is("Out", "text", "{\"type\":[\"string\",\"null\"]}");
    schema_is("Out", "word", "{\"type\":[\"string\",\"null\"],\"enum\":[\"red\",\"green\",null]}");
    is_str(json_object_to_json_string_ext(AT(document, "components", "schemas", "In", "required"),
                                          JSON_C_TO_STRING_PLAIN),
           "[\"n\",\"text\"]", "of an input what is required is required");
    is_str(json_object_to_json_string_ext(AT(document, "components", "schemas", "Out", "required"),
                                          JSON_C_TO_STRING_PLAIN),
           "[\"n\",\"id\",\"text\",\"word\"]", "of an output all is there");
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
    if (!ok(app != NULL, "the application is made")) {
        return done_testing();
    }
    document = written(app->router);
    if (ok(document != NULL, "the document is strict JSON, without a name twice")) {
        is_str(json_object_get_string(AT(document, "openapi")), "3.1.0", "of OpenAPI 3.1");
        is_str(json_object_get_string(AT(document, "info", "title")), "a \"name\" \xE5\xBF\xAB",
               "with the application's name");
        ok(references_resolve(document), "every reference leads to a schema");
        test_routes();
    }
    json_object_put(document);
    test_schemas();
    app_free(app);
    arena_free(&arena);
    return done_testing();
}
