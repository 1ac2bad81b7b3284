/*
 * .env files, in the grammar of python-dotenv (github.com/theskumar/python-dotenv, "File format").
 *
 *     export KEY=value # comment
 *     KEY='as it stands but for \' and \\'
 *     KEY="with \n and the like"
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
 * One KEY=value, its value decoded and interpolated (in every kind of quotes, as python-dotenv
 * does).
 */
struct dotenv_pair {
    const char *key;
    const char *value; /* NULL: the key stands alone, without "=" */
    int line;          /* from 1, where the key stands */
};

/* A line that could not be read. */
struct dotenv_fault {
    int line;
    const char *reason; /* a static English phrase */
};

struct dotenv {
    struct dotenv_pair *pairs; /* in the file's order; the last of a key counts */
    size_t count;
    struct dotenv_fault *faults;
    size_t fault_count;
};

/*
 * Read a whole file's text. `lookup` gives the environment's value of a name, or NULL: in ${NAME}
 * it goes before the file's own earlier lines. Texts live in the arena. False where there are
 * faults; the other lines were read all the same.
 */
bool dotenv_parse(struct dotenv *env, const char *text, size_t len,
                  const char *(*lookup)(const char *name), struct arena *a)
    __attribute__((nonnull, warn_unused_result));

/* The last pair of that key; NULL. */
const struct dotenv_pair *dotenv_find(const struct dotenv *env, const char *key)
    __attribute__((nonnull));

#endif
