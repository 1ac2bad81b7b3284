/* json-c builds the tree of a text that json_check has accepted. */
#include <string.h>

#include "base/json.h"
#include "base/json_plain.h"
#include "base/utf8.h"

/* The next escaped surrogate pair; NULL if there is none. */
static const char *
find_pair(const char *text, const char *end)
{
    text = memchr(text, '\\', (size_t)(end - text));
    while (text != NULL) {
        long unit = json_unit(text, end);

        if (unit >= 0xD800 && unit <= 0xDBFF) {
            return text;
        }
        text = memchr(text + 2, '\\', (size_t)(end - text) - 2);
    }
    return NULL;
}

/*
 * Returns the text with every escaped surrogate pair replaced by its character. json-c mistakes
 * U+1D800, and every character whose lower 16 bits look like a surrogate, for a lone surrogate and
 * replaces it by U+FFFD (json-c's pull request 893).
 */
static const char *
without_pairs(const char *text, size_t *len, struct arena *scratch)
{
    const char *end = text + *len, *pair = find_pair(text, end);
    char *copy, *to;

    if (pair == NULL) {
        return text;
    }
    copy = to = arena_alloc(scratch, *len);
    for (; pair != NULL; pair = find_pair(text, end)) {
        memcpy(to, text, (size_t)(pair - text));
        to += pair - text;
        to += utf8_put(to, json_pair(json_unit(pair, end), json_unit(pair + 6, end)));
        text = pair + 12;
    }
    memcpy(to, text, (size_t)(end - text));
    *len = (size_t)(to - copy) + (size_t)(end - text);
    return copy;
}

/*
 * The text need not end in a NUL: json-c, which requires one, gets it separately. No flags: the
 * text is known to be strict JSON, and JSON_TOKENER_STRICT of 0.18 refuses every byte above 0x7F in
 * a string (json-c/json-c#892).
 */
static enum json_tokener_error
json_build_tree(struct json_tokener *tokener, const char *text, size_t len,
                struct json_object **tree)
{
    enum json_tokener_error result;

    *tree = json_tokener_parse_ex(tokener, text, (int)len);
    result = json_tokener_get_error(tokener);
    if (result == json_tokener_continue) { /* a number might continue */
        *tree = json_tokener_parse_ex(tokener, "", 1);
        result = json_tokener_get_error(tokener);
    }
    return result;
}

bool
json_parse(const char *text, size_t len, struct arena *scratch, struct json_object **tree,
           struct json_error *error)
{
    struct json_tokener *tokener;
    enum json_tokener_error result;

    *tree = NULL;
    if (!json_check(text, len, scratch, error)) {
        return false;
    }
    tokener = json_tokener_new_ex(JSON_MAX_DEPTH + 1);
    if (tokener == NULL) {
        *error = (struct json_error){.reason = "out of memory"};
        return false;
    }
    text = without_pairs(text, &len, scratch);
    result = json_build_tree(tokener, text, len, tree);
    if (result != json_tokener_success) {
        *error = (struct json_error){.offset = json_tokener_get_parse_end(tokener),
                                     .reason = json_tokener_error_desc(result)};
        json_object_put(*tree);
        *tree = NULL;
    }
    json_tokener_free(tokener);
    return result == json_tokener_success;
}
