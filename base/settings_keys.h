/* The table of keys of base/settings.h, for base/settings*.c and their test. */
#ifndef BASE_SETTINGS_KEYS_H
#define BASE_SETTINGS_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/settings.h"

enum setting_type { SETTING_TEXT, SETTING_INTEGER, SETTING_BOOLEAN, SETTING_TLS };

/*
 * Returns what is wrong with a text, as a phrase that follows it ("is not a host name"); NULL if
 * nothing is.
 */
typedef const char *setting_rule(const char *text);

struct setting {
    const char *name;
    enum setting_type type;
    size_t offset;        /* of its member in struct settings */
    const char *fallback; /* the default, as a file would have it */
    int min, max;         /* an integer's value; a text's bytes */
    const char *noun;     /* what the integer is, for messages; NULL: a number */
    setting_rule *rule;   /* for a text, beyond its length; may be NULL */
    bool secret;          /* never shown */
};

enum {
    SETTING_COUNT = 54,
    SETTING_REASON_SIZE = 160,
};

extern const struct setting settings_table[SETTING_COUNT]; /* in the order of etc/.env.example */

/*
 * Reads a text by its row and sets the member. Returns false with the reason, a phrase that follows
 * the text.
 */
bool setting_read(const struct setting *row, const char *text, struct settings *s,
                  char reason[static SETTING_REASON_SIZE])
    __attribute__((nonnull, warn_unused_result));

/* The key that an unknown name most likely means; NULL if none is near. */
const char *setting_nearest(const char *name) __attribute__((nonnull));

#endif
