/* Changes of accounts by an operator of the server. Each of them ends all sessions of the user. */
#ifndef DB_ACCOUNTS_H
#define DB_ACCOUNTS_H

#include "db/caller.h"
#include "db/users.h"

/* The nickname that stands for a deleted user, in every place that shows one. */
#define DELETED_NICKNAME "已注销用户 (deleted user)"

/*
 * Ends the user's sessions, and sets a new password hash and a new state with it, if they are not
 * NULL. DB_NONE: there is no such user, or the user is deleted.
 */
enum db_result accounts_change(struct db *db, struct redis *redis, int64_t user_id,
                               const char *password_hash, const enum user_state *state)
    __attribute__((nonnull(1, 2), warn_unused_result));

/*
 * Deletes the account of caller->user_id: the user leaves all groups as in members_remove, and the
 * user's tasks and exports go. Messages and direct rooms stay, under DELETED_NICKNAME; the user
 * name is free. It is several transactions; after a failure, call it again. DB_NONE as above.
 */
enum db_result accounts_delete(struct caller *caller) __attribute__((nonnull, warn_unused_result));

#endif
