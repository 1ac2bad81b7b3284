/*
 * Only entity tags are compared. Replies have no Last-Modified, so conditions on dates are ignored,
 * as RFC 9110 wants it where a date is not known (13.1.3, 13.1.4), and a date in If-Range never
 * matches.
 */
#include "routes/frame/http/conditional.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "routes/frame/http/etag.h"
#include "routes/frame/reply.h"

/* Reads a row of digits; INT64_MAX if it is larger than that. Returns false without a digit. */
static bool
position_read(const char **at, int64_t *position)
{
    const char *begin = *at;

    *position = 0;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        int digit = **at - '0';

        *position = *position > (INT64_MAX - digit) / 10 ? INT64_MAX : *position * 10 + digit;
    }
    return *at > begin;
}

/* The last `length` bytes. */
static enum range_kind
range_of_suffix(int64_t length, int64_t size, struct byte_range *range)
{
    if (length == 0 || size == 0) {
        return RANGE_NOT_IN_CONTENT;
    }
    length = length < size ? length : size;
    *range = (struct byte_range){size - length, length};
    return RANGE_PART;
}

enum range_kind
range_read(const char *text, int64_t size, struct byte_range *range)
{
    static const char unit[] = "bytes=";
    int64_t first, last;
    bool has_first, has_last;

    *range = (struct byte_range){0, size};
    if (strncasecmp(text, unit, sizeof(unit) - 1) != 0) {
        return RANGE_WHOLE;
    }
    text += sizeof(unit) - 1;
    text += strspn(text, " \t");
    has_first = position_read(&text, &first);
    if (*text != '-') {
        return RANGE_WHOLE;
    }
    text++;
    has_last = position_read(&text, &last);
    text += strspn(text, " \t");
    if (*text != '\0' || (!has_first && !has_last) || (has_first && has_last && last < first)) {
        return RANGE_WHOLE;
    }
    if (!has_first) {
        return range_of_suffix(last, size, range);
    }
    if (first >= size) {
        return RANGE_NOT_IN_CONTENT;
    }
    last = has_last && last < size ? last : size - 1;
    *range = (struct byte_range){first, last - first + 1};
    return RANGE_PART;
}

bool
conditional_admit(struct request *req, const char *etag)
{
    const char *match = request_env(req, "HTTP_IF_MATCH");
    const char *none_match = request_env(req, "HTTP_IF_NONE_MATCH");

    reply_header(req, "ETag", etag);
    if (match != NULL && !etag_is_listed_strongly(etag, match)) {
        reply_problem(req, PRECONDITION_FAILED);
        return false;
    }
    if (none_match != NULL && etag_is_listed(etag, none_match)) {
        reply_not_modified(req);
        return false;
    }
    return true;
}

/* May a part be sent? If-Range: only of the content that the client has a part of already. */
static bool
range_applies(const struct request *req, const char *etag)
{
    const char *condition = request_env(req, "HTTP_IF_RANGE");

    return strcmp(req->method, "GET") == 0 && (condition == NULL || strcmp(condition, etag) == 0);
}

bool
conditional_range(struct request *req, const char *etag, int64_t size, struct byte_range *range,
                  int *status)
{
    const char *text = request_env(req, "HTTP_RANGE");
    enum range_kind kind = RANGE_WHOLE;
    struct arena *a = req->caller.arena;

    *range = (struct byte_range){0, size};
    *status = 200;
    reply_header(req, "Accept-Ranges", "bytes");
    if (text != NULL && range_applies(req, etag)) {
        kind = range_read(text, size, range);
    }
    if (kind == RANGE_NOT_IN_CONTENT) {
        reply_header(req, "Content-Range", arena_printf(a, "bytes */%" PRId64, size));
        reply_problem(req, RANGE_NOT_SATISFIABLE);
        return false;
    }
    if (kind == RANGE_PART) {
        *status = 206;
        reply_header(req, "Content-Range",
                     arena_printf(a, "bytes %" PRId64 "-%" PRId64 "/%" PRId64, range->first,
                                  range->first + range->length - 1, size));
    }
    return true;
}
