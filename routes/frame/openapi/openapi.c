/*
 * Written by hand into one buffer: the form of the document is fixed, what varies is in the tables.
 */
#include "routes/frame/openapi/openapi.h"

#include <pthread.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/memory.h"
#include "routes/frame/openapi/parts.h"

static const char description[] =
    "A chat server: rooms with a log each, live events, background tasks.\n\n"
    "**Authentication.** `POST /api/sessions` returns a token; send it as `Authorization: Bearer "
    "<token>`. There are no cookies.\n\n"
    "**Errors** are `{\"detail\", \"code\"}`: branch on `code`, show `detail`, which is in Chinese "
    "or English by `Accept-Language`. Each error response lists its codes. Invalid input is 422 "
    "with the list of its faults. Any request can also get 500 `internal_error`, which is a fault "
    "of the server.\n\n"
    "**HEAD** works wherever GET does, and **OPTIONS** on every path: it returns 204 with `Allow`, "
    "and answers CORS preflights. HEAD never starts or holds anything.\n\n"
    "**PUT, PATCH and DELETE** may be sent as POST with `X-HTTP-Method-Override`.\n\n"
    "**Values.** Ids and counts are integers up to 2^53 - 1. Times are RFC 3339 with milliseconds. "
    "No text may contain U+0000. Members that a schema of a request does not name are refused. A "
    "`cursor` or `next` is opaque: send it back as it is, to the same list.\n\n"
    "**Limits.** Beyond so many requests a minute a caller gets 429 with `Retry-After`.";

void
openapi_put(struct buf *out, const char *text)
{
    size_t begin = out->len;

    buf_str(out, text);
    for (size_t i = begin; i < out->len; i++) {
        if (out->at[i] == '\'') {
            out->at[i] = '"';
        }
    }
}

void
openapi_printf(struct buf *out, const char *format, ...)
{
    char *text;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0) {
        memory_exhausted(0);
    }
    va_end(args);
    openapi_put(out, text);
    free(text);
}

void
openapi_member(struct buf *out, const char *name, const char *text)
{
    json_text(out, name);
    buf_char(out, ':');
    json_text(out, text);
}

void
openapi_ref(struct buf *out, const char *kind, const char *name)
{
    openapi_printf(out, "{'$ref':'#/components/%s/%s'}", kind, name);
}

void
openapi_method(struct buf *out, enum method method)
{
    for (const char *at = method_name(method); *at != '\0'; at++) {
        buf_char(out, (char)(*at | 0x20));
    }
}

/* Routes of one path are written together, where the first of them is in the tables. */
static void
openapi_write_path(const struct router *router, size_t first, struct buf *out)
{
    const struct route *const *routes = router_all(router);
    size_t written = 0;

    json_text(out, routes[first]->path);
    buf_char(out, ':');
    for (size_t i = first; routes[i] != NULL; i++) {
        if (strcmp(routes[i]->path, routes[first]->path) == 0) {
            openapi_put(out, written++ > 0 ? ",'" : "{'");
            openapi_method(out, routes[i]->method);
            openapi_put(out, "':");
            openapi_operation(routes[i], router_group(router, i)->tag, out);
        }
    }
    buf_char(out, '}');
}

static void
openapi_write_paths(const struct router *router, struct buf *out)
{
    const struct route *const *routes = router_all(router);

    openapi_put(out, "'paths':{");
    for (size_t i = 0; routes[i] != NULL; i++) {
        size_t first = 0;

        while (strcmp(routes[first]->path, routes[i]->path) != 0) {
            first++;
        }
        if (first == i) {
            buf_str(out, i > 0 ? "," : "");
            openapi_write_path(router, i, out);
        }
    }
    buf_str(out, "},");
}

static void
openapi_write_tags(const struct router *router, struct buf *out)
{
    openapi_put(out, "'tags':[");
    for (size_t i = 0; router_all(router)[i] != NULL; i++) {
        const struct route_group *group = router_group(router, i);

        if (i > 0 && group == router_group(router, i - 1)) {
            continue;
        }
        buf_str(out, i > 0 ? ",{" : "{");
        openapi_member(out, "name", group->tag);
        buf_char(out, ',');
        openapi_member(out, "description", group->description);
        buf_char(out, '}');
    }
    buf_str(out, "],");
}

void
openapi_write(const struct router *router, const struct settings *settings, struct buf *out)
{
    openapi_put(out, "{'openapi':'3.1.0','info':{");
    openapi_member(out, "title", settings->app_name);
    buf_char(out, ',');
    openapi_member(out, "version", settings->app_version);
    buf_char(out, ',');
    openapi_member(out, "description", description);
    openapi_put(out, ",'contact':{'name':'The operator of this server'},"
                     "'license':{'name':'MIT','identifier':'MIT'}},"
                     "'servers':[{'url':'/','description':'This server'}],");
    openapi_write_tags(router, out);
    openapi_write_paths(router, out);
    openapi_components(router_all(router), out);
    buf_str(out, "}\n");
}

static struct openapi_document *
openapi_make(const struct router *router, const struct settings *settings)
{
    struct openapi_document *document = memory_new(struct openapi_document);
    struct buf text = {0};
    unsigned char hash[16];

    openapi_write(router, settings, &text);
    (void)crypto_generichash(hash, sizeof(hash), (const unsigned char *)text.at, text.len, NULL, 0);
    document->etag[0] = '"';
    (void)sodium_bin2hex(document->etag + 1, sizeof(document->etag) - 1, hash, sizeof(hash));
    document->etag[sizeof(document->etag) - 2] = '"';
    document->etag[sizeof(document->etag) - 1] = '\0';
    document->at = text.at;
    document->len = text.len;
    return document;
}

const struct openapi_document *
openapi_of_process(const struct router *router, const struct settings *settings)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static const struct openapi_document *document;
    const struct openapi_document *made;

    (void)pthread_mutex_lock(&lock);
    if (document == NULL) {
        document = openapi_make(router, settings);
    }
    made = document;
    (void)pthread_mutex_unlock(&lock);
    return made;
}
