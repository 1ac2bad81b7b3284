/* nginx's configuration: the pool of each route, and no option that breaks out of its place. */
#include "fcgi/cli/nginx.h"

#include <stdlib.h>
#include <string.h>

#include "routes/frame/route.h"
#include "t/unit/tap.h"

struct in {
    int64_t id;
};

static const struct shape in_shape = SHAPE("In", struct in, PATH_ID(struct in, id));
static const struct route table[] = {
    {.method = GET, .path = "/api/fast", .runs = FAST_IO},
    {.method = POST, .path = "/api/slow", .runs = CPU},
    {.method = GET, .path = "/api/held", .runs = SLOW_IO},
    {.method = GET, .path = "/api/large/{id}", .in = &in_shape, .download = true},
    {.method = PUT, .path = "/api/slow.d/{id}/x", .runs = CPU, .in = &in_shape},
    ROUTES_END,
};

static struct router *router;
static char text[64 * 1024];

/* Returns the configuration for those options; NULL if they are refused. */
static const char *
written(const struct nginx_options *options)
{
    FILE *out = tmpfile();
    bool good = out != NULL && nginx_write(router, options, out);
    size_t len = 0;

    if (out != NULL) {
        rewind(out);
        len = fread(text, 1, sizeof(text) - 1, out);
        (void)fclose(out);
    }
    text[len] = '\0';
    return good ? text : NULL;
}

static bool
has(const char *part)
{
    return strstr(text, part) != NULL;
}

/* Are all braces closed, and does every line end with a brace or a semicolon? */
static bool
is_well_formed(void)
{
    int depth = 0;
    bool good = true;

    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
        size_t len = strcspn(line, "\n");

        if (len == 0 || line[strspn(line, " ")] == '#') {
            continue;
        }
        depth += line[len - 1] == '{';
        depth -= line[len - 1] == '}';
        good = good && depth >= 0 && strchr("{};", line[len - 1]) != NULL;
    }
    return good && depth == 0;
}

static void
test_plain(void)
{
    const struct nginx_options plain = {
        .listen = "127.0.0.1:8000", .root = "/srv/the web", .sockets = "/run/fastchat"};

    ok(written(&plain) != NULL, "a configuration is written");
    ok(is_well_formed(), "a plain configuration is well-formed");
    ok(has("    \"POST /api/slow\" fastchat_cpu;\n"), "a CPU-bound route goes to the cpu pool");
    ok(has("    \"POST /api/slow/\" fastchat_cpu;\n"),
       "a path with a trailing slash goes to the same pool");
    ok(has("    \"~^PUT /api/slow\\.d/[^/]+/x/?$\" fastchat_cpu;\n"),
       "a path with a parameter becomes a regular expression");
    ok(!has("/api/fast"), "a fast route is not listed");
    ok(has("    default fastchat_api;\n"), "the default is the api pool");
    ok(has("    listen 127.0.0.1:8000 backlog=4096;\n") && has("root \"/srv/the web\";\n") &&
           has("server unix:/run/fastchat/api.sock max_fails=0;\n"),
       "the options are written");
    ok(!has("ssl") && !has("return 308"), "without --tls there is no TLS");
    ok(has("HTTP_PROXY \"\""), "a client's Proxy header is dropped");
    ok(has("fastcgi_next_upstream error timeout;") && !has("non_idempotent"),
       "a POST is never sent twice");
    ok(has("client_max_body_size 1m;"), "the body limit equals the server's");
    ok(has("\"code\":\"body_too_large\"") && has("\"code\":\"uri_too_long\""),
       "nginx's own errors have our form");
}

/* Is the text between the beginning of the location and its end? */
static bool
location_has(const char *begin, const char *part)
{
    const char *location = strstr(text, begin), *end = NULL, *found = NULL;

    if (location != NULL) {
        end = strstr(location, "\n    }\n");
        found = strstr(location, part);
    }
    return found != NULL && end != NULL && found < end;
}

static void
test_limits(void)
{
    struct nginx_options o = {.listen = "8000",
                              .root = "/srv/web",
                              .sockets = "/run/fastchat",
                              .held_per_address = 7,
                              .per_address = 90,
                              .downloads = 5};
    static const char held[] = "    location ~ ^/api/held/?$ {\n";
    static const char large[] = "    location ~ ^/api/large/[^/]+/?$ {\n";

    ok(written(&o) != NULL && is_well_formed(), "a configuration with limits is well-formed");
    ok(has("\n    limit_conn fastchat_requests 90;\n"), "an address has a limit of requests");
    ok(location_has(held, "limit_conn fastchat_held 7;\n") &&
           location_has(held, "limit_conn fastchat_requests 90;\n"),
       "an address has a limit of held requests");
    ok(location_has(large, "limit_conn fastchat_downloads 3;\n") &&
           location_has(large, "limit_conn fastchat_downloads_of_all 5;\n") &&
           location_has(large, "fastcgi_max_temp_file_size 1024m;\n"),
       "downloads have a limit, for each address and together, and their files, too");
    ok(has("limit_conn_status 429;\n") && has("\"code\":\"too_many_connections\""),
       "a request beyond a limit is answered in our form");
    o.held_per_address = o.per_address = 0;
    ok(written(&o) != NULL && !has("limit_conn fastchat_held") && !has("fastchat_requests 0"),
       "a limit of 0 is none");
}

static void
test_tls(void)
{
    struct nginx_options o = {.listen = "443",
                              .root = "/srv/web",
                              .sockets = "/run/fastchat",
                              .tls = "chat.example.com",
                              .certificate = "/etc/ssl/a.pem",
                              .key = "/etc/ssl/a.key",
                              .redirect = "80"};

    ok(written(&o) != NULL && is_well_formed(),
       "a configuration with TLS is written and well-formed");
    ok(has("    listen 443 ssl http2 backlog=4096;\n") &&
           has("ssl_certificate_key \"/etc/ssl/a.key\";\n"),
       "the certificate's key is named");
    ok(has("return 308 https://chat.example.com$request_uri;\n"), "plain HTTP is redirected");
    ok(has("Strict-Transport-Security"), "browsers are told to keep to HTTPS");
    o.listen = "0.0.0.0:8443";
    ok(written(&o) != NULL && has("return 308 https://chat.example.com:8443$request_uri;\n"),
       "a redirect names a port other than 443");
}

static void
test_origins(void)
{
    struct nginx_options o = {.listen = "8000", .root = "/srv/web", .sockets = "/run/fastchat"};

    ok(written(&o) != NULL && has("    \"\" \"\";\n") && !has("$http_origin;\n"),
       "without CORS_ORIGINS no page may read nginx's errors");
    o.cors_origins = ", https://chat.example,, http://[::1]:5173 ";
    ok(written(&o) != NULL && is_well_formed() &&
           has("    \"~^\\Qhttps://chat.example\\E$\" $http_origin;\n") &&
           has("    \"~^\\Qhttp://[::1]:5173\\E$\" $http_origin;\n"),
       "an origin of CORS_ORIGINS matches as a whole, and only by its own characters");
    o.cors_origins = "*";
    ok(written(&o) != NULL && has("    \"~^[!-~]+$\" $http_origin;\n"), "* matches every origin");
    ok(has("    error_page 431 494 = /_fastchat/$fastchat_refused_early/431;\n") &&
           location_has("    location = /_fastchat/call/413 {\n", "client_max_body_size 0;\n") &&
           location_has("    location = /_fastchat/call/502 {\n",
                        "add_header Access-Control-Allow-Origin $fastchat_origin always;\n") &&
           location_has("    location = /_fastchat/call/400 {\n",
                        "add_header Access-Control-Allow-Origin $fastchat_early_origin always;\n"),
       "each error has its location, with the origins that may read it");
}

static void
test_options(void)
{
    static const char *const bad[] = {
        "",    "a;b",  "a\"b", "a'b",  "a{b", "a}b",
        "a$b", "a\\b", "a\nb", "a\tb", "a#b", "8000; include /etc/passwd",
    };
    bool refused = true;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        for (int which = 0; which < 7; which++) {
            const char *values[] = {"8000", "/web", "/run", "host", "/c", "/k", "80"};

            values[which] = bad[i];
            if (written(&(struct nginx_options){.listen = values[0],
                                                .root = values[1],
                                                .sockets = values[2],
                                                .tls = values[3],
                                                .certificate = values[4],
                                                .key = values[5],
                                                .redirect = values[6]}) != NULL) {
                diag("accepted: \"%s\" as option %d", bad[i], which);
                refused = false;
            }
            refused = refused && text[0] == '\0';
        }
    }
    ok(refused, "a value that could break out of its place is refused, and nothing is written");
    ok(written(&(struct nginx_options){.listen = "80", .root = "/w", .sockets = "/my run"}) == NULL,
       "a blank in an unquoted path is refused");
    ok(written(&(struct nginx_options){
           .listen = "80 default_server", .root = "/w", .sockets = "/run"}) == NULL,
       "a second parameter in an option is refused");
}

/* Whether the table of problems has an error of nginx's own. */
static bool
is_a_problem(int status, const char *code, size_t len)
{
    for (int p = PROBLEM_END + 1; p < PROBLEMS; p++) {
        const struct problem_text *problem = problem_text((enum problem)p);

        if (problem->status == status && strlen(problem->code) == len &&
            strncmp(problem->code, code, len) == 0) {
            return true;
        }
    }
    return false;
}

static void
test_errors(void)
{
    static const char map[] = " $fastchat_error_", member[] = "\"code\":\"";
    const char *at;
    int count = 0;
    bool known = true;

    (void)written(&(struct nginx_options){.listen = "80", .root = "/w", .sockets = "/run"});
    for (at = strstr(text, map); at != NULL; at = strstr(at + 1, map)) {
        int status = (int)strtol(at + sizeof(map) - 1, NULL, 10);
        const char *code = strstr(at, member);

        if (strncmp(at + sizeof(map) + 2, " {", 2) == 0 && code != NULL) {
            code += sizeof(member) - 1;
            known = known && is_a_problem(status, code, strcspn(code, "\""));
            count++;
        }
    }
    ok(count >= 8, "nginx has a text for each of its own errors");
    ok(known, "every error of nginx's own is a problem, so that the document has it");
}

int
main(void)
{
    router = router_new();
    if (!ok(router_add(router, &(struct route_group){.routes = table}),
            "the route table is valid")) {
        return done_testing();
    }
    test_plain();
    test_limits();
    test_tls();
    test_origins();
    test_options();
    test_errors();
    router_free(router);
    return done_testing();
}
