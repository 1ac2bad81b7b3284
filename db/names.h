/*
 * The names of message senders, cached by each thread until they change, so that a page of messages
 * needs no join.
 */
#ifndef DB_NAMES_H
#define DB_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "db/mysql/db.h"

struct names;

/* Owned by one thread. */
struct names *names_open(void) __attribute__((returns_nonnull, warn_unused_result));
void names_close(struct names *names);

/* A user as entries show one. */
struct person {
    int64_t id;
    const char *username, *nickname;
    int nickname_taken; /* the nickname is the user name of somebody else */
};

/*
 * Fills in the names, NULL before, of `count` persons that are `stride` bytes apart, by id; up to
 * 2 s old. Those of a deleted user are "". The texts live in the arena.
 */
enum db_result names_fill(struct names *names, struct db *db, struct arena *a, struct person *first,
                          size_t count, size_t stride) __attribute__((nonnull, warn_unused_result));

/* Call this after a nickname has changed: this thread then reads it again. */
void names_invalidate(struct names *names, int64_t user_id) __attribute__((nonnull));

#endif
