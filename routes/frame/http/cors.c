/*
 * Origins are compared byte by byte, since browsers send them in one form only: scheme and host in
 * lower case, and the port unless it is the scheme's default.
 */
#include "routes/frame/http/cors.h"

#include <string.h>

#include "routes/frame/reply.h"

/* `list` is separated by commas or spaces; "*" in it matches every origin. */
static bool
origin_is_listed(const char *list, const char *origin)
{
    size_t len = strlen(origin);

    while (*list != '\0') {
        size_t item = strcspn(list, ", ");

        if ((item == len && strncmp(list, origin, len) == 0) || (item == 1 && *list == '*')) {
            return true;
        }
        list += item;
        list += strspn(list, ", ");
    }
    return false;
}

static bool
origin_is_allowed(const struct request *req)
{
    return req->origin != NULL && origin_is_listed(req->settings->cors_origins, req->origin);
}

void
cors_allow(struct request *req)
{
    if (req->settings->cors_origins[0] != '\0') {
        reply_header(req, "Vary", "Origin");
    }
    if (origin_is_allowed(req)) {
        reply_header(req, "Access-Control-Allow-Origin", req->origin);
        reply_header(req, "Access-Control-Expose-Headers", CORS_EXPOSED);
    }
}

bool
cors_is_preflight(const struct request *req)
{
    return req->origin != NULL && strcmp(req->method, "OPTIONS") == 0 &&
           request_env(req, "HTTP_ACCESS_CONTROL_REQUEST_METHOD") != NULL;
}

void
cors_preflight(struct request *req, const char *methods)
{
    if (origin_is_allowed(req)) {
        reply_header(req, "Access-Control-Allow-Methods", methods);
        reply_header(req, "Access-Control-Allow-Headers", CORS_HEADERS);
        reply_header(req, "Access-Control-Max-Age", "600");
    }
}
