/*
 * Any bytes as a .env file: no fault of memory, lines that are in the file, texts that are UTF-8.
 */
#include "t/fuzz/fuzz.h"

#include "base/dotenv.h"
#include "base/settings_keys.h"
#include "base/utf8.h"

static const char *
lookup(const char *name)
{
    return name[0] == 'E' ? "environment" : NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct arena a = {0};
    struct dotenv env;
    int lines = 1;
    bool good = dotenv_parse(&env, (const char *)bytes, len, lookup, &a);

    for (size_t i = 0; i < len; i++) {
        lines += bytes[i] == '\n' || bytes[i] == '\r';
    }
    demand(good == (env.fault_count == 0));
    for (size_t i = 0; i < env.count; i++) {
        const struct dotenv_pair *pair = &env.pairs[i];

        demand(pair->line >= 1 && pair->line <= lines);
        demand(pair->key[0] != '\0' && utf8_valid(pair->key, strlen(pair->key)));
        demand(pair->value == NULL || utf8_valid(pair->value, strlen(pair->value)));
        (void)setting_nearest(pair->key);
        for (size_t k = 0; k < SETTING_COUNT && pair->value != NULL; k++) {
            struct settings s;
            char reason[SETTING_REASON_SIZE];

            demand(setting_read(&settings_table[k], pair->value, &s, reason) || reason[0] != '\0');
        }
    }
    for (size_t i = 0; i < env.fault_count; i++) {
        demand(env.faults[i].line >= 1 && env.faults[i].line <= lines);
        demand(env.faults[i].reason != NULL);
    }
    arena_free(&a);
    return 0;
}
