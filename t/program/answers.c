/* The order is that of a reader: whether there is a reply, its head, its body. */
#include "t/program/answers.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "routes/frame/declared.h"
#include "routes/frame/deferred.h"
#include "routes/frame/route.h"
#include "t/program/shape_check.h"

static const char json_media_type[] = "application/json";

/* Appends a fault of the reply as a whole; returns false. */
static bool
answer_fault(struct buf *fault, const char *reason)
{
    buf_str(fault, reason);
    return false;
}

/*
 * The value of a header line in the arena; NULL if there is none. *count: how many there are.
 */
static const char *
head_find(const struct request *req, struct arena *a, const char *name, size_t *count)
{
    const char *at = req->head->at, *end = at + req->head->len;
    const char *value = NULL;
    size_t len = strlen(name);

    *count = 0;
    while (at < end) {
        const char *next = memmem(at, (size_t)(end - at), "\r\n", 2);

        next = next == NULL ? end : next;
        if ((size_t)(next - at) > len + 1 && strncasecmp(at, name, len) == 0 && at[len] == ':') {
            value = arena_strndup(a, at + len + 2, (size_t)(next - at) - len - 2);
            (*count)++;
        }
        at = next + 2;
    }
    return value;
}

/* Is there exactly one line of this name? *value is that of the last. */
static bool
head_has(const struct request *req, struct arena *a, const char *name, const char **value)
{
    size_t count;

    *value = head_find(req, a, name, &count);
    return count == 1 && (*value)[0] != '\0';
}

/* The lines that follow from the status. */
static bool
head_check(const struct request *req, struct arena *a, struct buf *fault)
{
    const char *value;

    if (!head_has(req, a, "X-Request-ID", &value) || strcmp(value, req->id) != 0) {
        return answer_fault(fault, "X-Request-ID: not once the request's id");
    }
    if (!head_has(req, a, "Cache-Control", &value)) {
        return answer_fault(fault, "Cache-Control: not there once");
    }
    if ((req->status == 429 || req->status == 503) &&
        (!head_has(req, a, "Retry-After", &value) || strtol(value, NULL, 10) < 1)) {
        return answer_fault(fault, "Retry-After: no seconds");
    }
    if (req->status == 405 && !head_has(req, a, "Allow", &value)) {
        return answer_fault(fault, "Allow: not there once");
    }
    if (req->status == 401 && !head_has(req, a, "WWW-Authenticate", &value)) {
        return answer_fault(fault, "WWW-Authenticate: not there once");
    }
    return true;
}

/* Does the reply have this media type? */
static bool
type_check(const struct request *req, struct arena *a, const char *expected, struct buf *fault)
{
    const char *value;

    if (head_has(req, a, "Content-Type", &value) && strcmp(value, expected) == 0) {
        return true;
    }
    buf_printf(fault, "Content-Type: %s, not %s", value == NULL ? "none" : value, expected);
    return false;
}

static bool
empty_check(const struct request *req, struct buf *fault)
{
    return req->body->len == 0 || answer_fault(fault, "body: not empty");
}

/* Reads the body as one JSON value. */
static bool
body_read_json(const struct request *req, struct arena *a, struct json_value *value,
               struct buf *fault)
{
    struct json_error error;

    if (!json_check(req->body->len > 0 ? req->body->at : "", req->body->len, a, &error)) {
        buf_printf(fault, "body: not JSON: %s at byte %zu", error.reason, error.offset);
        return false;
    }
    *value = json_whole(req->body->at, req->body->len);
    return true;
}

/* A text that is not empty. */
static bool
text_check(struct json_value of, const char *name, const struct place *outer, struct buf *fault)
{
    struct place place = {.outer = outer, .name = name, .len = strlen(name)};
    struct json_value text = json_member(of, name);

    return kind_check(text, JSON_STRING, &place, fault) &&
           (text.len > 2 || shape_fault(fault, &place, "empty"));
}

/* Is the `code` one that the route may reply with under this status? */
static bool
code_check(const struct request *req, struct json_value code, struct buf *fault)
{
    for (int p = PROBLEM_END + 1; p < PROBLEMS; p++) {
        const struct problem_text *text = problem_text((enum problem)p);

        if (text->status == req->status && json_equals(code, text->code) &&
            declares_problem(req->route, (enum problem)p)) {
            return true;
        }
    }
    buf_printf(fault, "code: %.*s is not declared", (int)(code.len < 60 ? code.len : 60), code.at);
    return false;
}

static bool
problem_check(const struct request *req, struct json_value body, struct buf *fault)
{
    if (!text_check(body, "detail", NULL, fault) || !text_check(body, "code", NULL, fault)) {
        return false;
    }
    if (json_count(body) != 2) {
        return answer_fault(fault, "body: members beside detail and code");
    }
    return code_check(req, json_member(body, "code"), fault);
}

/* One fault of a 422. */
static bool
input_fault_check(struct json_value f, const struct place *at, struct buf *fault)
{
    static const char *const sources[] = {"path", "query", "header", "body"};
    struct place place = {.outer = at, .name = "loc", .len = 3};
    struct json_value loc = json_member(f, "loc"), ctx = json_member(f, "ctx"), source;
    struct json_items items = json_items(loc);
    size_t members = ctx.kind == JSON_ABSENT ? 4 : 5;

    if (!text_check(f, "type", at, fault) || !text_check(f, "msg", at, fault) ||
        !kind_check(loc, JSON_ARRAY, &place, fault)) {
        return false;
    }
    if (json_member(f, "input").kind == JSON_ABSENT || json_count(f) != members ||
        (members == 5 && ctx.kind != JSON_OBJECT)) {
        return shape_fault(fault, at, "not type, loc, msg, input and perhaps ctx");
    }
    if (json_next_element(&items, &source)) {
        for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
            if (json_equals(source, sources[i])) {
                return true;
            }
        }
    }
    return shape_fault(fault, &place, "does not begin with path, query, header or body");
}

/* The body of a 422. */
static bool
faults_check(const struct request *req, struct json_value body, struct buf *fault)
{
    struct json_value list = json_member(body, "detail"), more = json_member(body, "more"), element;
    struct json_items items = json_items(list);
    struct place outer = {.name = "detail", .len = 6};
    struct place place = {.outer = &outer};

    if (req->route == NULL || req->route->in == NULL) {
        return answer_fault(fault, "status: the route takes no input");
    }
    if (!kind_check(list, JSON_ARRAY, &outer, fault)) {
        return false;
    }
    for (; json_next_element(&items, &element); place.index++) {
        if (!input_fault_check(element, &place, fault)) {
            return false;
        }
    }
    if (place.index == 0) {
        return shape_fault(fault, &outer, "empty");
    }
    if (more.kind != JSON_ABSENT && (more.kind != JSON_INTEGER || json_int64(more) < 1)) {
        return answer_fault(fault, "more: not a number of faults");
    }
    return json_count(body) == (more.kind == JSON_ABSENT ? 1 : 2) ||
           answer_fault(fault, "body: members beside detail and more");
}

static bool
error_check(const struct request *req, struct arena *a, struct buf *fault)
{
    struct json_value body;

    if (!type_check(req, a, json_media_type, fault) || !body_read_json(req, a, &body, fault)) {
        return false;
    }
    return req->status == 422 ? faults_check(req, body, fault) : problem_check(req, body, fault);
}

/* The head of a stream of events, which has one of two forms. */
static bool
stream_check(const struct request *req, struct arena *a, struct buf *fault)
{
    const char *value;

    if (head_has(req, a, "Content-Type", &value) && strcmp(value, "application/x-ndjson") == 0) {
        return empty_check(req, fault);
    }
    return type_check(req, a, req->route->media_type, fault) && empty_check(req, fault);
}

/* The body of a route's success. */
static bool
success_check(const struct request *req, struct arena *a, struct buf *fault)
{
    const struct route *route = req->route;
    const struct shape *out = route_out(route, req->status);
    struct json_value body;

    if (route->events != NULL && !req->length_unknown) {
        return stream_check(req, a, fault);
    }
    if (!type_check(req, a, route->media_type != NULL ? route->media_type : json_media_type,
                    fault)) {
        return false;
    }
    if (req->length_unknown) { /* to HEAD, of a route that was not run */
        return empty_check(req, fault);
    }
    if (req->stream.next != NULL) { /* serve.c sends exactly so many bytes, or cuts the reply */
        return empty_check(req, fault) && ((route->download && req->stream.bytes > 0) ||
                                           answer_fault(fault, "body: not a download"));
    }
    if (route->media_type != NULL) {
        return true;
    }
    return body_read_json(req, a, &body, fault) &&
           (out == NULL || shape_check(out, body, NULL, fault));
}

/*
 * Of an error the code decides, which error_check reads. A request that matches no route has no
 * other reply than one to OPTIONS.
 */
static bool
status_check(const struct request *req, struct buf *fault)
{
    bool declared = req->route != NULL ? declares_status(req->route, req->status)
                                       : req->status == 204 && strcmp(req->method, "OPTIONS") == 0;

    return declared || req->status >= 400 || answer_fault(fault, "status: not declared");
}

/* Has no body, nor the type of one. */
static bool
nothing_check(const struct request *req, struct arena *a, struct buf *fault)
{
    size_t count;

    (void)head_find(req, a, "Content-Type", &count);
    return empty_check(req, fault) &&
           (count == 0 || answer_fault(fault, "Content-Type: of no body"));
}

static bool
reply_check(const struct request *req, struct arena *a, struct buf *fault)
{
    if (!status_check(req, fault) || !head_check(req, a, fault)) {
        return false;
    }
    if (req->status == 204 || req->status == 304) {
        return nothing_check(req, a, fault);
    }
    return req->status >= 400 ? error_check(req, a, fault) : success_check(req, a, fault);
}

bool
answer_check(const struct request *req, struct buf *fault)
{
    struct arena a = {0};
    bool good;

    if (req->put_off || (req->deferred != NULL && req->deferred->mode == REPLY_LATER)) {
        return true;
    }
    if (req->status == 0) {
        return answer_fault(fault, "status: none, the handler did not reply");
    }
    good = reply_check(req, &a, fault);
    arena_free(&a);
    return good;
}

bool
answer_check_event(const struct shape *shape, const char *json, size_t len, struct buf *fault)
{
    struct arena a = {0};
    struct json_error error;
    bool good;

    for (size_t i = 0; i < len; i++) {
        if ((signed char)json[i] < ' ') {
            return answer_fault(fault, "data: a byte that is not a character of ASCII");
        }
    }
    if (!json_check(json, len, &a, &error)) {
        buf_printf(fault, "data: not JSON: %s at byte %zu", error.reason, error.offset);
        good = false;
    } else {
        good = shape_check(shape, json_whole(json, len), NULL, fault);
    }
    arena_free(&a);
    return good;
}
