/* The formats of texts that OpenAPI and pydantic have a name for. */
#include <ctype.h>
#include <string.h>

#include "routes/frame/shape.h"

enum { UUID_DIGITS = 32 };

/* The inside of "{…}" or after "urn:uuid:", with its length. */
static const char *
uuid_inside(const char *text, size_t *len)
{
    static const char urn[] = "urn:uuid:";

    *len = strlen(text);
    if (strncmp(text, urn, sizeof(urn) - 1) == 0) {
        *len -= sizeof(urn) - 1;
        return text + sizeof(urn) - 1;
    }
    if (*len > 2 && text[0] == '{' && text[*len - 1] == '}') {
        *len -= 2;
        return text + 1;
    }
    return text;
}

static bool
is_hyphen_place(size_t at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

static const struct text_fault *
uuid_fault(const char *text, struct arena *a)
{
    static const struct text_fault length = {"a UUID has 32 digits, with or without hyphens",
                                             "UUID 有 32 位，可以带连字符"};
    static const struct text_fault digit = {"a UUID has the digits 0 to 9 and a to f only",
                                            "UUID 只能包含 0–9 和 a–f"};
    size_t len;
    const char *inside = uuid_inside(text, &len);
    bool hyphens = len == UUID_DIGITS + 4;

    (void)a;
    if (!hyphens && (len != UUID_DIGITS || inside != text)) {
        return &length;
    }
    for (size_t i = 0; i < len; i++) {
        if (hyphens && is_hyphen_place(i) ? inside[i] != '-'
                                          : isxdigit((unsigned char)inside[i]) == 0) {
            return &digit;
        }
    }
    return NULL;
}

static const char *
uuid_plain(const char *text, struct arena *a)
{
    size_t len;
    const char *from = uuid_inside(text, &len);
    char *plain = arena_alloc(a, UUID_DIGITS + 4 + 1);

    for (size_t i = 0; i < UUID_DIGITS + 4; i++) {
        if (is_hyphen_place(i)) {
            plain[i] = '-';
            from += *from == '-';
        } else {
            plain[i] = (char)tolower((unsigned char)*from++);
        }
    }
    return plain;
}

const struct pattern uuid_pattern = {
    .fault = uuid_fault,
    .format = "uuid",
    .longest = sizeof("urn:uuid:") - 1 + UUID_DIGITS + 4,
    .plain = uuid_plain,
};
