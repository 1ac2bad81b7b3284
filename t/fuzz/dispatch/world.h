/*
 * The users, rooms, tasks and exports that every script begins with, and what must hold after it.
 *
 * Texts that only some may see contain "hush-KIND-N": world_find_leak asks the database who may.
 */
#ifndef T_FUZZ_DISPATCH_WORLD_H
#define T_FUZZ_DISPATCH_WORLD_H

#include "base/random.h"
#include "fcgi/app.h"

#define WORLD_PASSWORD "correct horse"
#define WORLD_SECRET "hush-"
/* Sessions and unfinished tasks of a user, and rooms and strangers a day. */
#define WORLD_LIMIT "3"

struct world_user {
    const char *name;
    bool is_active; /* a user who is not is nobody to the server */
};

/* User 1 is the first of them; ends with NULL. dave is an admin, eve is disabled. */
extern const struct world_user world_users[];

/* The token of a session that the user has. Whoever is not one of them gets a token of nobody. */
void world_token(const char *name, char token[static TOKEN_TEXT_SIZE]) __attribute__((nonnull));

/*
 * Makes the tables and fills them, in the database that the settings name, which has none yet.
 * Returns NULL, or the reason of the failure.
 */
const char *world_make(const struct settings *settings, struct db *db)
    __attribute__((nonnull, warn_unused_result));

/* Makes the tables as world_make left them; but users.changes still grows. */
const char *world_reset(struct db *db) __attribute__((nonnull, warn_unused_result));

/* A secret in the text that this user (0: nobody) may not see; NULL if there is none. */
const char *world_find_leak(struct db *db, struct arena *a, const char *text, int64_t user_id)
    __attribute__((nonnull, warn_unused_result));

/* A rule about the tables that does not hold; NULL if all do. */
const char *world_broken_rule(struct db *db) __attribute__((nonnull, warn_unused_result));

#endif
