/* One pass over the list, however long it is. */
#include "routes/frame/etag.h"

#include <string.h>

/* The opaque tag without the mark of a weak one, which the weak comparison ignores. */
static const char *
etag_opaque(const char *at)
{
    return strncmp(at, "W/", 2) == 0 ? at + 2 : at;
}

bool
etag_is_listed(const char *etag, const char *list)
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
        if (strlen(wanted) == len && strncmp(wanted, tag, len) == 0) {
            return true;
        }
        at = end + 1;
        at += strspn(at, ", \t");
    }
    return false;
}
