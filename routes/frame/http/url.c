/* Texts are split first and then decoded once, so that an encoded "/" or "&" never splits. */
#include "routes/frame/http/url.h"

#include <string.h>

#include "base/utf8.h"

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Returns NULL for a broken escape or an encoded NUL. `plus`: a "+" is a space, as in a query. */
static char *
percent_decode(const char *from, size_t len, bool plus, struct arena *a)
{
    char *text = arena_alloc(a, len + 1);
    char *to = text;

    for (const char *at = from, *end = from + len; at < end; at++) {
        if (*at == '%') {
            int high = end - at > 2 ? hex_digit(at[1]) : -1;
            int low = end - at > 2 ? hex_digit(at[2]) : -1;

            if (high < 0 || low < 0 || high + low == 0) {
                return NULL;
            }
            *to++ = (char)(high * 16 + low);
            at += 2;
        } else {
            *to++ = plus && *at == '+' ? ' ' : *at;
        }
    }
    *to = '\0';
    return text;
}

/* Whether a decoded segment is safe; a decoded "/" or ".." would change which path it is. */
static bool
segment_is_valid(const char *segment)
{
    return segment != NULL && strcmp(segment, ".") != 0 && strcmp(segment, "..") != 0 &&
           strchr(segment, '/') == NULL && strchr(segment, '\\') == NULL &&
           utf8_valid(segment, strlen(segment));
}

bool
url_path_read(struct url_path *path, const char *text, struct arena *a)
{
    const char *at = text;

    path->count = 0;
    if (*at != '/') {
        return false;
    }
    while (*at == '/' && (at[1] != '\0' || at == text)) {
        size_t len = strcspn(++at, "/");
        char *segment = percent_decode(at, len, false, a);

        if (len == 0 && *at == '\0') {
            return true; /* "/" alone */
        }
        if (len == 0 || !segment_is_valid(segment)) {
            return false;
        }
        if (path->count == URL_SEGMENTS_MAX) {
            return true;
        }
        path->segments[path->count++] = segment;
        at += len;
    }
    return true;
}

const char *
url_parameter(const char *pattern, const char *name, const char *const *values)
{
    size_t len = strlen(name);

    for (const char *at = strchr(pattern, '{'); at != NULL; at = strchr(at + 1, '{')) {
        if (strcspn(at + 1, "}") == len && strncmp(at + 1, name, len) == 0) {
            return *values;
        }
        values++;
    }
    return NULL;
}

void
url_query_read(struct url_query *query, const char *text, struct arena *a)
{
    size_t most = 1;

    if (query->read) {
        return;
    }
    query->read = true;
    for (const char *at = text; *at != '\0'; at++) {
        most += *at == '&';
    }
    query->pairs = arena_array(a, most, sizeof(struct url_pair));
    while (*text != '\0') {
        size_t len = strcspn(text, "&");
        size_t name_len = strcspn(text, "=&");
        char *name = percent_decode(text, name_len, true, a);
        char *value = name_len < len
                          ? percent_decode(text + name_len + 1, len - name_len - 1, true, a)
                          : arena_strdup(a, "");

        if (name != NULL && len > 0) {
            struct url_pair *pair = &query->pairs[query->count++];

            *pair = (struct url_pair){name, value, value == NULL};
            if (pair->broken) {
                pair->value = arena_strndup(a, text + name_len + 1, len - name_len - 1);
            }
        }
        text += len + (text[len] == '&');
    }
}

const struct url_pair *
url_query_find(const struct url_query *query, const char *name)
{
    for (size_t i = query->count; i > 0; i--) {
        if (strcmp(query->pairs[i - 1].name, name) == 0) {
            return &query->pairs[i - 1];
        }
    }
    return NULL;
}

void
url_escape(struct buf *out, const char *path)
{
    static const char kept[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";

    for (; *path != '\0'; path++) {
        if (strchr(kept, *path) != NULL) {
            buf_char(out, *path);
        } else {
            buf_printf(out, "%%%02X", (unsigned char)*path);
        }
    }
}
