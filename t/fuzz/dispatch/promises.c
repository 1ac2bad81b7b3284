/*
 * A reply is read as a web server reads it (RFC 3875 section 6), and compared with the route's row:
 * with the statuses, codes and media type that the OpenAPI document gives it.
 */
#include "t/fuzz/dispatch/promises.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "t/fuzz/dispatch/world.h"

enum {
    HEAD_LINES_MAX = 20,
    REFUSAL_MAX = 64 * 1024,  /* bytes of a refusal's body */
    REPLY_MAX = 1024 * 1024,  /* bytes of any body: all pages are bounded */
    ARENA_LEAST = 256 * 1024, /* bytes of memory that a request may take, whatever its size */
    ARENA_PER_BYTE = 64,      /* and for each of its bytes */
    REQUEST_ID_LEN = REQUEST_ID_SIZE - 1,
};

/* A reply's head, a line each, and its body. */
struct parsed_reply {
    struct head_line {
        const char *name, *value;
    } lines[HEAD_LINES_MAX];
    size_t line_count;
    const char *body;
    size_t body_len;
    int status;
};

/* NULL if there is no such line, or more than one: none may be there twice. */
static const char *
head_find(const struct parsed_reply *reply, const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; i < reply->line_count; i++) {
        if (strcasecmp(reply->lines[i].name, name) == 0) {
            if (value != NULL) {
                return NULL;
            }
            value = reply->lines[i].value;
        }
    }
    return value;
}

/* A name of letters and "-", ": ", and a value of visible characters and spaces. */
static bool
head_line_read(char *line, struct head_line *to)
{
    char *colon = strchr(line, ':');

    if (colon == NULL || colon == line || colon[1] != ' ') {
        return false;
    }
    for (const char *at = line; *at != '\0'; at++) {
        if (*at < ' ' || *at > '~' || (at < colon && (*at == ' ' || *at == '"'))) {
            return false;
        }
    }
    *colon = '\0';
    *to = (struct head_line){line, colon + 2};
    return true;
}

/* Reads the head. Returns false if a line of it is malformed, or there is no status. */
static bool
reply_parse(const struct exchanged *with, struct parsed_reply *reply, struct arena *a)
{
    const char *end = memmem(with->reply, with->reply_len, "\r\n\r\n", 4);
    const char *status;
    char *line, *next;

    *reply = (struct parsed_reply){.body = NULL};
    if (end == NULL) {
        return false;
    }
    reply->body = end + 4;
    reply->body_len = with->reply_len - (size_t)(reply->body - with->reply);
    line = arena_strndup(a, with->reply, (size_t)(end - with->reply));
    if (strlen(line) != (size_t)(end - with->reply)) {
        return false; /* a NUL */
    }
    for (; line != NULL && reply->line_count < HEAD_LINES_MAX; line = next) {
        next = strstr(line, "\r\n");
        if (next != NULL) {
            *next = '\0';
            next += 2;
        }
        if (!head_line_read(line, &reply->lines[reply->line_count++])) {
            return false;
        }
    }
    status = head_find(reply, "Status");
    reply->status = status == NULL ? 0 : (int)strtol(status, NULL, 10);
    return line == NULL && reply->status >= 200 && reply->status < 600;
}

/* A line of another name would be one that the caller has brought in. */
static bool
head_line_is_known(const struct head_line *line)
{
    static const char *const names[] = {
        "Status",
        "Content-Type",
        "Content-Length",
        "Content-Disposition",
        "X-Request-ID",
        "Cache-Control",
        "Vary",
        "Allow",
        "Retry-After",
        "WWW-Authenticate",
        "X-Accel-Buffering",
        "Access-Control-Allow-Origin",
        "Access-Control-Expose-Headers",
        "Access-Control-Allow-Methods",
        "Access-Control-Allow-Headers",
        "Access-Control-Max-Age",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(line->name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static const char *
head_broken(const struct parsed_reply *reply, bool unreadable)
{
    const char *id = head_find(reply, "X-Request-ID");
    const char *length = head_find(reply, "Content-Length");
    const char *cache = head_find(reply, "Cache-Control");

    for (size_t i = 0; i < reply->line_count; i++) {
        if (head_find(reply, reply->lines[i].name) == NULL) {
            return "no header line is there twice";
        }
        if (!head_line_is_known(&reply->lines[i])) {
            return "a head has only the lines of this server";
        }
    }
    if (cache == NULL || strcmp(cache, "no-store") != 0) {
        return "no reply is kept";
    }
    if (!unreadable && (id == NULL || strlen(id) != REQUEST_ID_LEN ||
                        strspn(id, "0123456789abcdef") != REQUEST_ID_LEN)) {
        return "a reply has the request's id";
    }
    if ((reply->status == 429 || reply->status == 503) && head_find(reply, "Retry-After") == NULL) {
        return "a caller who has to wait learns how long";
    }
    if (length != NULL && reply->body_len > 0 &&
        strtoll(length, NULL, 10) != (long long)reply->body_len) {
        return "Content-Length is the length of the body";
    }
    return NULL;
}

/* The problem with this status and code; PROBLEM_END if there is none. */
static enum problem
problem_find(int status, struct json_value code)
{
    for (int p = BAD_REQUEST; p <= DEADLINE_EXCEEDED; p++) {
        const struct problem_text *text = problem_text((enum problem)p);

        if (text->status == status && json_equals(code, text->code)) {
            return (enum problem)p;
        }
    }
    return PROBLEM_END;
}

static bool
problem_is_listed(const enum problem *list, enum problem p)
{
    while (list != NULL && *list != PROBLEM_END) {
        if (*list++ == p) {
            return true;
        }
    }
    return false;
}

/* May a request end with the problem: before its handler ran, or in the handler of the route? */
static bool
problem_may_occur(const struct route *route, enum problem p)
{
    static const enum problem in_front[] = {
        BAD_REQUEST,       NOT_SIGNED_IN,      ADMINS_ONLY,    NO_PREFETCH,
        NOT_FOUND,         METHOD_NOT_ALLOWED, BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE,
        TOO_MANY_REQUESTS, PROBLEM_END,
    };

    if (p == UNAVAILABLE) {
        return false; /* though readyz lists it: both stores are there */
    }
    if (route == NULL) {
        return problem_is_listed(in_front, p);
    }
    if (p == TOO_MANY_REQUESTS) {
        return route->limit != LIMIT_NONE;
    }
    if (p == NOT_A_MEMBER || p == NO_SUCH_ROOM) {
        return route->access == MEMBER || problem_is_listed(route->problems, p);
    }
    return problem_is_listed(route->problems, p);
}

static const char *
refusal_broken(const struct route *route, const struct parsed_reply *reply, struct arena *a)
{
    struct json_value body = json_whole(reply->body, reply->body_len);
    struct json_value detail = json_member(body, "detail");
    enum problem p = problem_find(reply->status, json_member(body, "code"));

    if (reply->body_len > REFUSAL_MAX) {
        return "the body of a refusal is bounded";
    }
    if (reply->status == 422) {
        return detail.kind == JSON_ARRAY && json_count(detail) > 0 ? NULL
                                                                   : "a 422 has a list of faults";
    }
    if (detail.kind != JSON_STRING || p == PROBLEM_END) {
        return "a refusal has a text and a known code";
    }
    return problem_may_occur(route, p)
               ? NULL
               : arena_printf(a, "%s does not end with %s",
                              route == NULL ? "no route" : route->path, problem_text(p)->code);
}

/* A body of a route's success. */
static const char *
success_broken(const struct route *route, const struct parsed_reply *reply)
{
    const char *type = head_find(reply, "Content-Type");
    const char *expected = route->media_type != NULL ? route->media_type : "application/json";

    if (reply->status != route->status &&
        (route->other_status == 0 || reply->status != route->other_status)) {
        return "a success has a status of its route";
    }
    if (reply->status == 204) {
        return type == NULL && reply->body_len == 0 ? NULL : "a 204 has no body";
    }
    if (route->events != NULL && type != NULL && strcmp(type, "application/x-ndjson") == 0) {
        return NULL;
    }
    return type != NULL && strcmp(type, expected) == 0 ? NULL
                                                       : "a body has the media type of its route";
}

static const char *
body_broken(const struct route *route, const struct parsed_reply *reply, struct arena *a)
{
    const char *type = head_find(reply, "Content-Type");
    bool is_json = type != NULL && strcmp(type, "application/json") == 0;
    struct json_error error;

    if (reply->body_len > REPLY_MAX) {
        return "the body of a reply is bounded";
    }
    if (reply->body_len == 0 && route == NULL) {
        return NULL; /* of HEAD and OPTIONS */
    }
    if (reply->status >= 400 && !is_json) {
        return "a refusal is JSON";
    }
    if (reply->body_len > 0 && is_json && !json_check(reply->body, reply->body_len, a, &error)) {
        return arena_printf(a, "a JSON body is JSON: %s at byte %zu", error.reason, error.offset);
    }
    if (reply->body_len == 0 && is_json) {
        return NULL; /* of HEAD */
    }
    if (reply->status >= 400) {
        return refusal_broken(route, reply, a);
    }
    return route == NULL ? "only a handler replies with a body" : success_broken(route, reply);
}

/* Was the caller taken for somebody else, or for somebody who may do more? */
static const char *
caller_broken(const struct exchanged *with)
{
    if (with->seen->user_id != 0 && with->seen->user_id != with->user_id) {
        return "nobody is taken for somebody else";
    }
    return with->seen->has_no_right ? "a handler runs only for those who have the right" : NULL;
}

const char *
promise_broken(const struct exchanged *with, struct arena *a)
{
    const struct observation *seen = with->seen;
    struct parsed_reply reply;
    const char *broken;

    if (!reply_parse(with, &reply, a)) {
        return "a reply has a head of whole lines, and a status";
    }
    broken = head_broken(&reply, seen->unreadable);
    broken = broken != NULL ? broken : body_broken(seen->route, &reply, a);
    broken = broken != NULL ? broken : caller_broken(with);
    if (broken == NULL && seen->arena_bytes > ARENA_LEAST + ARENA_PER_BYTE * with->request_bytes) {
        broken = arena_printf(a, "a request's memory is bounded: %zu bytes for %zu",
                              seen->arena_bytes, with->request_bytes);
    }
    return broken != NULL ? broken
                          : world_find_leak(server_database(), a, with->reply, with->user_id);
}
