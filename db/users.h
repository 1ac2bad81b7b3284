/* The people: their names and password hashes. */
#ifndef DB_USERS_H
#define DB_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/mysql/db.h"

struct user {
    int64_t id;
    const char *username, *nickname;
    int64_t created_at;
    int is_admin; /* may see and do what is the whole server's */
};

/* Make one. DB_EXISTS where the name, whatever its case, is taken. */
enum db_result users_add(struct db *db, struct arena *a, const char *username, const char *nickname,
                         const char *password_hash, struct user *made)
    __attribute__((nonnull, warn_unused_result));

/* DB_NONE where there is none. */
enum db_result users_find(struct db *db, struct arena *a, int64_t id, struct user *found)
    __attribute__((nonnull, warn_unused_result));

/* By name, whatever its case, and the hash of the password. */
enum db_result users_find_by_name(struct db *db, struct arena *a, const char *username,
                                  struct user *found, const char **password_hash)
    __attribute__((nonnull, warn_unused_result));

enum db_result users_password_hash(struct db *db, struct arena *a, int64_t id,
                                   const char **password_hash)
    __attribute__((nonnull, warn_unused_result));

/* A page of the users whose name begins with `prefix`, whatever its case, by name; after the user name `after` ("" for the first page). */
enum db_result users_search(struct db *db, struct arena *a, const char *prefix, const char *after,
                            size_t limit, struct user **users, size_t *count)
    __attribute__((nonnull, warn_unused_result));

/* Count a change of the user's rooms or sessions, in the transaction that makes it: open streams see the number grow. */
enum db_result users_changed(struct db *db, int64_t id)
    __attribute__((nonnull, warn_unused_result));

/* Is the user an admin? DB_NONE where there is no such user. users_set_admin makes one, or no more one, by name whatever its case. */
enum db_result users_is_admin(struct db *db, int64_t id, bool *is)
    __attribute__((nonnull, warn_unused_result));
enum db_result users_set_admin(struct db *db, struct arena *a, const char *username, bool is)
    __attribute__((nonnull, warn_unused_result));

/* A page of all users, or of the admins alone, by id, after the user `after` (0 for the first page). `found` has room for `limit`. */
enum db_result users_list(struct db *db, struct arena *a, bool admins, int64_t after, size_t limit,
                          struct user *found, size_t *count)
    __attribute__((nonnull, warn_unused_result));

enum db_result users_set_nickname(struct db *db, int64_t id, const char *nickname)
    __attribute__((nonnull, warn_unused_result));
enum db_result users_set_password(struct db *db, int64_t id, const char *password_hash)
    __attribute__((nonnull, warn_unused_result));

#endif
