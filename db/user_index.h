/*
 * Search keys of users, which are folded names, and an index of the single and double characters
 * in them, called grams.
 */
#ifndef DB_USER_INDEX_H
#define DB_USER_INDEX_H

#include "db/mysql/db.h"

enum { USER_SEARCHED_MAX = 64 /* characters of a name, from its beginning, that are searched */ };

/* A name, or a text to find in names: folded, with single spaces, up to USER_SEARCHED_MAX. */
char *user_search_key(const char *text, struct arena *a) __attribute__((returns_nonnull, nonnull));

enum { GRAM_SIZE = 9 /* two characters in UTF-8, and NUL */ };

/* Sorted, without duplicates. */
struct grams {
    char (*at)[GRAM_SIZE];
    size_t count;
};

/* The grams of one or two search keys; `other` may be "". */
struct grams grams_of(const char *key, const char *other, struct arena *a) __attribute__((nonnull));

/* Inside a transaction: replaces a user's grams in the index by others. */
enum db_result user_grams_change(struct db *db, int64_t user_id, const struct grams *from,
                                 const struct grams *to)
    __attribute__((nonnull, warn_unused_result));

/*
 * Indexes the users that an older fastchat made or that were indexed with an older Unicode. Of
 * names that look alike, the first keeps its skeleton; the others stay valid. Safe to interrupt and
 * to run on several hosts at once. *count is the number of users that were indexed.
 */
enum db_result users_index_old(struct db *db, int64_t *count)
    __attribute__((nonnull, warn_unused_result));

#endif
