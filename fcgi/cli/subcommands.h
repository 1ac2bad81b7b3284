/* Commands of several verbs on the database (`fastchat task list`, `fastchat user admin NAME`): their words, and what they say. */
#ifndef FCGI_CLI_SUBCOMMANDS_H
#define FCGI_CLI_SUBCOMMANDS_H

#include <stdbool.h>
#include <stdint.h>

#include "db/mysql/db.h"
#include "fcgi/app.h"

enum { VERB_LIST_MAX = 10000 };

/* What the words behind a verb said. */
struct call {
    const char *subject; /* the one word that a verb takes; NULL for one that takes none */
    const char *state, *kind;
    int64_t limit; /* 50 unless it was given */
    bool admins;
};

struct verb {
    const char *name;
    int (*run)(struct resources *r, const struct call *call); /* the exit status */
    const char *subject; /* what its one word is ("the number of a task"); NULL: it takes none */
    const char *options; /* of --state, --kind, --limit, --admins, by their first letters */
};

/*
 * Find the verb words[1] in `verbs` (ends with one without a name), read what stands behind it, and run it on the
 * application's stores. The exit status: 2 for words that cannot be understood, after having said so.
 */
int verbs_run(const char *command, const struct verb *verbs, int count, char **words)
    __attribute__((nonnull));

/* Say on stderr, behind "fastchat COMMAND: ", what is wrong; returns `status`. */
int verb_complain(int status, const char *format, ...)
    __attribute__((nonnull(2), format(printf, 2, 3)));

/* 0 for DB_OK; else 1, after having said what it means. `missing` is said for DB_NONE. */
int verb_judge(enum db_result r, const char *missing) __attribute__((nonnull));

/* A time for people; "-" for 0. `text` has room for CLOCK_TEXT_SIZE. */
const char *verb_time(int64_t ms, char *text) __attribute__((nonnull, returns_nonnull));

#endif
