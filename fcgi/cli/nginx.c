/* The pools come from the route table; the rest is fixed text. */
#include "fcgi/cli/nginx.h"

#include <string.h>

#include "base/number.h"
#include "fcgi/cli/nginx_errors.h"
#include "routes/frame/route.h"

enum {
    HTTP2_DIRECTIVE = 1025001, /* the version that brought `http2 on` */
    DOWNLOADS_PER_ADDRESS = 3,
};

int
nginx_version(const char *text)
{
    const char *slash = strrchr(text, '/');

    return number_version(slash != NULL ? slash + 1 : text);
}

int
nginx_installed(void)
{
    /* NOLINTNEXTLINE(cert-env33-c): a fixed command */
    FILE *words = popen("PATH=\"$PATH:/usr/local/sbin:/usr/sbin:/sbin\" nginx -v 2>&1", "r");
    char line[200] = "";

    if (words == NULL) {
        return 0;
    }
    if (fgets(line, sizeof(line), words) == NULL) {
        line[0] = '\0';
    }
    (void)pclose(words);
    return strncmp(line, "nginx version:", 14) == 0 ? nginx_version(line) : 0;
}

/* The path as a regular expression. As in the router, a trailing slash makes no difference. */
static void
nginx_write_pattern(const char *path, FILE *out)
{
    for (const char *at = path; *at != '\0'; at++) {
        if (*at == '{') {
            (void)fputs("[^/]+", out);
            at = strchr(at, '}');
        } else {
            (void)fprintf(out, *at == '.' ? "\\%c" : "%c", *at);
        }
    }
    (void)fputs("/?$", out);
}

/*
 * "POST /api/users" as a literal, with and without a slash at its end, or as a regular expression
 * if the path has parameters.
 */
static void
nginx_write_pool_line(const struct route *route, FILE *out)
{
    const char *method = method_name(route->method);
    const char *path = route->path;

    if (strchr(path, '{') == NULL) {
        (void)fprintf(out, "    \"%s %s\" fastchat_cpu;\n    \"%s %s/\" fastchat_cpu;\n", method,
                      path, method, path);
        return;
    }
    (void)fprintf(out, "    \"~^%s ", method);
    nginx_write_pattern(path, out);
    (void)fputs("\" fastchat_cpu;\n", out);
}

static void
nginx_write_maps(const struct router *router, FILE *out)
{
    (void)fputs("# The method that counts: a POST may name another one.\n"
                "map \"$request_method $http_x_http_method_override\" $fastchat_method {\n"
                "    default $request_method;\n"
                "    \"~^POST (?<fastchat_override>PUT|PATCH|DELETE)$\" $fastchat_override;\n"
                "}\n\n"
                "# The pool of each route that is not fast I/O.\n"
                "map \"$fastchat_method $uri\" $fastchat_pool {\n"
                "    default fastchat_api;\n",
                out);
    for (const struct route *const *at = router_all(router); *at != NULL; at++) {
        if ((*at)->runs == CPU) {
            nginx_write_pool_line(*at, out);
        }
    }
    (void)fputs("}\n\n", out);
}

/*
 * Counters of the requests that are under way. An address is what one host usually has: an IPv4
 * address (also as an IPv6 one, which begins with zeros), or the /64 of an IPv6 address. An entry
 * exists only while it counts something: 10 MB suffice for 160,000 addresses at once. If a zone
 * were full, nginx would refuse everybody.
 */
static void
nginx_write_zones(FILE *out)
{
    (void)fputs("# The address that limits count for: of IPv6, the first 64 bits.\n"
                "map $binary_remote_addr $fastchat_address {\n"
                "    default $binary_remote_addr;\n"
                "    \"~(?s)^(?!\\x00{8})(?<fastchat_network>.{8}).{8}\\z\" $fastchat_network;\n"
                "}\n"
                "limit_conn_zone $fastchat_address zone=fastchat_held:10m;\n"
                "limit_conn_zone $fastchat_address zone=fastchat_requests:10m;\n"
                "limit_conn_zone $fastchat_address zone=fastchat_downloads:10m;\n"
                "limit_conn_zone \"all\" zone=fastchat_downloads_of_all:1m;\n\n",
                out);
}

/* A location with a limit of its own inherits none, so it gets this one, too. */
static void
nginx_write_request_limit(const struct nginx_options *o, const char *indent, FILE *out)
{
    if (o->per_address > 0) {
        (void)fprintf(out, "%slimit_conn fastchat_requests %d;\n", indent, o->per_address);
    }
}

/*
 * The socket is listed twice and never marked down, so that an idempotent request whose process
 * died is tried once more. nginx itself closes each kept connection after keepalive_time, between
 * two requests; a worker that must end waits for that, since closing a connection could cut off a
 * request that is on its way.
 *
 * From 1.29.7 on nginx keeps upstream connections by default. `keepalive 0` would turn that off,
 * but 1.22 refuses it; one connection that is closed after its first request has the same effect on
 * all versions.
 */
#define NOT_KEPT "    keepalive 1;\n    keepalive_requests 1;\n"

static void
nginx_write_upstreams(const struct nginx_options *o, FILE *out)
{
    (void)fprintf(
        out,
        "\nupstream fastchat_api {\n"
        "    server unix:%s/api.sock max_fails=0;\n"
        "    server unix:%s/api.sock max_fails=0;\n"
        "    keepalive 32;\n"
        "    keepalive_timeout 5s;\n"
        "    keepalive_time 2s;\n"
        "}\n\n"
        "# Held requests. Where the event loop does not run, the other pool answers at once.\n"
        "upstream fastchat_events {\n"
        "    server unix:%s/events.sock max_fails=0;\n"
        "    server unix:%s/api.sock max_fails=0 backup;\n" NOT_KEPT "}\n\n"
        "# One fair queue: connections are not kept.\n"
        "upstream fastchat_cpu {\n"
        "    server unix:%s/cpu.sock max_fails=0;\n"
        "    server unix:%s/cpu.sock max_fails=0;\n" NOT_KEPT "}\n\n",
        o->sockets, o->sockets, o->sockets, o->sockets, o->sockets, o->sockets);
}

static void
nginx_write_redirect(const struct nginx_options *o, FILE *out)
{
    const char *colon = strrchr(o->listen, ':');
    const char *port = colon == NULL ? o->listen : colon + 1;
    bool usual = strcmp(port, "443") == 0;

    (void)fprintf(out,
                  "server {\n"
                  "    listen %s;\n"
                  "    server_name %s;\n"
                  "    return 308 https://%s%s%s$request_uri;\n"
                  "}\n\n",
                  o->redirect, o->tls, o->tls, usual ? "" : ":", usual ? "" : port);
}

/*
 * Connections that wait to be accepted. Beyond nginx's own 511 they are tried again after 1, 3 and
 * 7 s, which everybody who reconnects at once would have to wait. The system's limit
 * (net.core.somaxconn) is 4096 by default.
 */
#define BACKLOG " backlog=4096"

/* Mozilla's "intermediate" set: TLS 1.2 with forward secrecy, and TLS 1.3. */
static void
nginx_write_tls(const struct nginx_options *o, FILE *out)
{
    bool own_line = o->version >= HTTP2_DIRECTIVE; /* a parameter of listen before */

    (void)fprintf(out,
                  "    listen %s ssl%s" BACKLOG ";\n%s"
                  "    server_name %s;\n"
                  "    ssl_certificate \"%s\";\n"
                  "    ssl_certificate_key \"%s\";\n"
                  "    ssl_protocols TLSv1.2 TLSv1.3;\n"
                  "    ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                  "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                  "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;\n"
                  "    ssl_prefer_server_ciphers off;\n"
                  "    ssl_session_cache shared:fastchat:1m;\n"
                  "    ssl_session_timeout 1d;\n"
                  "    ssl_session_tickets off;\n",
                  o->listen, own_line ? "" : " http2", own_line ? "    http2 on;\n" : "", o->tls,
                  o->certificate, o->key);
}

/* add_header in an inner block replaces those of the outer block, so each block has all of them. */
static void
nginx_write_page_headers(const struct nginx_options *o, const char *cache, FILE *out)
{
    (void)fprintf(
        out,
        "        add_header Cache-Control \"%s\";\n"
        "        add_header X-Content-Type-Options nosniff;\n"
        "        add_header Referrer-Policy same-origin;\n"
        "        add_header Permissions-Policy \"camera=(), microphone=(), geolocation=()\";\n"
        "        add_header Content-Security-Policy \"default-src 'self'; style-src 'self' "
        "'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'\";\n",
        cache);
    if (o->tls != NULL) {
        (void)fputs("        add_header Strict-Transport-Security \"max-age=31536000\";\n", out);
    }
}

static void
nginx_write_params(FILE *out)
{
    (void)fputs("        fastcgi_next_upstream error timeout;\n"
                "        fastcgi_next_upstream_tries 2;\n"
                "        fastcgi_connect_timeout 2s;\n"
                "        fastcgi_send_timeout 15s;\n"
                "        fastcgi_param REQUEST_METHOD $request_method;\n"
                "        fastcgi_param REQUEST_URI $request_uri;\n"
                "        fastcgi_param CONTENT_TYPE $content_type;\n"
                "        fastcgi_param CONTENT_LENGTH $content_length;\n"
                "        fastcgi_param REMOTE_ADDR $remote_addr;\n"
                "        fastcgi_param REQUEST_MSEC $msec;\n"
                "        fastcgi_param HTTP_PROXY \"\";\n"
                "    }\n\n",
                out);
}

/*
 * nginx keeps a buffer of this size for each held request, of which a stream may last for days. The
 * head of a reply has to fit in: it is less than 1 KB. A long poll may bring pages of 256 KB.
 */
#define STREAM_BUFFER "2k"
#define POLL_BUFFER "8k"

/*
 * A path whose reply may be held. Nothing is buffered, and the event loop notices at once that a
 * client has gone, since nginx then closes the connection (fastcgi_ignore_client_abort is off).
 * Something is sent at least every 50 s (EVENTS_HEARTBEAT_SECONDS).
 */
static void
nginx_write_held_location(const struct nginx_options *o, const struct route *route, FILE *out)
{
    (void)fputs("    location ~ ^", out);
    nginx_write_pattern(route->path, out);
    (void)fputs(" {\n", out);
    nginx_write_api_headers(o, out);
    if (o->held_per_address > 0) {
        (void)fprintf(out, "        limit_conn fastchat_held %d;\n", o->held_per_address);
        nginx_write_request_limit(o, "        ", out);
    }
    (void)fputs("        fastcgi_pass fastchat_events;\n"
                "        fastcgi_keep_conn off;\n"
                "        fastcgi_buffering off;\n"
                "        fastcgi_ignore_client_abort off;\n"
                "        fastcgi_read_timeout 120s;\n"
                "        send_timeout 120s;\n"
                "        gzip off;\n",
                out);
    (void)fprintf(out, "        fastcgi_buffer_size %s;\n",
                  route->method == GET ? STREAM_BUFFER : POLL_BUFFER);
    nginx_write_params(out);
}

/*
 * A path whose reply may be larger than memory. nginx takes it from the worker as fast as it can be
 * read, so that a client that reads slowly holds no thread, and keeps the rest on its disk. The
 * space for that is bounded: DOWNLOAD_FILE_MAX times the number of downloads at once. If a file is
 * larger, its worker waits for the client, but not for longer than WRITE_SECONDS (worker.c).
 */
#define DOWNLOAD_FILE_MAX "1024m"

static void
nginx_write_download_location(const struct nginx_options *o, const char *path, FILE *out)
{
    (void)fputs("    location ~ ^", out);
    nginx_write_pattern(path, out);
    (void)fputs(" {\n", out);
    nginx_write_api_headers(o, out);
    (void)fprintf(out,
                  "        limit_conn fastchat_downloads %d;\n"
                  "        limit_conn fastchat_downloads_of_all %d;\n",
                  DOWNLOADS_PER_ADDRESS, o->downloads);
    nginx_write_request_limit(o, "        ", out);
    (void)fputs("        fastcgi_pass fastchat_api;\n"
                "        fastcgi_keep_conn on;\n"
                "        fastcgi_max_temp_file_size " DOWNLOAD_FILE_MAX ";\n"
                "        fastcgi_read_timeout 30s;\n"
                "        fastcgi_buffer_size 16k;\n"
                "        fastcgi_buffers 8 16k;\n",
                out);
    nginx_write_params(out);
}

static void
nginx_write_api_locations(const struct router *router, const struct nginx_options *o, FILE *out)
{
    for (const struct route *const *at = router_all(router); *at != NULL; at++) {
        if ((*at)->runs == SLOW_IO) {
            nginx_write_held_location(o, *at, out);
        } else if ((*at)->download) {
            nginx_write_download_location(o, (*at)->path, out);
        }
    }
    (void)fputs("    location ~ ^/(api(/|$)|openapi\\.json$) {\n", out);
    nginx_write_api_headers(o, out);
    (void)fputs("        fastcgi_pass $fastchat_pool;\n"
                "        fastcgi_keep_conn on;\n"
                "        fastcgi_max_temp_file_size 64m;\n"
                "        fastcgi_read_timeout 30s;\n"
                "        fastcgi_buffer_size 16k;\n"
                "        fastcgi_buffers 8 16k;\n",
                out);
    nginx_write_params(out);
}

/* How long a client may take, which holds a connection and costs it nothing. */
static void
nginx_write_timeouts(FILE *out)
{
    (void)fputs("    client_header_timeout 15s;\n"
                "    client_body_timeout 15s;\n"
                "    send_timeout 30s;\n"
                "    keepalive_timeout 30s;\n"
                "    lingering_time 10s;\n"
                "    reset_timedout_connection on;\n"
                "    limit_conn_status 429;\n"
                "    limit_conn_log_level notice;\n",
                out);
}

static void
nginx_write_server(const struct router *router, const struct nginx_options *o, FILE *out)
{
    (void)fputs("server {\n", out);
    if (o->tls != NULL) {
        nginx_write_tls(o, out);
    } else {
        (void)fprintf(out, "    listen %s" BACKLOG ";\n", o->listen);
    }
    (void)fprintf(out,
                  "    root \"%s\";\n"
                  "    server_tokens off;\n"
                  "    charset utf-8;\n"
                  "    client_max_body_size 1m;\n"
                  "    large_client_header_buffers 4 8k;\n"
                  "    gzip on;\n"
                  "    gzip_vary on;\n"
                  "    gzip_proxied any;\n"
                  "    gzip_min_length 1024;\n"
                  "    gzip_types text/css application/javascript application/json image/svg+xml "
                  "application/manifest+json;\n",
                  o->root);
    nginx_write_timeouts(out);
    nginx_write_request_limit(o, "    ", out);
    (void)fputs("\n", out);
    nginx_write_error_pages(out);
    nginx_write_api_locations(router, o, out);
    (void)fputs("    location /assets/ {\n", out);
    nginx_write_page_headers(o, "public, max-age=31536000, immutable", out);
    (void)fputs("    }\n\n    location / {\n        try_files $uri /index.html =404;\n", out);
    nginx_write_page_headers(o, "no-cache", out);
    (void)fputs("    }\n", out);
    nginx_write_error_locations(o, out);
    (void)fputs("}\n", out);
}

/* Whether a text cannot end a word or a quoted string of the configuration. */
static bool
nginx_is_safe(const char *option, const char *value)
{
    if (value != NULL && (value[0] == '\0' || strpbrk(value, "\"';{}$\\\n\r\t#") != NULL)) {
        (void)fprintf(stderr, "fastchat nginx: %s: \"%s\" cannot stand in nginx's configuration\n",
                      option, value);
        return false;
    }
    return true;
}

/* The same for a word without quotes. */
static bool
nginx_is_safe_word(const char *option, const char *value)
{
    if (value != NULL && strchr(value, ' ') != NULL) {
        (void)fprintf(stderr, "fastchat nginx: %s: \"%s\" is not one word\n", option, value);
        return false;
    }
    return nginx_is_safe(option, value);
}

bool
nginx_write(const struct router *router, const struct nginx_options *o, FILE *out)
{
    if (!nginx_is_safe_word("--listen", o->listen) || !nginx_is_safe("--root", o->root) ||
        !nginx_is_safe_word("--sockets", o->sockets) || !nginx_is_safe_word("--tls", o->tls) ||
        !nginx_is_safe("--cert", o->certificate) || !nginx_is_safe("--key", o->key) ||
        !nginx_is_safe_word("--redirect", o->redirect)) {
        return false;
    }
    (void)fputs("# Printed by `fastchat nginx` from the route table, for nginx's http {}. Print it "
                "again after each upgrade.\n\n",
                out);
    nginx_write_maps(router, out);
    nginx_write_zones(out);
    nginx_write_error_maps(o, out);
    nginx_write_upstreams(o, out);
    if (o->tls != NULL) {
        nginx_write_redirect(o, out);
    }
    nginx_write_server(router, o, out);
    return true;
}
