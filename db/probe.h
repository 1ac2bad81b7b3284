/* The user that `fastchat check` creates, and removes with all of its data. */
#ifndef DB_PROBE_H
#define DB_PROBE_H

#include <stdbool.h>

#include "db/users.h"

/*
 * Makes the user. Nobody can sign up under such a name, which contains a "-". The name lives in the
 * arena.
 */
enum db_result probe_add(struct db *db, struct arena *a, const char *password_hash,
                         struct user *made) __attribute__((nonnull, warn_unused_result));

/* Removes the user, its sessions, and the rooms in which nobody else is, with their logs. */
enum db_result probe_remove(struct db *db, struct arena *a, int64_t user_id)
    __attribute__((nonnull, warn_unused_result));

/* Removes the users of checks that were killed more than ten minutes ago. */
enum db_result probe_remove_old(struct db *db, struct arena *a)
    __attribute__((nonnull, warn_unused_result));

/*
 * Appends a message to a room and reads it, in a transaction that is rolled back. *same: whether
 * the text was read as it was written.
 */
enum db_result probe_message(struct db *db, struct arena *a, const char *body, bool *same)
    __attribute__((nonnull, warn_unused_result));

#endif
