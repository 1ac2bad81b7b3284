/* Dispatching a request without a web server or stores: the replies that need no database. */
#include "routes/frame/dispatch.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "fcgi/app.h"
#include "routes/frame/route.h"
#include "t/program/answers.h"
#include "t/unit/tap.h"

static struct app *app;
static struct resources resources;
static struct request req;
static const char *text_to_send;
static struct buf undeclared; /* what replies had that their routes do not declare */

static size_t
send_text(void *source, char *at, size_t size)
{
    size_t len = strlen(text_to_send);

    (void)source;
    memcpy(at, text_to_send, len < size ? len : size);
    return len < size ? len : size;
}

/* Dispatches a request with these meta-variables and this body. Returns the reply's status. */
static int
dispatch_with_body(const char *body, char *const *env)
{
    text_to_send = body;
    arena_reset(&resources.arena);
    request_init(&req, &resources, env);
    req.read_body = send_text;
    dispatch(app->router, &req);
    if (!answer_check(&req, &undeclared)) {
        diag("undeclared: %s: %s", req.path, buf_cstr(&undeclared));
    }
    return req.status;
}

/* Dispatches a request without a body; `line` is one more meta-variable, or NULL. */
static int
dispatch_line(const char *method, const char *uri, const char *line)
{
    static char lines[3][200];
    static char *env[4];

    (void)snprintf(lines[0], sizeof(lines[0]), "REQUEST_METHOD=%s", method);
    (void)snprintf(lines[1], sizeof(lines[1]), "REQUEST_URI=%s", uri);
    (void)snprintf(lines[2], sizeof(lines[2]), "%s", line == NULL ? "" : line);
    for (int i = 0; i < 3; i++) {
        env[i] = lines[i];
    }
    return dispatch_with_body("", env);
}

static bool
head_has(const char *line)
{
    return strstr(buf_cstr(&resources.head), line) != NULL;
}

static bool
body_has(const char *text)
{
    return strstr(buf_cstr(&resources.body), text) != NULL;
}

static void
test_paths(void)
{
    is_int(dispatch_line("GET", "/api", NULL), 200, "the path of a route is answered");
    ok(body_has("fastchat"), "a reply has the handler's body");
    ok(head_has("X-Request-ID: "), "a reply has the request's id");
    ok(head_has("Cache-Control: no-store\r\n"), "a reply is not cached");
    is_int(dispatch_line("GET", "/api/?a=1", NULL), 200,
           "a path is found despite a slash at its end and a query");
    is_str(req.path, "/api/", "the request's path is as it was sent, without the query");
    is_int(dispatch_line("GET", "/api/%68ealthz", NULL), 200, "a path is decoded");
    is_int(dispatch_line("GET", "/api/nothing", NULL), 404, "an unknown path is 404");
    ok(body_has("\"code\":\"not_found\"") && req.route == NULL,
       "a 404 has the code not_found and no route");
    is_int(dispatch_line("DELETE", "/nothing", NULL), 404,
           "an unknown path is 404 with any method");
}

static void
test_malformed_paths(void)
{
    is_int(dispatch_line("GET", "/api/%zz", NULL), 400, "a broken escape in the path is 400");
    is_int(dispatch_line("GET", "api", NULL), 400, "a path without its first slash is 400");
    is_int(dispatch_line("GET", "//api", NULL), 400, "a path with two slashes at once is 400");
    is_int(dispatch_line("GET", "/api/../api", NULL), 400, "a path with .. is 400");
    is_int(dispatch_line("GET", "http://h/api", NULL), 400, "a whole URL as the path is 400");
    is_int(dispatch_line("GET", "", NULL), 400, "an empty path is 400");
    is_int(dispatch_with_body("", (char *const[]){NULL}), 400,
           "a request without any meta-variable is 400");
}

static void
test_script_name(void)
{
    is_int(dispatch_line("GET", "/cgi-bin/fastchat/api", "SCRIPT_NAME=/cgi-bin/fastchat"), 200,
           "the place of a CGI program is removed from the path");
    is_int(dispatch_line("GET", "/cgi-bin/fastchatx/api", "SCRIPT_NAME=/cgi-bin/fastchat"), 404,
           "a path that only starts like the CGI program's place is 404");
}

static void
test_methods(void)
{
    is_int(dispatch_line("POST", "/api", NULL), 405, "a method without a route is 405");
    ok(head_has("Allow: OPTIONS, GET, HEAD\r\n") && body_has("\"method_not_allowed\""),
       "a 405 has the allowed methods and the code method_not_allowed");
    is_int(dispatch_line("BREW", "/api", NULL), 405, "an unknown method is 405");
    is_int(dispatch_line("get", "/api", NULL), 405, "a method in lower case is 405");
    is_int(dispatch_line("DELETE", "/api/users", NULL), 405,
           "a method without a route is 405 beside several that have one");
    ok(head_has("Allow: OPTIONS, GET, HEAD, POST\r\n"), "Allow names every method of the path");
    is_int(dispatch_line("HEAD", "/api", NULL), 200, "HEAD is answered where GET is");
    is_int(dispatch_line("HEAD", "/api/sessions/current", NULL), 405, "HEAD is 405 without a GET");
    is_int(dispatch_line("OPTIONS", "/api/users", NULL), 204, "OPTIONS is answered on every path");
    ok(head_has("Allow: OPTIONS, GET, HEAD, POST\r\n") && resources.body.len == 0,
       "the reply to OPTIONS has the allowed methods and no body");
    is_int(dispatch_line("OPTIONS", "/nothing", NULL), 404, "OPTIONS on an unknown path is 404");
}

static void
test_method_override(void)
{
    static const char line[] = "HTTP_X_HTTP_METHOD_OVERRIDE=DELETE";

    is_int(dispatch_line("POST", "/api/sessions/current", line), 401,
           "a POST may be overridden by another method");
    is_str(req.method, "DELETE", "the overriding method is the request's method");
    is_int(dispatch_line("GET", "/api/sessions/current", line), 405, "a GET is never overridden");
}

static void
test_languages(void)
{
    static const struct {
        const char *accepted;
        bool chinese;
    } samples[] = {
        {"zh-CN,zh;q=0.9,en;q=0.8", true},
        {"en-US,en;q=0.9,zh;q=0.5", false},
        {"ZH", true},
        {"fr,zh;q=0.5", true},
        {"fr", false},
        {"", false},
    };

    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        char line[80], name[100];

        (void)snprintf(line, sizeof(line), "HTTP_ACCEPT_LANGUAGE=%s", samples[i].accepted);
        (void)snprintf(name, sizeof(name), "Accept-Language \"%s\" is answered in %s",
                       samples[i].accepted, samples[i].chinese ? "Chinese" : "English");
        (void)dispatch_line("GET", "/nothing", line);
        ok(body_has("该地址不存在。") == samples[i].chinese, name);
    }
}

static void
test_origins(void)
{
    static const char allowed[] = "HTTP_ORIGIN=https://a.example";

    (void)dispatch_line("GET", "/nothing", allowed);
    ok(head_has("Access-Control-Allow-Origin: https://a.example\r\n"),
       "an allowed origin may read error replies");
    (void)dispatch_line("OPTIONS", "/api/users", allowed);
    ok(head_has("Access-Control-Allow-Methods: OPTIONS, GET, HEAD, POST\r\n"),
       "a preflight of an allowed origin names the path's methods");
    (void)dispatch_line("OPTIONS", "/api/users", "HTTP_ORIGIN=https://b.example");
    ok(!head_has("Access-Control"), "a preflight of another origin allows nothing");
    (void)dispatch_line("GET", "/api", "HTTP_ORIGIN=https://a.example\r\nX: 1");
    ok(!head_has("X: 1"), "an origin with a line break adds no header line");
}

#define TOKEN "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" /* well-formed, of no session */

static void
test_missing_token(void)
{
    static const char *const refused[] = {
        "HTTP_AUTHORIZATION=",
        "HTTP_AUTHORIZATION=Bearer",
        "HTTP_AUTHORIZATION=Bearer ",
        "HTTP_AUTHORIZATION=Bearer short",
        "HTTP_AUTHORIZATION=" TOKEN,
        "HTTP_AUTHORIZATION=Basic " TOKEN,
        "HTTP_AUTHORIZATION=Bearer " TOKEN "A",
        "HTTP_AUTHORIZATION=Bearer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "HTTP_COOKIE=token=" TOKEN,
    };

    is_int(dispatch_line("GET", "/api/users/me", NULL), 401,
           "a user's route without a token is 401");
    ok(head_has("WWW-Authenticate: Bearer\r\n") && body_has("\"not_signed_in\""),
       "a 401 names the scheme Bearer and the code not_signed_in");
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        char name[120];

        (void)snprintf(name, sizeof(name), "a request with %s is 401", refused[i]);
        is_int(dispatch_line("GET", "/api/users/me", refused[i]), 401, name);
    }
    is_int(dispatch_line("GET", "/api/users/me?token=" TOKEN, NULL), 401,
           "a token in the query is ignored");
    is_int(dispatch_line("GET", "/api/users/x", NULL), 401,
           "a caller without a token learns nothing about faults of the input");
}

static void
test_token(void)
{
    static const char bearer[] = "HTTP_AUTHORIZATION=Bearer " TOKEN;
    static const char lower_case[] = "HTTP_AUTHORIZATION=bearer  " TOKEN;
    static const char redirected[] = "REDIRECT_HTTP_AUTHORIZATION=Bearer " TOKEN;

    is_int(dispatch_line("GET", "/api/users/me", bearer), 503,
           "a request with a token is 503 while the database is away");
    ok(head_has("Retry-After: 1\r\n") && body_has("\"unavailable\""),
       "a 503 has Retry-After and the code unavailable");
    is_int(dispatch_line("GET", "/api/users/me", lower_case), 503,
           "a token is found after bearer in lower case and two spaces");
    is_int(dispatch_line("GET", "/api/users/me", redirected), 503,
           "a token is found in the header that a web server's redirect renames");
    is_int(dispatch_line("GET", "/api", bearer), 200,
           "a route for everyone does not look up the token");
}

static void
test_health(void)
{
    is_int(dispatch_line("GET", "/api/readyz", NULL), 503,
           "the server is not ready without its database");
    is_int(dispatch_line("GET", "/api/healthz", NULL), 200,
           "the server is healthy without its database");
}

static void
test_input(void)
{
    static char length[] = "CONTENT_LENGTH=2", type[] = "CONTENT_TYPE=application/json";
    static char post[] = "REQUEST_METHOD=POST", uri[] = "REQUEST_URI=/api/sessions";
    static char *const json[] = {post, uri, length, type, NULL};
    static char *const without_type[] = {post, uri, length, NULL};

    is_int(dispatch_with_body("{}", json), 422, "an input with faults is 422");
    ok(body_has("\"loc\":[\"body\",\"username\"]") && body_has("\"loc\":[\"body\",\"password\"]"),
       "a 422 has every fault of the input");
    is_int(dispatch_with_body("{}", without_type), 415, "a body without a Content-Type is 415");
    is_int(dispatch_with_body("{", json), 400, "a body shorter than its Content-Length is 400");
    ok(body_has("\"bad_request\""), "a body cut short has the code bad_request");
}

static void
test_document(void)
{
    is_int(dispatch_line("GET", "/openapi.json", NULL), 200, "the OpenAPI document is served");
    ok(body_has("\"openapi\":\"3.1.0\"") && head_has("Content-Type: application/json\r\n"),
       "the OpenAPI document is served as JSON");
}

/* Nothing that a client sends can end a header line early: each is a name, a colon and a value. */
static void
test_head_lines(void)
{
    const char *at;
    bool good = true;

    (void)dispatch_line("OPTIONS", "/api/users?x=%0d%0aX:1", "HTTP_ORIGIN=https://a.example");
    for (at = buf_cstr(&resources.head); *at != '\0';) {
        const char *end = strstr(at, "\r\n");
        const char *colon = strchr(at, ':');

        good = good && end != NULL && colon != NULL && colon < end;
        if (end == NULL) {
            break;
        }
        at = end + 2;
    }
    ok(good, "every line of the head has a name and a value");
}

int
main(void)
{
    (void)setenv("FASTCHAT_ENV_FILE", "/dev/null", 1);
    (void)setenv("APP_ENV", "test", 1);
    (void)setenv("REDIS_HOST", "", 1);
    (void)setenv("DB_SOCKET", "/nonexistent/mysqld.sock", 1);
    (void)setenv("CORS_ORIGINS", "https://a.example", 1);
    app = app_new("test");
    if (!ok(app != NULL, "the application starts without its stores")) {
        return done_testing();
    }
    resources_open(&resources, app);
    test_paths();
    test_malformed_paths();
    test_script_name();
    test_methods();
    test_method_override();
    test_languages();
    test_origins();
    test_missing_token();
    test_token();
    test_health();
    test_input();
    test_document();
    test_head_lines();
    is_str(buf_cstr(&undeclared), "", "every reply is one that its route declares");
    buf_free(&undeclared);
    resources_close(&resources);
    app_free(app);
    return done_testing();
}
