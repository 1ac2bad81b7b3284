/*
 * A 422 is small, whatever was sent: it describes the first FAULTS_MAX faults, and of each value
 * repeats only the beginning.
 */
#include "routes/frame/fault.h"

#include <string.h>

enum { ECHO_MAX = 200 }; /* bytes of a wrong value that a fault repeats */

bool
fault_count(struct request *req)
{
    return ++req->fault_count <= FAULTS_MAX;
}

void
fault_add(struct request *req, const struct fault *fault)
{
    struct fault *kept = request_new(req, 1, struct fault);

    *kept = *fault;
    kept->next = NULL;
    *req->last_fault = kept;
    req->last_fault = &kept->next;
}

const char *
fault_echo_text(struct arena *a, const char *text, size_t len)
{
    static const char ellipsis[] = "\xE2\x80\xA6";
    struct buf out = {0};
    size_t kept = len <= ECHO_MAX ? len : ECHO_MAX - strlen(ellipsis);
    const char *copy;

    while (kept < len && kept > 0 && ((unsigned char)text[kept] & 0xC0) == 0x80) {
        kept--;
    }
    json_string(&out, text, kept);
    if (kept < len) {
        out.len--; /* the closing quote */
        buf_str(&out, ellipsis);
        buf_char(&out, '"');
    }
    copy = arena_strndup(a, out.at, out.len);
    buf_free(&out);
    return copy;
}

/* Part of a list or an object is not JSON: a long one is echoed as a string. */
const char *
fault_echo_json(struct arena *a, struct json_value value)
{
    size_t len = value.len;
    const char *text = value.at;

    if (value.kind == JSON_STRING) {
        text = json_decode(value, a, &len);
    } else if (len <= ECHO_MAX) {
        return arena_strndup(a, text, len);
    }
    return fault_echo_text(a, text, len);
}

const char *
fault_ctx(struct arena *a, const char *name, const char *value)
{
    return arena_printf(a, "\"%s\":%s", name, fault_echo_text(a, value, strlen(value)));
}
