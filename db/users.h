/* User accounts: names, password hashes, the admin right. Results live in the arena. */
#ifndef DB_USERS_H
#define DB_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vocabulary.h"
#include "db/mysql/db.h"

/* A user who is not active cannot sign in. */
#define USER_STATES(WORD)                                                                          \
    WORD(USER_ACTIVE, "active")                                                                    \
    WORD(USER_DISABLED, "disabled")                                                                \
    WORD(USER_DELETED, "deleted")
enum user_state { USER_STATES(VOCABULARY_CONSTANT) };
extern const char *const user_state_words[]; /* ends with NULL */

struct user {
    int64_t id;
    const char *username, *nickname;
    int64_t created_at;
    int is_admin; /* may use what concerns the whole server */
    int state;    /* enum user_state */
};

/* The columns of a user, the first ones of a query whose current row user_read reads. */
#define USER_COLUMNS "id, username, nickname, created_at, is_admin, state"
enum { USER_COLUMN_COUNT = 6 };
struct user user_read(struct db *db, struct arena *a) __attribute__((nonnull));

/*
 * Stores the name in its normal form (unicode_name). `nickname` may be NULL: the name. DB_EXISTS if
 * the name is taken, or looks like one that is; names that differ only in case are the same.
 */
enum db_result users_add(struct db *db, struct arena *a, const char *username, const char *nickname,
                         const char *password_hash, struct user *made)
    __attribute__((nonnull(1, 2, 3, 5, 6), warn_unused_result));

/* DB_NONE: no such user. */
enum db_result users_find(struct db *db, struct arena *a, int64_t id, struct user *found)
    __attribute__((nonnull, warn_unused_result));

/* By name, without regard to case; also the password hash. DB_NONE: no such user. */
enum db_result users_find_by_name(struct db *db, struct arena *a, const char *username,
                                  struct user *found, const char **password_hash)
    __attribute__((nonnull, warn_unused_result));

enum db_result users_password_hash(struct db *db, struct arena *a, int64_t id,
                                   const char **password_hash)
    __attribute__((nonnull, warn_unused_result));

struct user_page {
    struct user *users;
    size_t count;
    const char *next; /* the cursor of the next page; NULL: there is none */
};

/*
 * A page of at most `limit` users with `text` in their user name or nickname, without regard to
 * case and width: first those whose user name begins with it. `cursor` is "" for the first page. A
 * page may have fewer users, or none, although others follow: the cost of each is bounded.
 */
enum db_result users_search(struct db *db, struct arena *a, const char *text, const char *cursor,
                            size_t limit, struct user_page *page)
    __attribute__((nonnull, warn_unused_result));

/*
 * Counts a change of the user's rooms, sessions or names, in the transaction that makes it: whoever
 * knows them by another number reads them again.
 */
enum db_result users_changed(struct db *db, int64_t id)
    __attribute__((nonnull, warn_unused_result));

/* The same for everybody in a room, by user id, so that two rooms do not lock one another. */
enum db_result users_changed_in(struct db *db, int64_t room_id)
    __attribute__((nonnull, warn_unused_result));

/*
 * Inside a transaction: locks the rows of these users by id, which orders transactions on several
 * users; sorts `ids`. DB_NONE if one of them does not exist or is deleted.
 */
enum db_result users_lock(struct db *db, int64_t *ids, size_t count)
    __attribute__((nonnull, warn_unused_result));

/* Like users_changed, but DB_CONFLICT unless the user is active and has this password hash. */
enum db_result users_changed_if(struct db *db, int64_t id, const char *password_hash)
    __attribute__((nonnull, warn_unused_result));

/*
 * The same with a new password hash, but DB_CONFLICT unless the user has the old one, or the new
 * one already.
 */
enum db_result users_replace_password(struct db *db, int64_t id, const char *old_hash,
                                      const char *new_hash)
    __attribute__((nonnull, warn_unused_result));

/*
 * Like users_changed, with a new password hash and a new state, if they are not NULL. DB_NONE:
 * there is no such user, or the user is deleted.
 */
enum db_result users_set_account(struct db *db, int64_t id, const char *password_hash,
                                 const enum user_state *state)
    __attribute__((nonnull(1), warn_unused_result));

/*
 * Reads and sets the admin right, the latter by name without regard to case. DB_NONE: no such user,
 * or one who is deleted.
 */
enum db_result users_is_admin(struct db *db, int64_t id, bool *is_admin)
    __attribute__((nonnull, warn_unused_result));
enum db_result users_set_admin(struct db *db, struct arena *a, const char *username, bool is_admin)
    __attribute__((nonnull, warn_unused_result));

/*
 * A page of at most `limit` users, or of admins only, by id, after the user `after` (0: the first
 * page). `found` has room for `limit`.
 */
enum db_result users_list(struct db *db, struct arena *a, bool admins, int64_t after, size_t limit,
                          struct user *found, size_t *count)
    __attribute__((nonnull, warn_unused_result));

/*
 * A column of a query that reads a nickname from `users u`: whether it is the user name of somebody
 * else, without regard to case and width.
 */
#define NICKNAME_IS_TAKEN                                                                          \
    "EXISTS (SELECT 1 FROM users o WHERE o.username_key = u.nickname_key AND o.id <> u.id)"

/* DB_NONE: no such user. */
enum db_result users_set_nickname(struct db *db, struct arena *a, int64_t id, const char *nickname)
    __attribute__((nonnull, warn_unused_result));

#endif
