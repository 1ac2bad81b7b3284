/* One pass over the list, however long it is. */
#include "routes/frame/http/etag.h"

#include <stddef.h>
#include <string.h>

static bool
etag_is_weak(const char *at)
{
    return strncmp(at, "W/", 2) == 0;
}

/* The opaque tag without the mark of a weak one. */
static const char *
etag_opaque(const char *at)
{
    return etag_is_weak(at) ? at + 2 : at;
}

static bool
etag_find(const char *etag, const char *list, bool strongly)
{
    const char *wanted = etag_opaque(etag);
    const char *at = list + strspn(list, ", \t");

    if (*at == '*') {
        return at[1 + strspn(at + 1, " \t")] == '\0';
    }
    while (*at != '\0') {
        const char *tag = etag_opaque(at);
        const char *end = tag[0] == '"' ? strchr(tag + 1, '"') : NULL;
        size_t len;

        if (end == NULL) {
            return false;
        }
        len = (size_t)(end + 1 - tag);
        if (strlen(wanted) == len && strncmp(wanted, tag, len) == 0 &&
            !(strongly && (etag_is_weak(at) || etag_is_weak(etag)))) {
            return true;
        }
        at = end + 1;
        at += strspn(at, ", \t");
    }
    return false;
}

bool
etag_is_listed(const char *etag, const char *list)
{
    return etag_find(etag, list, false);
}

bool
etag_is_listed_strongly(const char *etag, const char *list)
{
    return etag_find(etag, list, true);
}
