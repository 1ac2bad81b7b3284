/* A fault repeats only the beginning of a large value, so that it costs little to report. */
#include "routes/frame/fault.h"

#include <string.h>

enum { ECHO_MAX = 1024 }; /* bytes of a wrong value that a fault repeats */

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
    struct buf out = {0};
    size_t kept = len < ECHO_MAX ? len : ECHO_MAX;
    const char *copy;

    while (kept < len && kept > 0 && ((unsigned char)text[kept] & 0xC0) == 0x80) {
        kept--;
    }
    json_string(&out, text, kept);
    if (kept < len) {
        out.len--; /* the closing quote */
        buf_str(&out, "\xE2\x80\xA6\"");
    }
    copy = arena_strndup(a, out.at, out.len);
    buf_free(&out);
    return copy;
}

const char *
fault_echo_json(struct arena *a, struct json_object *value)
{
    const char *text;

    if (json_object_is_type(value, json_type_string)) {
        return fault_echo_text(a, json_object_get_string(value),
                               (size_t)json_object_get_string_len(value));
    }
    text = json_object_to_json_string_ext(value,
                                          JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    return strlen(text) > ECHO_MAX ? "\"\xE2\x80\xA6\"" : arena_strdup(a, text);
}

const char *
fault_ctx(struct arena *a, const char *name, const char *value)
{
    return arena_printf(a, "\"%s\":%s", name, fault_echo_text(a, value, strlen(value)));
}
