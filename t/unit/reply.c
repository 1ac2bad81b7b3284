/* Replies: status, header lines and body; problems and their texts; CORS. */
#include "routes/frame/reply.h"

#include <string.h>

#include "base/json.h"
#include "fcgi/status.h"
#include "routes/frame/http/cors.h"
#include "routes/frame/route.h"
#include "t/unit/tap.h"

struct reply_number {
    int64_t n;
};

static const struct shape out_shape = SHAPE("Out", struct reply_number,
                                            FIELD(struct reply_number, n, FIELD_INT));
static const struct route route = {.method = GET, .path = "/x", .out = &out_shape, .status = 201};

static struct settings settings;
static struct resources resources = {.settings = &settings};
static struct request req;

static void
begin_request(enum language language)
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
    begin_request(ENGLISH);
    reply(&req, &(struct reply_number){7});
    is_int(req.status, 201, "reply sends the route's status");
    is_str(body(), "{\"n\":7}", "reply writes the struct in the route's shape");
    is_str(head(), "Content-Type: application/json\r\n", "reply sends JSON");
    begin_request(ENGLISH);
    reply_with(&req, 200, &(struct reply_number){8});
    is_int(req.status, 200, "reply_with sends the given status");
    is_str(body(), "{\"n\":8}", "nothing of an earlier request's reply is left");
}

static void
test_other_bodies(void)
{
    begin_request(ENGLISH);
    reply_empty(&req);
    is_int(req.status, 204, "an empty reply is 204");
    ok(resources.body.len == 0 && resources.head.len == 0,
       "an empty reply has no body and no Content-Type");
    begin_request(ENGLISH);
    reply_header(&req, "X-One", "1");
    reply_bytes(&req, 200, "text/plain", "a\0b", 3);
    is_str(head(), "X-One: 1\r\nContent-Type: text/plain\r\n",
           "header lines are in the order they were added");
    is_int((int64_t)resources.body.len, 3, "bytes are sent whole, with the NUL among them");
}

static void
test_problems(void)
{
    begin_request(ENGLISH);
    buf_str(&resources.body, "half a reply");
    reply_problem(&req, NO_SUCH_ROOM);
    is_int(req.status, 404, "a problem has its status");
    is_str(body(), "{\"detail\":\"There is no such room.\",\"code\":\"no_such_room\"}",
           "a problem's text and code replace a half-written body");
    begin_request(CHINESE);
    reply_problem(&req, NO_SUCH_ROOM);
    ok(strstr(body(), "\"code\":\"no_such_room\"") != NULL && strstr(body(), "房间") != NULL,
       "a problem in Chinese has the same code and a Chinese text");
    begin_request(ENGLISH);
    reply_problem(&req, NOT_SIGNED_IN);
    ok(strstr(head(), "\r\nWWW-Authenticate: Bearer\r\n") != NULL, "a 401 names the scheme Bearer");
    begin_request(ENGLISH);
    reply_problem(&req, UNAVAILABLE);
    ok(strstr(head(), "Retry-After: 1\r\n") != NULL, "a 503 has Retry-After");
}

static bool
problem_text_is_complete(const struct problem_text *text)
{
    return text->status >= 400 && text->status < 600 && status_reason(text->status)[0] != '\0' &&
           text->en != NULL && text->zh != NULL && strcmp(text->en, text->zh) != 0 &&
           text->code != NULL &&
           text->code[strspn(text->code, "abcdefghijklmnopqrstuvwxyz_")] == '\0';
}

static void
test_problem_texts(void)
{
    bool unique = true, complete = true;

    for (int p = BAD_REQUEST; p <= DEADLINE_EXCEEDED; p++) {
        const struct problem_text *text = problem_text((enum problem)p);

        complete = complete && problem_text_is_complete(text);
        for (int other = BAD_REQUEST; other < p && complete; other++) {
            unique = unique && strcmp(problem_text((enum problem)other)->code, text->code) != 0;
        }
    }
    ok(complete,
       "every problem has an error status with a phrase, a code in lower case, two texts");
    ok(unique, "no two problems have the same code");
}

/* Begins a request from `origin` while CORS_ORIGINS is `allowed`. */
static void
begin_cross_origin(const char *allowed, const char *origin)
{
    settings.cors_origins = allowed;
    begin_request(ENGLISH);
    req.origin = origin;
}

static void
test_origins(void)
{
    static const struct {
        const char *list, *origin;
        bool allowed;
        const char *promise;
    } samples[] = {
        {"https://a.example", "https://a.example", true, "a listed origin is allowed"},
        {"http://b:1, https://a.example", "https://a.example", true,
         "the last of two listed origins is allowed, after a comma and a space"},
        {"http://b:1,https://a.example", "http://b:1", true,
         "the first of two listed origins is allowed"},
        {"*", "https://any.example", true, "the list * allows every origin"},
        {"https://a.example", "https://a.example.evil", false,
         "an origin that starts like a listed one is not allowed"},
        {"https://a.example", "https://a.exampl", false,
         "the beginning of a listed origin is not allowed"},
        {"https://a.example", "https://A.example", false,
         "a listed origin in another case, which no browser sends, is not allowed"},
        {"https://a.example", "http://a.example", false,
         "a listed origin with another scheme is not allowed"},
        {"https://a.example", "null", false,
         "the origin null, of a page without one, is not allowed"},
        {"http://b:1,https://a.example", "http://b:1,https://a.example", false,
         "the list itself is not allowed as an origin"},
        {"", "https://a.example", false, "an empty list allows no origin"},
    };

    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        char line[100];

        begin_cross_origin(samples[i].list, samples[i].origin);
        cors_allow(&req);
        (void)snprintf(line, sizeof(line), "Access-Control-Allow-Origin: %s\r\n",
                       samples[i].origin);
        ok((strstr(head(), line) != NULL) == samples[i].allowed &&
               (strstr(head(), "Access-Control") != NULL) == samples[i].allowed,
           samples[i].promise);
    }
    is_str(head(), "", "an empty list adds no header line");
}

static void
test_preflight(void)
{
    begin_cross_origin("https://a.example", NULL);
    cors_allow(&req);
    is_str(head(), "Vary: Origin\r\n", "a list of origins makes caches keep replies by origin");
    cors_preflight(&req, "GET");
    is_str(head(), "Vary: Origin\r\n", "a preflight without an origin adds no header line");
    begin_cross_origin("https://a.example", "https://a.example");
    cors_preflight(&req, "OPTIONS, GET");
    ok(strstr(head(), "Access-Control-Allow-Methods: OPTIONS, GET\r\n") != NULL &&
           strstr(head(), "Authorization") != NULL &&
           strstr(head(), "Access-Control-Max-Age: ") != NULL,
       "a preflight of an allowed origin names the methods and headers it may use");
    ok(strstr(head(), "Credentials") == NULL, "a preflight never allows cookies");
}

int
main(void)
{
    settings.cors_origins = "";
    test_success();
    test_other_bodies();
    test_problems();
    test_problem_texts();
    test_origins();
    test_preflight();
    buf_free(&resources.head);
    buf_free(&resources.body);
    arena_free(&resources.arena);
    return done_testing();
}
