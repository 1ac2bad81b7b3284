/* A request's way, without any server behind it: what is answered before a handler, and what where the stores are away. */
#include "routes/frame/dispatch.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "fcgi/app.h"
#include "routes/frame/route.h"
#include "t/unit/tap.h"

static struct app *app;
static struct resources resources;
static struct request req;
static const char *sent;

static size_t
read_body(void *source, char *at, size_t size)
{
    size_t len = strlen(sent);

    (void)source;
    memcpy(at, sent, len < size ? len : size);
    return len < size ? len : size;
}

/* Dispatch a request of these meta-variables and this body; its status. */
static int
send_body(const char *body, char *const *env)
{
    sent = body;
    arena_reset(&resources.arena);
    request_init(&req, &resources, env);
    req.read_body = read_body;
    dispatch(app->router, &req);
    return req.status;
}

/* A request without a body; `line` is one more meta-variable, or NULL. */
static int
ask(const char *method, const char *uri, const char *line)
{
    static char lines[3][200];
    static char *env[4];

    (void)snprintf(lines[0], sizeof(lines[0]), "REQUEST_METHOD=%s", method);
    (void)snprintf(lines[1], sizeof(lines[1]), "REQUEST_URI=%s", uri);
    (void)snprintf(lines[2], sizeof(lines[2]), "%s", line == NULL ? "" : line);
    for (int i = 0; i < 3; i++) {
        env[i] = lines[i];
    }
    return send_body("", env);
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
    is_int(ask("GET", "/api", NULL), 200, "a route answers");
    ok(body_has("fastchat"), "with its body");
    ok(head_has("X-Request-ID: ") && head_has("Cache-Control: no-store\r\n"),
       "with an id, and for no cache");
    is_int(ask("GET", "/api/?a=1", NULL), 200, "a slash and a query do not matter");
    is_str(req.path, "/api/", "the path is as it was sent, without the query");
    is_int(ask("GET", "/api/%68ealthz", NULL), 200, "a path is decoded");
    is_int(ask("GET", "/api/nothing", NULL), 404, "an unknown path is 404");
    ok(body_has("\"code\":\"not_found\"") && req.route == NULL, "not_found");
    is_int(ask("DELETE", "/nothing", NULL), 404, "whatever the method");
    is_int(ask("GET", "/api/%zz", NULL), 400, "a path that cannot be read is 400");
    is_int(ask("GET", "api", NULL), 400, "and so is one without its slash");
    is_int(ask("GET", "//api", NULL), 400, "and one of two");
    is_int(ask("GET", "/api/../api", NULL), 400, "and one with dots");
    is_int(ask("GET", "http://h/api", NULL), 400, "and a whole address");
    is_int(ask("GET", "", NULL), 400, "and none");
    is_int(send_body("", (char *const[]){NULL}), 400, "nothing at all is 400");
    is_int(ask("GET", "/cgi-bin/fastchat/api", "SCRIPT_NAME=/cgi-bin/fastchat"), 200,
           "the place of a CGI program is no part of the path");
    is_int(ask("GET", "/cgi-bin/fastchatx/api", "SCRIPT_NAME=/cgi-bin/fastchat"), 404,
           "unless the path only begins alike");
}

static void
test_methods(void)
{
    is_int(ask("POST", "/api", NULL), 405, "another method is 405");
    ok(head_has("Allow: OPTIONS, GET, HEAD\r\n") && body_has("\"method_not_allowed\""),
       "with the methods that are allowed");
    is_int(ask("BREW", "/api", NULL), 405, "and so is one that there is not");
    is_int(ask("get", "/api", NULL), 405, "and one in small letters");
    is_int(ask("DELETE", "/api/users", NULL), 405, "a path of several methods");
    ok(head_has("Allow: OPTIONS, GET, HEAD, POST\r\n"), "names each of them");
    is_int(ask("HEAD", "/api", NULL), 200, "HEAD is answered where GET is");
    is_int(ask("HEAD", "/api/sessions/current", NULL), 405, "and only there");
    is_int(ask("OPTIONS", "/api/users", NULL), 204, "OPTIONS is answered everywhere");
    ok(head_has("Allow: OPTIONS, GET, HEAD, POST\r\n") && resources.body.len == 0,
       "with the methods and no body");
    is_int(ask("OPTIONS", "/nothing", NULL), 404, "where there is a path");
    is_int(ask("POST", "/api/sessions/current", "HTTP_X_HTTP_METHOD_OVERRIDE=DELETE"), 401,
           "a POST may name another method");
    is_str(req.method, "DELETE", "which then is the request's");
    is_int(ask("GET", "/api/sessions/current", "HTTP_X_HTTP_METHOD_OVERRIDE=DELETE"), 405,
           "a GET may not");
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
        char line[80], name[80];

        (void)snprintf(line, sizeof(line), "HTTP_ACCEPT_LANGUAGE=%s", samples[i].accepted);
        (void)snprintf(name, sizeof(name), "\"%s\" asks for %s", samples[i].accepted,
                       samples[i].chinese ? "Chinese" : "English");
        (void)ask("GET", "/nothing", line);
        ok(body_has("该地址不存在。") == samples[i].chinese, name);
    }
}

static void
test_origins(void)
{
    (void)ask("GET", "/nothing", "HTTP_ORIGIN=https://a.example");
    ok(head_has("Access-Control-Allow-Origin: https://a.example\r\n"),
       "an allowed origin may read errors, too");
    (void)ask("OPTIONS", "/api/users", "HTTP_ORIGIN=https://a.example");
    ok(head_has("Access-Control-Allow-Methods: OPTIONS, GET, HEAD, POST\r\n"),
       "and ask beforehand");
    (void)ask("OPTIONS", "/api/users", "HTTP_ORIGIN=https://b.example");
    ok(!head_has("Access-Control"), "another origin may not");
    (void)ask("GET", "/api", "HTTP_ORIGIN=https://a.example\r\nX: 1");
    ok(!head_has("X: 1"), "an origin with a line break makes no header line");
}

static void
test_callers(void)
{
    static const char good[] =
        "HTTP_AUTHORIZATION=Bearer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    static const char lower[] =
        "HTTP_AUTHORIZATION=bearer  AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    static const char behind[] =
        "REDIRECT_HTTP_AUTHORIZATION=Bearer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    static const char *const bad[] = {
        "HTTP_AUTHORIZATION=",
        "HTTP_AUTHORIZATION=Bearer",
        "HTTP_AUTHORIZATION=Bearer ",
        "HTTP_AUTHORIZATION=Bearer short",
        "HTTP_AUTHORIZATION=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "HTTP_AUTHORIZATION=Basic AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "HTTP_AUTHORIZATION=Bearer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "HTTP_AUTHORIZATION=Bearer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "HTTP_COOKIE=token=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    };

    is_int(ask("GET", "/api/users/me", NULL), 401, "a user's route without a token is 401");
    ok(head_has("WWW-Authenticate: Bearer\r\n") && body_has("\"not_signed_in\""),
       "and names the scheme");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char name[120];

        (void)snprintf(name, sizeof(name), "401 with %s", bad[i]);
        is_int(ask("GET", "/api/users/me", bad[i]), 401, name);
    }
    is_int(ask("GET", "/api/users/me?token=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", NULL), 401,
           "a token in the query counts for nothing");
    is_int(ask("GET", "/api/users/me", good), 503,
           "with a token it is 503 where the database is away");
    ok(head_has("Retry-After: 1\r\n") && body_has("\"unavailable\""), "with Retry-After");
    is_int(ask("GET", "/api/users/me", lower), 503, "the scheme's case does not matter");
    is_int(ask("GET", "/api/users/me", behind), 503, "nor that a server moved the header");
    is_int(ask("GET", "/api/users/x", NULL), 401, "nobody learns about faults before signing in");
    is_int(ask("GET", "/api", good), 200, "anybody's route does not look at the token");
    is_int(ask("GET", "/api/readyz", NULL), 503, "the server is not ready without its database");
    is_int(ask("GET", "/api/healthz", NULL), 200, "but healthy");
}

static void
test_input(void)
{
    static char length[] = "CONTENT_LENGTH=2", type[] = "CONTENT_TYPE=application/json";
    static char post[] = "REQUEST_METHOD=POST", uri[] = "REQUEST_URI=/api/sessions";

    is_int(send_body("{}", (char *const[]){post, uri, length, type, NULL}), 422,
           "faults of an input are 422");
    ok(body_has("\"loc\":[\"body\",\"username\"]") && body_has("\"loc\":[\"body\",\"password\"]"),
       "all of them at once");
    is_int(send_body("{}", (char *const[]){post, uri, length, NULL}), 415,
           "a body without a type is 415");
    is_int(send_body("{", (char *const[]){post, uri, length, type, NULL}), 400,
           "half a body is 400");
    ok(body_has("\"bad_request\""), "and not read as if it were whole");
    is_int(ask("GET", "/openapi.json", NULL), 200, "the document is served");
    ok(body_has("\"openapi\":\"3.1.0\"") && head_has("Content-Type: application/json\r\n"),
       "as JSON");
}

/* No header line ever holds what could end it: they are all name, colon, value. */
static void
test_head_lines(void)
{
    const char *at;
    bool good = true;

    (void)ask("OPTIONS", "/api/users?x=%0d%0aX:1", "HTTP_ORIGIN=https://a.example");
    for (at = buf_cstr(&resources.head); *at != '\0';) {
        const char *end = strstr(at, "\r\n");
        const char *colon = strchr(at, ':');

        good = good && end != NULL && colon != NULL && colon < end;
        if (end == NULL) {
            break;
        }
        at = end + 2;
    }
    ok(good, "the head is lines of a name and a value");
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
    if (!ok(app != NULL, "the application is made without its stores")) {
        return done_testing();
    }
    resources_open(&resources, app);
    test_paths();
    test_methods();
    test_languages();
    test_origins();
    test_callers();
    test_input();
    test_head_lines();
    resources_close(&resources);
    app_free(app);
    return done_testing();
}
