/*
 * .env files, in the grammar of python-dotenv (github.com/theskumar/python-dotenv, "File format").
 *
 *     export KEY=value # comment
 *     KEY='literal, except \' and \\'
 *     KEY="with \n and other escapes"
 *     KEY=${OTHER:-default}
 *
 * Two differences: a BOM is skipped, and the value of `KEY= # comment` is empty.
 */
#ifndef BASE_DOTENV_H
#define BASE_DOTENV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/*
 * One KEY=value; the value is decoded and interpolated (in every kind of quotes, as python-dotenv
 * does).
 */
struct dotenv_pair {
    const char *key;
    const char *value; /* NULL: a key without "=" */
    int line;          /* of the key, from 1 */
};

/* A line that could not be read. */
struct dotenv_fault {
    int line;
    const char *reason; /* a static English phrase */
};

struct dotenv {
    struct dotenv_pair *pairs; /* in the file's order; the last one of a key wins */
    size_t count;
    struct dotenv_fault *faults;
    size_t fault_count;
};

/*
 * Reads the text of a whole file. `lookup` returns the environment's value of a name, or NULL; in
 * ${NAME} it takes precedence over earlier lines of the file. Texts live in the arena. Returns
 * false if any line has a fault; all other lines were read.
 */
bool dotenv_parse(struct dotenv *env, const char *text, size_t len,
                  const char *(*lookup)(const char *name), struct arena *a)
    __attribute__((nonnull, warn_unused_result));

/* The last pair with that key; NULL if there is none. */
const struct dotenv_pair *dotenv_find(const struct dotenv *env, const char *key)
    __attribute__((nonnull));

#endif
