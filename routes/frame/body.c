/* Reads a request's body and checks its length and media type (RFC 9110 sections 8.3 and 8.6). */
#include "routes/frame/body.h"

#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "routes/frame/reply.h"

/* application/json, whatever parameters follow; its charset can only be UTF-8 (RFC 8259 section 8.1). */
static bool
is_json(const char *media_type)
{
    static const char json[] = "application/json";

    if (media_type == NULL || strncasecmp(media_type, json, sizeof(json) - 1) != 0) {
        return false;
    }
    return strchr("; \t", media_type[sizeof(json) - 1]) != NULL; /* the end of the text, too */
}

/* Content-Length as a number; -1 where it is none, or beyond any body. */
static int64_t
content_length(const struct request *req)
{
    const char *text = request_env(req, "CONTENT_LENGTH");
    int64_t length;

    if (text == NULL || text[0] == '\0') {
        return 0;
    }
    return number_read(&text, &length) && *text == '\0' ? length : -1;
}

bool
body_read(struct request *req, struct body *body)
{
    int64_t length = content_length(req);
    char *at;
    size_t got;

    *body = (struct body){0};
    if (length == 0) {
        return true;
    }
    if (length < 0 || length > BODY_MAX) {
        reply_problem(req, BODY_TOO_LARGE);
        return false;
    }
    if (!is_json(request_env(req, "CONTENT_TYPE"))) {
        reply_problem(req, UNSUPPORTED_MEDIA_TYPE);
        return false;
    }
    at = arena_alloc(req->caller.arena, (size_t)length + 1);
    got = req->read_body == NULL ? 0 : req->read_body(req->body_source, at, (size_t)length);
    if (got != (size_t)length) {
        reply_problem(req, BAD_REQUEST); /* cut short: nobody may act on half a body */
        return false;
    }
    *body = (struct body){at, got};
    return true;
}
