/*
 * Any text as a path and as a query. An accepted path has only safe segments, and whatever was read
 * is read the same again after every byte of it is percent-encoded.
 */
#include "t/fuzz/fuzz.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "routes/frame/http/url.h"

static void
escape_all(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        buf_printf(out, "%%%02x", (unsigned char)*text);
    }
}

static void
check_path(const char *text, struct arena *a)
{
    struct url_path path, again;
    struct buf escaped = {0};

    if (!url_path_read(&path, text, a)) {
        return;
    }
    demand(text[0] == '/' && path.count <= URL_SEGMENTS_MAX);
    for (size_t i = 0; i < path.count; i++) {
        const char *segment = path.segments[i];

        demand(segment[0] != '\0' && strpbrk(segment, "/\\") == NULL);
        demand(strcmp(segment, ".") != 0 && strcmp(segment, "..") != 0);
        demand(utf8_valid(segment, strlen(segment)));
        buf_char(&escaped, '/');
        escape_all(&escaped, segment);
    }
    if (path.count > 0) {
        demand(url_path_read(&again, buf_cstr(&escaped), a) && again.count == path.count);
    }
    for (size_t i = 0; i < path.count; i++) {
        demand(strcmp(path.segments[i], again.segments[i]) == 0);
    }
    buf_free(&escaped);
}

static void
check_query(const char *text, struct arena *a)
{
    struct url_query query = {0}, again = {0};
    struct buf escaped = {0};

    url_query_read(&query, text, a);
    for (size_t i = 0; i < query.count; i++) {
        const struct url_pair *pair = &query.pairs[i];

        demand(strlen(pair->name) <= strlen(text) && strlen(pair->value) <= strlen(text));
        demand(!pair->broken || strchr(pair->value, '%') != NULL);
        demand(url_query_find(&query, pair->name) >= pair);
        buf_char(&escaped, i > 0 ? '&' : ' ');
        escape_all(&escaped, pair->name);
        buf_char(&escaped, '=');
        escape_all(&escaped, pair->value);
    }
    url_query_read(&again, buf_cstr(&escaped) + (escaped.len > 0), a);
    demand(again.count == query.count);
    for (size_t i = 0; i < query.count; i++) {
        demand(!again.pairs[i].broken && strcmp(again.pairs[i].name, query.pairs[i].name) == 0);
        demand(strcmp(again.pairs[i].value, query.pairs[i].value) == 0);
    }
    buf_free(&escaped);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const char pattern[] = "/api/rooms/{room_id}/members/{user_id}";
    static const char *const values[] = {"1", "2"};
    struct arena a = {0};
    const char *text = arena_strndup(&a, (const char *)bytes, len);
    const char *value;

    check_path(text, &a);
    check_query(text, &a);
    value = url_parameter(pattern, text, values);
    demand(value == NULL || strcmp(text, "room_id") == 0 || strcmp(text, "user_id") == 0);
    arena_free(&a);
    return 0;
}
