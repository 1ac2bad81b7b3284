/* Answers: their status, header lines and body; the texts of problems; what other origins may read. */
#include "routes/frame/reply.h"

#include <string.h>

#include "base/json.h"
#include "routes/frame/cors.h"
#include "routes/frame/route.h"
#include "t/unit/tap.h"

struct out {
    int64_t n;
};

static const struct shape out_shape = SHAPE("Out", struct out, FIELD(struct out, n, FIELD_INT));
static const struct route route = {.method = GET, .path = "/x", .out = &out_shape, .status = 201};

static struct settings settings;
static struct resources resources = {.settings = &settings};
static struct request req;

static void
begin(enum language language)
{
    static char *env[] = {NULL};

    request_init(&req, &resources, env);
    req.language = language;
    req.route = &route;
}

static const char *
head(void)
{
    return buf_cstr(&resources.head);
}

static const char *
body(void)
{
    return buf_cstr(&resources.body);
}

static void
test_success(void)
{
    begin(ENGLISH);
    reply(&req, &(struct out){7});
    is_int(req.status, 201, "a reply has the route's status");
    is_str(body(), "{\"n\":7}", "and the struct in the route's shape");
    is_str(head(), "Content-Type: application/json\r\n", "as JSON");
    begin(ENGLISH);
    reply_with(&req, 200, &(struct out){8});
    is_int(req.status, 200, "or another status");
    is_str(body(), "{\"n\":8}", "with the same shape; nothing is left of the answer before");
    begin(ENGLISH);
    reply_empty(&req);
    is_int(req.status, 204, "an empty reply is 204");
    ok(resources.body.len == 0 && resources.head.len == 0, "without a body and its type");
    begin(ENGLISH);
    reply_header(&req, "X-One", "1");
    reply_bytes(&req, 200, "text/plain", "a\0b", 3);
    is_str(head(), "X-One: 1\r\nContent-Type: text/plain\r\n", "header lines stand in order");
    is_int((int64_t)resources.body.len, 3, "bytes leave as they are");
}

static void
test_problems(void)
{
    begin(ENGLISH);
    buf_str(&resources.body, "half an answer");
    reply_problem(&req, NO_SUCH_ROOM);
    is_int(req.status, 404, "a problem has its status");
    is_str(body(), "{\"detail\":\"There is no such room.\",\"code\":\"no_such_room\"}",
           "its words and its code, in place of what was written before");
    begin(CHINESE);
    reply_problem(&req, NO_SUCH_ROOM);
    ok(strstr(body(), "\"code\":\"no_such_room\"") != NULL && strstr(body(), "房间") != NULL,
       "in Chinese the words differ, the code does not");
    begin(ENGLISH);
    reply_problem(&req, NOT_SIGNED_IN);
    ok(strstr(head(), "\r\nWWW-Authenticate: Bearer\r\n") != NULL, "401 names the scheme");
    begin(ENGLISH);
    reply_problem(&req, UNAVAILABLE);
    ok(strstr(head(), "Retry-After: 1\r\n") != NULL, "503 says when to come again");
}

static void
test_texts(void)
{
    bool apart = true, forms = true;

    for (int p = BAD_REQUEST; p <= DEADLINE_EXCEEDED; p++) {
        const struct problem_text *text = problem_text((enum problem)p);

        forms = forms && text->status >= 400 && text->status < 600 && text->en != NULL &&
                text->zh != NULL && strcmp(text->en, text->zh) != 0 && text->code != NULL &&
                text->code[strspn(text->code, "abcdefghijklmnopqrstuvwxyz_")] == '\0';
        for (int other = BAD_REQUEST; other < p && forms; other++) {
            apart = apart && strcmp(problem_text((enum problem)other)->code, text->code) != 0;
        }
    }
    ok(forms, "every problem has a status, a code in small letters, and words in two languages");
    ok(apart, "no two have the same code");
}

static void
test_cors(void)
{
    static const struct {
        const char *list, *origin;
        bool allowed;
        const char *what;
    } samples[] = {
        {"https://a.example", "https://a.example", true, "an origin of the list"},
        {"http://b:1, https://a.example", "https://a.example", true, "one behind another"},
        {"http://b:1,https://a.example", "http://b:1", true, "the first of two"},
        {"*", "https://any.example", true, "any origin, where the list is *"},
        {"https://a.example", "https://a.example.evil", false, "one that only begins alike"},
        {"https://a.example", "https://a.exampl", false, "the beginning of one"},
        {"https://a.example", "https://A.example", false, "another case, which no browser sends"},
        {"https://a.example", "http://a.example", false, "another scheme"},
        {"https://a.example", "null", false, "a page without an origin"},
        {"http://b:1,https://a.example", "http://b:1,https://a.example", false, "the list itself"},
        {"", "https://a.example", false, "any, where the list is empty"},
    };

    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        char line[100], name[100];

        settings.cors_origins = samples[i].list;
        begin(ENGLISH);
        req.origin = samples[i].origin;
        cors_allow(&req);
        (void)snprintf(line, sizeof(line), "Access-Control-Allow-Origin: %s\r\n",
                       samples[i].origin);
        (void)snprintf(name, sizeof(name), "%s: %s", samples[i].allowed ? "allowed" : "not allowed",
                       samples[i].what);
        ok((strstr(head(), line) != NULL) == samples[i].allowed &&
               (strstr(head(), "Access-Control") != NULL) == samples[i].allowed,
           name);
    }
    is_str(head(), "", "without a list nothing is said");
    settings.cors_origins = "https://a.example";
    begin(ENGLISH);
    cors_allow(&req);
    is_str(head(), "Vary: Origin\r\n", "with one, caches are told that answers differ by origin");
    cors_preflight(&req, "GET");
    is_str(head(), "Vary: Origin\r\n", "a preflight without an origin gets no more");
    begin(ENGLISH);
    req.origin = "https://a.example";
    cors_preflight(&req, "OPTIONS, GET");
    ok(strstr(head(), "Access-Control-Allow-Methods: OPTIONS, GET\r\n") != NULL &&
           strstr(head(), "Authorization") != NULL &&
           strstr(head(), "Access-Control-Max-Age: ") != NULL,
       "one of an allowed origin gets the methods and the headers");
    ok(strstr(head(), "Credentials") == NULL, "and never cookies");
}

int
main(void)
{
    settings.cors_origins = "";
    test_success();
    test_problems();
    test_texts();
    test_cors();
    buf_free(&resources.head);
    buf_free(&resources.body);
    arena_free(&resources.arena);
    return done_testing();
}
