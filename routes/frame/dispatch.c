/*
 * The fixed front line: the URL is read, the route found, the caller admitted, the input read; only
 * then does the handler run. A step that replies ends the request.
 */
#include "routes/frame/dispatch.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/test_seams.h"
#include "routes/frame/auth.h"
#include "routes/frame/http/cors.h"
#include "routes/frame/http/url.h"
#include "routes/frame/reply.h"

static const char *const methods[METHODS] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

const char *
method_name(enum method m)
{
    return methods[m];
}

bool
method_read(const char *name, enum method *m)
{
    for (int i = 0; i < METHODS; i++) {
        if (strcmp(name, methods[i]) == 0) {
            *m = (enum method)i;
            return true;
        }
    }
    return false;
}

/* Visible ASCII only: the text is echoed in a header line. */
static bool
is_visible_ascii(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text <= ' ' || *text > '~') {
            return false;
        }
    }
    return true;
}

/* The URI from RFC 3875's own variables: the decoded path after the program's, and the query. */
static const char *
dispatch_cgi_uri(const struct request *req)
{
    const char *path = request_env(req, "PATH_INFO");
    const char *query = request_env(req, "QUERY_STRING");
    struct buf escaped = {0};
    const char *uri;

    if (path == NULL) {
        return NULL;
    }
    url_escape(&escaped, path);
    uri = arena_printf(req->caller.arena, "%s?%s", buf_cstr(&escaped), query == NULL ? "" : query);
    buf_free(&escaped);
    return uri;
}

/*
 * The URI without the path of a CGI program: "/cgi-bin/fastchat.cgi/api/rooms" becomes
 * "/api/rooms". After a rewrite, and with FastCGI, the URI does not contain the program's path.
 * Most web servers pass the URI on, although RFC 3875 does not mention it.
 */
static const char *
dispatch_local_uri(const struct request *req)
{
    const char *uri = request_env(req, "REQUEST_URI");
    const char *script = request_env(req, "SCRIPT_NAME");
    size_t len = script == NULL ? 0 : strlen(script);

    if (uri == NULL || uri[0] == '\0') {
        return dispatch_cgi_uri(req);
    }
    if (len > 0 && strncmp(uri, script, len) == 0 && uri[len] == '/') {
        return uri + len;
    }
    return uri;
}

/*
 * The method that counts. A POST may name one that a client cannot send; any other name is no
 * method of any route. HEAD, above all: the web server would wait for the body of its POST's reply.
 */
static const char *
dispatch_method(const struct request *req)
{
    static const char *const named[] = {"PUT", "PATCH", "DELETE"};
    const char *sent = request_env(req, "REQUEST_METHOD");
    const char *override = request_env(req, "HTTP_X_HTTP_METHOD_OVERRIDE");

    if (sent == NULL || override == NULL || strcmp(sent, "POST") != 0) {
        return sent == NULL ? "" : sent;
    }
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
        if (strcmp(override, named[i]) == 0) {
            return named[i];
        }
    }
    return "";
}

static void
dispatch_read_meta(struct request *req)
{
    const char *uri = dispatch_local_uri(req);
    const char *query = uri == NULL ? NULL : strchr(uri, '?');
    const char *address = request_env(req, "REMOTE_ADDR");
    const char *origin = request_env(req, "HTTP_ORIGIN");

    req->method = dispatch_method(req);
    if (uri != NULL) {
        req->path = query == NULL ? uri
                                  : arena_strndup(req->caller.arena, uri, (size_t)(query - uri));
    }
    req->query = query == NULL ? "" : query + 1;
    req->address = address == NULL ? "" : address;
    req->origin = origin != NULL && is_visible_ascii(origin) ? origin : NULL;
}

/* The methods of a path, as Allow lists them (RFC 9110 section 10.2.1). */
static const char *
dispatch_allowed_methods(struct arena *a, router_methods routes)
{
    const char *list = "OPTIONS";

    if (routes[GET] != NULL) {
        list = "OPTIONS, GET, HEAD";
    }
    for (int m = POST; m < METHODS; m++) {
        if (routes[m] != NULL) {
            list = arena_printf(a, "%s, %s", list, methods[m]);
        }
    }
    return list;
}

/*
 * A path without routes. Its preflight succeeds, so that a page can read the status of its call.
 */
static void
dispatch_refuse_path(struct request *req, enum problem p)
{
    if (cors_is_preflight(req)) {
        cors_preflight(req, CORS_METHODS);
        reply_empty(req);
    } else {
        reply_problem(req, p);
    }
}

/* Sets req->route; returns false after replying. */
static bool
dispatch_match_route(const struct router *router, struct request *req)
{
    struct url_path path;
    router_methods routes;
    enum method m;

    if (!url_path_read(&path, req->path, req->caller.arena)) {
        dispatch_refuse_path(req, BAD_REQUEST);
        return false;
    }
    routes = router_find(router, &path, req->parameters);
    if (routes == NULL) {
        dispatch_refuse_path(req, NOT_FOUND);
        return false;
    }
    if (strcmp(req->method, "OPTIONS") == 0) {
        const char *list = dispatch_allowed_methods(req->caller.arena, routes);

        reply_header(req, "Allow", list);
        cors_preflight(req, list);
        reply_empty(req);
        return false;
    }
    if (!method_read(strcmp(req->method, "HEAD") == 0 ? "GET" : req->method, &m) ||
        routes[m] == NULL) {
        reply_header(req, "Allow", dispatch_allowed_methods(req->caller.arena, routes));
        reply_problem(req, METHOD_NOT_ALLOWED);
        return false;
    }
    req->route = routes[m];
    return true;
}

/*
 * Has a browser sent the request in advance, for a page that may never be opened? (Sec-Purpose:
 * HTML, section 2.4; the other two are what older browsers send.)
 */
static bool
dispatch_is_prefetch(const struct request *req)
{
    static const char *const names[] = {"HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_MOZ"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *purpose = request_env(req, names[i]);

        if (purpose != NULL && strcasestr(purpose, "prefetch") != NULL) {
            return true;
        }
    }
    return false;
}

/*
 * Of a route that has an effect, only a deliberate request is run. Other pages cannot cause one
 * (CSRF): a browser adds no Authorization header of its own accord, and there are no cookies.
 * Returns false after replying.
 */
static bool
dispatch_check_effect(struct request *req)
{
    if (strcmp(req->method, "HEAD") == 0) {
        reply_head(req);
        return false;
    }
    if (dispatch_is_prefetch(req)) {
        reply_problem(req, NO_PREFETCH);
        return false;
    }
    return true;
}

/* One user must not hold every thread. Returns false if the request has to wait. */
static bool
dispatch_take_turn(struct request *req)
{
    req->put_off = req->take_turn != NULL && req->caller.user_id != 0 &&
                   !req->take_turn(req->turn, req->caller.user_id);
    return !req->put_off;
}

static void
dispatch_run_route(const struct router *router, struct request *req)
{
    const void *input = NULL;

    if (!dispatch_match_route(router, req) || !auth_admit(req) || !dispatch_take_turn(req)) {
        return;
    }
    if (req->route->in != NULL) {
        input = shape_read(req->route->in, req);
        if (input == NULL) {
            if (req->status == 0) {
                reply_faults(req);
            }
            return;
        }
    }
    if (!req->route->has_effect || dispatch_check_effect(req)) {
        req->route->handler(req, input);
    }
}

void
dispatch(const struct router *router, struct request *req)
{
    req->began_us = clock_mono_us();
    req->router = router;
    random_request_id(req->id);
    log_set_request(req->id);
    dispatch_read_meta(req);
    db_stats_reset(req->caller.db);
    db_set_deadline(req->caller.db, req->began_us - req->waited_us +
                                        (int64_t)req->settings->request_deadline_ms * 1000);
    cors_allow(req);
    reply_header(req, "X-Request-ID", req->id);
    reply_header(req, "Cache-Control", "no-store");
    dispatch_run_route(router, req);
    test_check_reply(req);
}
