/*
 * The names of message senders as this process has read them from the database a moment ago, so
 * that a page of messages needs no join. About once a second those that are known are compared with
 * the database in one query. Its threads share them.
 */
#ifndef DB_NAMES_H
#define DB_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "db/mysql/db.h"

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
enum db_result names_fill(struct db *db, struct arena *a, struct person *first, size_t count,
                          size_t stride) __attribute__((nonnull, warn_unused_result));

/* Call this after a nickname has changed: this process then reads it again. */
void names_invalidate(int64_t user_id);

#endif
