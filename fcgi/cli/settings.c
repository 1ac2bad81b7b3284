/* `fastchat settings`. */
#include "base/settings.h"

#include <stdlib.h>

#include "fcgi/cli/commands.h"

static int
settings_print_one(const struct settings *settings, const struct arguments *a)
{
    const char *key = argument_text(a, "get");
    const char *value = settings_get(settings, key);

    if (value == NULL) {
        return command_usage_error(a, "%s is not a setting", key);
    }
    (void)puts(value);
    return 0;
}

/* Scripts get one value after another: warnings would come with each. */
static struct settings *
settings_load_quietly(void)
{
    char *text = NULL;
    size_t len = 0;
    FILE *errors = open_memstream(&text, &len);
    struct settings *settings = settings_load(NULL, errors != NULL ? errors : stderr);

    if (errors != NULL) {
        (void)fclose(errors);
    }
    if (settings == NULL) {
        (void)fputs(text != NULL ? text : "", stderr);
    }
    free(text);
    return settings;
}

static int
settings_command_run(const struct arguments *a)
{
    struct settings *settings = argument_given(a, "get") ? settings_load_quietly()
                                                         : settings_load(NULL, stderr);
    const char *warning;
    int status = 0;

    if (settings == NULL) {
        return 1;
    }
    if (argument_given(a, "get")) {
        status = settings_print_one(settings, a);
    } else if (argument_given(a, "check")) {
        (void)puts("the settings are good");
    } else {
        settings_print(settings, stdout);
    }
    warning = settings_redis_warning(settings);
    if (warning != NULL && !argument_given(a, "get")) {
        (void)fprintf(stderr, "fastchat: %s\n", warning);
    }
    settings_free(settings);
    return status;
}

static const struct command_option settings_options[] = {
    {.name = "check", .help = "only check the settings"},
    {.name = "get", .value = "KEY", .help = "print the value of one key, for scripts"},
    {.name = NULL},
};
const struct command settings_command = {
    .name = "settings",
    .summary = "show the settings and where each comes from",
    .options = settings_options,
    .run = settings_command_run,
};
