/* etc/.env.example lists what there is to set, as `fastchat settings` does. */
#include "base/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/dotenv.h"
#include "base/settings_keys.h"
#include "t/unit/tap.h"

static struct arena arena;

static const char *
no_environment(const char *name)
{
    (void)name;
    return NULL;
}

/*
 * "# KEY=value" counts as a line without the "# ": so stand those whose being set alone means
 * something.
 */
static size_t
uncomment(char *text, size_t len)
{
    size_t kept = 0;

    for (size_t i = 0; i < len; i++) {
        bool begins = i == 0 || text[i - 1] == '\n';

        if (begins && i + 2 < len && memcmp(text + i, "# ", 2) == 0) {
            size_t name = strspn(text + i + 2, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");

            i += name > 0 && text[i + 2 + name] == '=' ? 2 : 0;
        }
        text[kept++] = text[i];
    }
    text[kept] = '\0';
    return kept;
}

/* Reads the pairs of a .env file; reports false if it is not one. */
static bool
read_pairs(FILE *file, struct dotenv *env)
{
    char *text = arena_alloc(&arena, 64 * 1024 + 1);
    size_t len = file == NULL ? 0 : fread(text, 1, 64 * 1024, file);

    text[len] = '\0';
    len = uncomment(text, len);
    return ok(file != NULL, "the file is there (tests run in the project's root)") &&
           ok(dotenv_parse(env, text, len, no_environment, &arena), "the example is a .env file");
}

/* Every key in its order, and no other. The default of APP_VERSION is the program's own. */
static void
test_example(const struct dotenv *example)
{
    size_t at = 0;
    bool order = true, defaults = true;

    for (size_t i = 0; i < SETTING_COUNT && order; i++) {
        const struct setting *key = &settings_table[i];

        order = at < example->count && strcmp(example->pairs[at].key, key->name) == 0;
        if (!order) {
            diag("%s is missing, or out of place", key->name);
        } else if (strcmp(key->name, "APP_VERSION") != 0 &&
                   strcmp(example->pairs[at].value, key->fallback) != 0) {
            diag("%s has another default", key->name);
            defaults = false;
        }
        at++;
    }
    ok(order && at == example->count, "the example lists every key, and no other, in order");
    ok(defaults, "the example shows the defaults");
}

static void
test_print(const struct dotenv *example)
{
    struct settings *s = settings_load("etc/.env.example", stderr);
    FILE *out = tmpfile();
    struct dotenv printed;
    size_t at = 0;
    bool same = true;

    if (!ok(s != NULL && out != NULL, "the example works as it is")) {
        return;
    }
    settings_print(s, out);
    rewind(out);
    if (read_pairs(out, &printed)) {
        for (size_t i = 0; i < printed.count; i++) {
            same = same && at < example->count &&
                   strcmp(printed.pairs[i].key, example->pairs[at].key) == 0;
            at++;
        }
        ok(same && at == example->count, "the settings are printed in the order of the example");
    }
    settings_free(s);
    (void)fclose(out);
}

int
main(void)
{
    FILE *file = fopen("etc/.env.example", "r");
    struct dotenv example;

    for (size_t i = 0; i < SETTING_COUNT; i++) {
        (void)unsetenv(settings_table[i].name);
    }
    if (read_pairs(file, &example)) {
        test_example(&example);
        test_print(&example);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    arena_free(&arena);
    return done_testing();
}
