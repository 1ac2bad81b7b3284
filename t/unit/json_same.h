/* Compares values that are read in place with json-c's tree of the same text. */
#ifndef T_UNIT_JSON_SAME_H
#define T_UNIT_JSON_SAME_H

#include <string.h>

#include "base/json.h"

static bool json_same(struct json_value value, struct json_object *tree, struct arena *a);

static inline bool
json_same_text(struct json_value value, struct json_object *tree, struct arena *a)
{
    size_t len, want = (size_t)json_object_get_string_len(tree);
    const char *text = json_decode(value, a, &len), *wanted = json_object_get_string(tree);

    return len == want && memcmp(text, wanted, len) == 0 && text[len] == '\0' &&
           json_equals(value, wanted) == (strlen(wanted) == want);
}

static inline bool
json_same_list(struct json_value value, struct json_object *tree, struct arena *a)
{
    struct json_items items = json_items(value);
    struct json_value element;
    size_t i = 0;

    while (json_next_element(&items, &element)) {
        if (!json_same(element, json_object_array_get_idx(tree, i++), a)) {
            return false;
        }
    }
    return i == json_count(value) && i == json_object_array_length(tree);
}

static inline bool
json_same_object(struct json_value value, struct json_object *tree, struct arena *a)
{
    struct json_items items = json_items(value);
    struct json_value key, member;
    size_t count = 0;

    while (json_next_member(&items, &key, &member)) {
        struct json_object *other;
        size_t len;
        const char *name = json_decode(key, a, &len);

        if (!json_object_object_get_ex(tree, name, &other) || !json_same(member, other, a) ||
            json_member(value, name).at != member.at) {
            return false;
        }
        count++;
    }
    return count == json_count(value) && count == (size_t)json_object_object_length(tree);
}

static inline bool
json_same(struct json_value value, struct json_object *tree, struct arena *a)
{
    switch (value.kind) {
    case JSON_ABSENT:
        return false;
    case JSON_NULL:
        return tree == NULL;
    case JSON_BOOLEAN:
        return json_object_is_type(tree, json_type_boolean) &&
               json_object_get_boolean(tree) == (value.at[0] == 't');
    case JSON_INTEGER:
        return json_object_is_type(tree, json_type_int) &&
               json_object_get_int64(tree) == json_int64(value);
    case JSON_FRACTION:
        return json_object_is_type(tree, json_type_double);
    case JSON_STRING:
        return json_object_is_type(tree, json_type_string) && json_same_text(value, tree, a);
    case JSON_ARRAY:
        return json_object_is_type(tree, json_type_array) && json_same_list(value, tree, a);
    case JSON_OBJECT:
        return json_object_is_type(tree, json_type_object) && json_same_object(value, tree, a);
    }
    return false;
}

#endif
