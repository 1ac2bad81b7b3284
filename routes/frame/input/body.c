/* Checks a body's length and media type before reading it (RFC 9110, 8.6 and 8.3). */
#include "routes/frame/input/body.h"

#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "routes/frame/reply.h"

/*
 * Accepts application/json with any parameters: a charset parameter has no meaning, since JSON is
 * always UTF-8 (RFC 8259, 8.1 and 11).
 */
static bool
media_type_is_json(const char *media_type)
{
    static const char json[] = "application/json";

    if (media_type == NULL || strncasecmp(media_type, json, sizeof(json) - 1) != 0) {
        return false;
    }
    return strchr("; \t", media_type[sizeof(json) - 1]) != NULL; /* '\0' is found, too */
}

/* Is the body compressed? "identity" names no coding (RFC 9110, 8.4.1 and 12.5.3). */
static bool
body_is_encoded(const struct request *req)
{
    const char *coding = request_env(req, "HTTP_CONTENT_ENCODING");

    return coding != NULL && coding[0] != '\0' && strcasecmp(coding, "identity") != 0;
}

/*
 * Reads Content-Length: 0 if it is absent or empty, INT64_MAX if it is too large for int64_t.
 * Returns false if it is not a row of digits.
 */
static bool
content_length_read(const struct request *req, int64_t *length)
{
    const char *text = request_env(req, "CONTENT_LENGTH");

    *length = 0;
    if (text == NULL || text[0] == '\0') {
        return true;
    }
    if (text[0] == '-' || !number_is_integer(text)) {
        return false;
    }
    if (!number_read(&text, length)) {
        *length = INT64_MAX;
    }
    return true;
}

bool
body_read(struct request *req, size_t max, struct body *body)
{
    int64_t length;
    char *at;
    size_t got;

    *body = (struct body){0};
    if (!content_length_read(req, &length)) {
        reply_problem(req, BAD_REQUEST);
        return false;
    }
    if (length == 0) {
        return true;
    }
    if ((uint64_t)length > max) {
        reply_body_too_large(req, max);
        return false;
    }
    if (!media_type_is_json(request_env(req, "CONTENT_TYPE"))) {
        reply_problem(req, UNSUPPORTED_MEDIA_TYPE);
        return false;
    }
    if (body_is_encoded(req)) {
        reply_body_encoded(req);
        return false;
    }
    at = arena_alloc(req->caller.arena, (size_t)length + 1);
    got = req->read_body == NULL ? 0 : req->read_body(req->body_source, at, (size_t)length);
    if (got != (size_t)length) {
        reply_problem(req, BAD_REQUEST); /* no handler may act on half a body */
        return false;
    }
    *body = (struct body){at, got};
    return true;
}
