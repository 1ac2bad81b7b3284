/*
 * A reply is read as a web server reads it (RFC 3875 section 6). It was compared with its route's
 * row before, at the end of dispatch, as in every test (t/program/answers.h).
 */
#include "t/fuzz/dispatch/promises.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "t/fuzz/dispatch/world.h"

enum {
    HEAD_LINES_MAX = 20,
    REFUSAL_MAX = 64 * 1024,  /* bytes of a refusal's body */
    REPLY_MAX = 1024 * 1024,  /* bytes of any body: all pages are bounded */
    ARENA_LEAST = 256 * 1024, /* bytes of memory that a request may take, whatever its size */
    ARENA_PER_BYTE = 64,      /* and for each of its bytes */
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
        "Content-Range",
        "Accept-Ranges",
        "Accept-Encoding",
        "ETag",
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
head_broken(const struct parsed_reply *reply)
{
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
    if (cache == NULL || (strcmp(cache, "no-store") != 0 &&
                          (strcmp(cache, "no-cache") != 0 || head_find(reply, "ETag") == NULL))) {
        return "no reply is kept without asking again";
    }
    if (length != NULL && reply->body_len > 0 &&
        strtoll(length, NULL, 10) != (long long)reply->body_len) {
        return "Content-Length is the length of the body";
    }
    return NULL;
}

/* That the reply is one which its route declares, t/program/answers.h has checked. */
static const char *
body_broken(const struct parsed_reply *reply)
{
    if (reply->body_len > REPLY_MAX) {
        return "the body of a reply is bounded";
    }
    if (reply->status >= 400 && reply->body_len > REFUSAL_MAX) {
        return "the body of a refusal is bounded";
    }
    if (reply->status == 503 &&
        memmem(reply->body, reply->body_len, "no_live_events", strlen("no_live_events")) == NULL) {
        return "no reply misses a store, since both are there";
    }
    return NULL;
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
    broken = head_broken(&reply);
    broken = broken != NULL ? broken : body_broken(&reply);
    broken = broken != NULL ? broken : caller_broken(with);
    if (broken == NULL && seen->undeclared[0] != '\0') {
        broken = arena_printf(a, "every reply is declared: %s", seen->undeclared);
    }
    if (broken == NULL && seen->arena_bytes > ARENA_LEAST + ARENA_PER_BYTE * with->request_bytes) {
        broken = arena_printf(a, "a request's memory is bounded: %zu bytes for %zu",
                              seen->arena_bytes, with->request_bytes);
    }
    return broken != NULL ? broken
                          : world_find_leak(server_database(), a, with->reply, with->user_id);
}
