/*
 * Any text as a user name, a line and a message. Normal forms are stable and valid. A user name
 * that is accepted stays acceptable in its normal form, and its keys fit their columns. The index
 * of a name is bounded.
 */
#include "t/fuzz/fuzz.h"

#include "base/unicode.h"
#include "base/utf8.h"
#include "db/user_index.h"
#include "routes/patterns.h"

enum { KEY_BYTES = 255, SKELETON_BYTES = 1024 };

/* A copy of the bytes that are valid UTF-8 without NUL. */
static char *
fuzz_text_read(const uint8_t *bytes, size_t len, struct arena *a)
{
    char *text = arena_alloc(a, len + 1);
    size_t used = 0;

    for (size_t i = 0; i < len;) {
        size_t step = bytes[i] == 0 ? 0 : utf8_sequence((const char *)bytes + i, len - i);

        memcpy(text + used, bytes + i, step);
        used += step;
        i += step > 0 ? step : 1;
    }
    return text;
}

static void
check_forms(const char *text, struct arena *a)
{
    const char *normal = unicode_nfkc(text, a), *folded = unicode_fold(text, a);
    const char *name = unicode_name(text, a);

    demand(utf8_valid(normal, strlen(normal)) && utf8_valid(folded, strlen(folded)));
    demand(strcmp(unicode_nfkc(normal, a), normal) == 0);
    demand(strcmp(unicode_fold(folded, a), folded) == 0);
    demand(strcmp(unicode_fold(normal, a), folded) == 0);
    demand(utf8_valid(name, strlen(name)) && strcmp(unicode_name(name, a), name) == 0);
    demand(strcmp(unicode_fold(name, a), folded) == 0);
}

static void
check_username(const char *text, struct arena *a)
{
    const char *name = unicode_name(text, a);

    if (username_pattern.fault(text, a) == NULL &&
        utf8_length(name, strlen(name)) <= USERNAME_MAX) {
        demand(username_pattern.fault(name, a) == NULL);
        demand(line_pattern.fault(name, a) == NULL);
        demand(strlen(unicode_fold(name, a)) <= KEY_BYTES);
        demand(strlen(unicode_skeleton(name, a)) <= SKELETON_BYTES);
    }
}

static void
check_line(const char *text, struct arena *a)
{
    bool is_line = line_pattern.fault(text, a) == NULL;

    demand(!is_line || text[0] == '\0' || message_pattern.fault(text, a) == NULL);
}

static void
check_index(const char *text, struct arena *a)
{
    const char *key = user_search_key(text, a);
    struct grams grams = grams_of(key, "", a);

    demand(utf8_length(key, strlen(key)) <= USER_SEARCHED_MAX);
    demand(strcmp(user_search_key(key, a), key) == 0);
    demand(grams.count <= 2 * USER_SEARCHED_MAX);
    for (size_t i = 0; i < grams.count; i++) {
        demand(strstr(key, grams.at[i]) != NULL);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct arena arena = {0};
    const char *text = fuzz_text_read(bytes, len, &arena);

    check_forms(text, &arena);
    check_username(text, &arena);
    check_line(text, &arena);
    check_index(text, &arena);
    arena_free(&arena);
    return 0;
}
