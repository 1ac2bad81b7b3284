/* Sessions: one row per sign-in. */
#ifndef DB_SESSIONS_H
#define DB_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/random.h"
#include "db/mysql/db.h"
#include "db/redis/redis.h"
#include "db/session.h"

enum { SESSION_UNUSED_MS = 3600 * 1000 /* after which a session that is used is prolonged */ };

#define SESSION_DAY_MS INT64_C(86400000)

/* A session as a list shows it. */
struct device {
    int64_t id;
    const char *device;
    int64_t created_at, last_seen_at, expires_at;
    int current;
};

/* A user who has given the right password. */
struct sign_in {
    int64_t user_id;
    const char *password_hash; /* with which the password was compared */
    const char *device;
    int days; /* until the session ends if it is not used */
    int most; /* sessions of the user: beyond it the least recently used ones end */
};

/*
 * Makes a session; only the hash of its token is stored. DB_CONFLICT if the user has another
 * password by now, or may not sign in any more.
 */
enum db_result sessions_add(struct db *db, struct redis *redis, const struct sign_in *sign_in,
                            const uint8_t hash[static TOKEN_HASH_BYTES], int64_t *expires_at)
    __attribute__((nonnull, warn_unused_result));

/*
 * The session of a token's hash, if this process knows it and nothing was revoked for the user
 * since it was read; false without Redis.
 */
bool sessions_find_known(struct db *db, const uint8_t hash[static TOKEN_HASH_BYTES],
                         struct session *found) __attribute__((nonnull, warn_unused_result));

/*
 * The session as the database has it, which this process then knows; about once an hour it is
 * prolonged by `days`. DB_NONE: there is none, or it has expired, or the user is not active.
 */
enum db_result sessions_find(struct db *db, const struct redis *redis,
                             const uint8_t hash[static TOKEN_HASH_BYTES], int days,
                             struct session *found) __attribute__((nonnull, warn_unused_result));

/*
 * A page of at most `limit` of a user's sessions that have not expired, newest first, before the
 * session `before` (0: the first page).
 */
enum db_result sessions_list(struct db *db, int64_t user_id, int64_t before, size_t limit,
                             struct arena *a, struct device **devices, size_t *count)
    __attribute__((nonnull, warn_unused_result));

/*
 * Ends a session of a user: its token is no longer accepted. DB_NONE if the user has no such
 * session.
 */
enum db_result sessions_end(struct db *db, struct redis *redis, int64_t user_id, int64_t session_id)
    __attribute__((nonnull, warn_unused_result));

struct password_replacement {
    int64_t user_id;
    const char *old_hash; /* with which the old password was compared */
    const char *new_hash;
    int64_t kept_id; /* the session that does not end */
};

/*
 * Sets a new password and ends all sessions except one; both, or neither. DB_CONFLICT if the user
 * has another password by now.
 */
enum db_result sessions_replace_password(struct db *db, struct redis *redis,
                                         const struct password_replacement *replacement)
    __attribute__((nonnull, warn_unused_result));

/* Deletes at most `limit` expired sessions; *deleted is their number. */
enum db_result sessions_purge(struct db *db, size_t limit, uint64_t *deleted)
    __attribute__((nonnull, warn_unused_result));

#endif
