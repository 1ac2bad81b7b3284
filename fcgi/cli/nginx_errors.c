/*
 * Each error has a location by its path, not a named one: those fail for a request whose address
 * could not be read. error_page makes every request a GET, so its variable, which is read before
 * that, tells a preflight from a call.
 *
 * A preflight (Fetch standard, "CORS-preflight request") succeeds whatever has failed: the browser
 * then sends the call itself, and shows its page the call's status. If the preflight failed, the
 * page could not tell a restart from a dead network.
 */
#include "fcgi/cli/nginx_errors.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "routes/frame/http/cors.h"

static const struct own_error {
    int status;
    int also; /* nginx's own number of another error with the same reply; 0: none */
    const char *code, *en, *zh;
} own_errors[] = {
    /* 497: no TLS on a port for TLS. */
    {400, 497, "bad_request", "The request cannot be read.", "无法读取该请求。"},
    /* 403: a folder. */
    {404, 403, "not_found", "There is nothing at this address.", "该地址不存在。"},
    {405, 0, "method_not_allowed", "This address does not support that method.",
     "这个地址不支持该请求方法。"},
    {413, 0, "body_too_large", "The body is larger than 1 MiB.", "请求体超过 1 MiB。"},
    {414, 0, "uri_too_long", "The address is too long.", "请求地址过长。"},
    {429, 0, "too_many_connections",
     "Too many requests from your network at once; please try again in a moment.",
     "你所在的网络同时发起的请求过多，请稍后再试。"},
    {431, 494, "headers_too_large",
     "The headers of the request are too large; send fewer or "
     "shorter ones.",
     "请求头过大，请减少或缩短请求头。"},
    {500, 0, "internal_error",
     "The server failed to handle this request; the error has been logged.",
     "服务器内部错误，已记入日志。"},
    {501, 0, "not_implemented", "The server does not support this Transfer-Encoding; use chunked.",
     "服务器不支持该 Transfer-Encoding，请使用 chunked。"},
    {502, 0, "unavailable", "The server is restarting; please try again in a moment.",
     "服务正在重启，请稍后再试。"},
    {503, 0, "unavailable", "The server is busy; please try again in a moment.",
     "服务繁忙，请稍后再试。"},
    {504, 0, "deadline_exceeded", "The request took too long; please try again in a moment.",
     "处理超时，请稍后再试。"},
    {505, 0, "http_version_not_supported",
     "The server does not support this version of HTTP; use HTTP/1.1.",
     "服务器不支持该 HTTP 版本，请使用 HTTP/1.1。"},
};

enum { OWN_ERRORS = sizeof(own_errors) / sizeof(own_errors[0]) };

/* May nginx refuse a request with this status before it has read Origin? */
static bool
own_error_comes_early(const struct own_error *e)
{
    return e->status == 400 || e->status == 414 || e->status == 431 || e->status == 505;
}

/* An origin is neither a regular expression nor does it end one (settings_keys.c). */
static void
nginx_write_origin(const char *origin, size_t len, FILE *out)
{
    if (len == 1 && origin[0] == '*') {
        (void)fputs("    \"~^[!-~]+$\" $http_origin;\n", out);
    } else {
        (void)fprintf(out, "    \"~^\\Q%.*s\\E$\" $http_origin;\n", (int)len, origin);
    }
}

/*
 * A request line that cannot be read is refused before any header is read, so whose page it came
 * from is unknown. Its refusal, a fixed text, may then be read by every origin, if CORS_ORIGINS
 * names any.
 */
static void
nginx_write_origins(const char *origins, FILE *out)
{
    bool any = false;

    (void)fputs("# The origin whose page may read nginx's own errors (CORS_ORIGINS).\n"
                "map $http_origin $fastchat_origin {\n"
                "    default \"\";\n",
                out);
    while (*origins != '\0') {
        size_t len = strcspn(origins, ", ");

        if (len > 0) {
            nginx_write_origin(origins, len, out);
            any = true;
        }
        origins += len + (origins[len] != '\0');
    }
    (void)fprintf(out,
                  "}\n"
                  "map $http_origin $fastchat_early_origin {\n"
                  "    default $fastchat_origin;\n"
                  "    \"\" \"%s\";\n"
                  "}\n",
                  any ? "*" : "");
}

/* nginx writes no header line whose value is empty. */
static void
nginx_write_cors_map(const char *name, const char *value, FILE *out)
{
    (void)fprintf(out,
                  "map $fastchat_early_origin $fastchat_%s {\n"
                  "    default \"%s\";\n"
                  "    \"\" \"\";\n"
                  "}\n",
                  name, value);
}

/*
 * Like the frame (negotiate.c), but the first language counts: a map cannot compare weights. No
 * part of the expression can match the same text in two ways: its cost would be exponential.
 */
static void
nginx_write_language_map(FILE *out)
{
    (void)fputs("# Chinese if it is accepted, and stands before English.\n"
                "map $http_accept_language $fastchat_language {\n"
                "    default en;\n"
                "    \"~*^(?:\\s*+(?!en\\b)[^,]*+,)*\\s*+zh\\b"
                "(?![^,]*;\\s*q=0(?:\\.0*)?\\s*(?:,|$))\" zh;\n"
                "}\n",
                out);
}

static void
nginx_write_error_text(const struct own_error *e, struct buf *text, FILE *out)
{
    (void)fprintf(out, "map $fastchat_language $fastchat_error_%d {\n", e->status);
    for (int chinese = 0; chinese < 2; chinese++) {
        buf_clear(text);
        buf_str(text, "{\"detail\":");
        json_text(text, chinese ? e->zh : e->en);
        buf_printf(text, ",\"code\":\"%s\"}", e->code);
        (void)fprintf(out, "    %s '%s';\n", chinese ? "zh" : "default", buf_cstr(text));
    }
    (void)fputs("}\n", out);
}

void
nginx_write_error_maps(const struct nginx_options *o, FILE *out)
{
    struct buf text = {0};

    nginx_write_origins(o->cors_origins != NULL ? o->cors_origins : "", out);
    nginx_write_cors_map("exposed", CORS_EXPOSED, out);
    nginx_write_cors_map("allowed_methods", CORS_METHODS, out);
    nginx_write_cors_map("allowed_headers", CORS_HEADERS, out);
    (void)fputs("# Does the error end a preflight, or the call itself?\n"
                "map \"$request_method $http_origin $http_access_control_request_method\" "
                "$fastchat_refused {\n"
                "    default call;\n"
                "    \"~^OPTIONS [^ ]+ .\" preflight;\n"
                "}\n"
                "map \"$http_origin $request_method $request\" $fastchat_refused_early {\n"
                "    default $fastchat_refused;\n"
                "    \"~^  ?OPTIONS\\b\" preflight;\n"
                "}\n",
                out);
    nginx_write_language_map(out);
    for (size_t i = 0; i < OWN_ERRORS; i++) {
        nginx_write_error_text(&own_errors[i], &text, out);
    }
    buf_free(&text);
}

void
nginx_write_error_pages(FILE *out)
{
    for (size_t i = 0; i < OWN_ERRORS; i++) {
        const struct own_error *e = &own_errors[i];

        (void)fprintf(out, "    error_page %d", e->status);
        if (e->also != 0) {
            (void)fprintf(out, " %d", e->also);
        }
        (void)fprintf(out, " = /_fastchat/$fastchat_refused%s/%d;\n",
                      own_error_comes_early(e) ? "_early" : "", e->status);
    }
    (void)fputs("\n", out);
}

void
nginx_write_api_headers(const struct nginx_options *o, FILE *out)
{
    (void)fputs("        add_header X-Content-Type-Options nosniff always;\n", out);
    if (o->tls != NULL) {
        (void)fputs("        add_header Strict-Transport-Security \"max-age=31536000\" always;\n",
                    out);
    }
}

/* The size of the body is checked again in each location, over HTTP/2: the 413 would then fail. */
static void
nginx_write_error_headers(const struct nginx_options *o, bool early, FILE *out)
{
    (void)fputs("        internal;\n"
                "        client_max_body_size 0;\n"
                "        add_header Cache-Control no-store always;\n"
                "        add_header X-Request-ID $request_id always;\n"
                "        add_header Vary Origin always;\n",
                out);
    (void)fprintf(out, "        add_header Access-Control-Allow-Origin $fastchat_%s always;\n",
                  early ? "early_origin" : "origin");
    nginx_write_api_headers(o, out);
}

static void
nginx_write_error_location(const struct nginx_options *o, const struct own_error *e, FILE *out)
{
    bool passes = e->status == 429 || (e->status >= 502 && e->status <= 504);

    (void)fprintf(out,
                  "\n    location = /_fastchat/call/%d {\n"
                  "        default_type application/json;\n",
                  e->status);
    nginx_write_error_headers(o, own_error_comes_early(e), out);
    (void)fputs("        add_header Access-Control-Expose-Headers $fastchat_exposed always;\n",
                out);
    if (passes) {
        (void)fputs("        add_header Retry-After 1 always;\n", out);
    }
    if (e->status == 405) { /* of a page; a route's own 405 is fastchat's */
        (void)fputs("        add_header Allow \"GET, HEAD\" always;\n", out);
    }
    (void)fprintf(out,
                  "        return %d $fastchat_error_%d;\n"
                  "    }\n",
                  e->status, e->status);
}

void
nginx_write_error_locations(const struct nginx_options *o, FILE *out)
{
    for (size_t i = 0; i < OWN_ERRORS; i++) {
        nginx_write_error_location(o, &own_errors[i], out);
    }
    (void)fputs("\n    location /_fastchat/preflight/ {\n", out);
    nginx_write_error_headers(o, true, out);
    (void)fputs("        add_header Access-Control-Allow-Methods $fastchat_allowed_methods;\n"
                "        add_header Access-Control-Allow-Headers $fastchat_allowed_headers;\n"
                "        return 204;\n"
                "    }\n",
                out);
}
