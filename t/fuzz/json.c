/*
 * json_check against json-c: what the check takes, json-c takes too, prints, and reads again as the
 * same; read in place, it has the same values; and what is written from any bytes is taken by the
 * check.
 */
#include "t/fuzz/fuzz.h"

#include "base/json.h"
#include "base/random.h"
#include "base/utf8.h"
#include "t/unit/json_same.h"

static void
check_tree(struct json_object *tree, struct arena *scratch)
{
    struct json_object *again;
    struct json_error error;
    const char *printed = json_object_to_json_string_ext(tree, JSON_C_TO_STRING_PLAIN |
                                                                   JSON_C_TO_STRING_NOSLASHESCAPE);

    demand(json_parse(printed, strlen(printed), scratch, &again, &error));
    demand(json_object_equal(tree, again));
    json_object_put(again);
}

/* As json_string, and then in ASCII. */
static void
string_in_ascii(struct buf *out, const char *s, size_t len)
{
    struct buf plain = {0};

    json_string(&plain, s, len);
    json_ascii(out, plain.at, plain.len);
    buf_free(&plain);
}

static void
check_writing(const char *text, size_t len, struct arena *scratch)
{
    void (*const writers[])(struct buf *, const char *, size_t) = {json_string, string_in_ascii};

    for (int i = 0; i < 2; i++) {
        struct buf out = {0};
        struct json_object *tree;
        struct json_error error;

        writers[i](&out, text, len);
        demand(json_parse(out.at, out.len, scratch, &tree, &error));
        if (utf8_valid(text, len)) {
            demand((size_t)json_object_get_string_len(tree) == len);
            demand(memcmp(json_object_get_string(tree), text, len) == 0);
        }
        json_object_put(tree);
        buf_free(&out);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static bool random;
    const char *text = (const char *)bytes;
    struct arena scratch = {0};
    struct json_error error = {.reason = NULL};
    struct json_object *tree;

    random = random || random_init();
    demand(random);
    if (json_check(text, len, &scratch, &error)) {
        demand(utf8_valid(text, len));
        demand(json_parse(text, len, &scratch, &tree, &error));
        demand(json_same(json_whole(text, len), tree, &scratch));
        check_tree(tree, &scratch);
        json_object_put(tree);
    } else {
        demand(error.reason != NULL && error.offset <= len);
    }
    check_writing(text, len, &scratch);
    arena_free(&scratch);
    return 0;
}
