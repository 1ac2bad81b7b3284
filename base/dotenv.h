/* .env files, in python-dotenv's grammar (saurabh-kumar.com/python-dotenv, "File format"). */
#ifndef BASE_DOTENV_H
#define BASE_DOTENV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/* One KEY=value, its value decoded and interpolated. */
struct dotenv_pair {
    const char *key, *value;
    int line; /* from 1, where the key stands */
};

struct dotenv {
    struct dotenv_pair *pairs; /* in the file's order; the last of a key counts */
    size_t count;
    /* Where it could not be read: */
    int error_line;
    const char *error; /* NULL: all was read */
};

/*
 * Read a whole file's text. `lookup` gives the environment's value of a name, or NULL: in ${NAME} it goes before the file's
 * own earlier lines. Texts live in the arena. False, with error and error_line set, at the first line that is wrong.
 */
bool dotenv_parse(struct dotenv *env, const char *text, size_t len, const char *(*lookup)(const char *name),
                  struct arena *a) __attribute__((nonnull, warn_unused_result));

/* The last pair of that key; NULL. */
const struct dotenv_pair *dotenv_find(const struct dotenv *env, const char *key) __attribute__((nonnull));

#endif
