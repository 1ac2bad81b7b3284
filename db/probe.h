/*
 * A user that exists for the length of a check (`fastchat check`): how it is made, and how all that
 * it left is removed.
 */
#ifndef DB_PROBE_H
#define DB_PROBE_H

#include <stdbool.h>

#include "db/users.h"

/* Make the user. Nobody can sign up under such a name: it has a "-". The name is in the arena. */
enum db_result probe_add(struct db *db, struct arena *a, const char *password_hash,
                         struct user *made) __attribute__((nonnull, warn_unused_result));

/* Remove the user and the sessions, and the rooms in which nobody else is with all that was said. */
enum db_result probe_remove(struct db *db, struct arena *a, int64_t user_id)
    __attribute__((nonnull, warn_unused_result));

/* Remove those that checks have left which were killed more than ten minutes ago. */
enum db_result probe_remove_old(struct db *db, struct arena *a)
    __attribute__((nonnull, warn_unused_result));

/*
 * Append a message to a room and read it, in a transaction that is rolled back. *same: it was read
 * as it was written.
 */
enum db_result probe_message(struct db *db, struct arena *a, const char *body, bool *same)
    __attribute__((nonnull, warn_unused_result));

#endif
