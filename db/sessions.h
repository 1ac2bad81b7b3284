/* Sessions: one row per sign-in. MySQL is the truth; Redis has a copy of each for a minute. */
#ifndef DB_SESSIONS_H
#define DB_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/random.h"
#include "db/mysql/db.h"
#include "db/redis/limits.h"
#include "db/redis/redis.h"

struct session {
    int64_t id, user_id;
    int64_t expires_at;
    int64_t
        known_room_id; /* room_id of sessions_find if Redis knows the user to be in it; else 0 */
};

/* A session as a list shows it. */
struct device {
    int64_t id;
    const char *device;
    int64_t created_at, last_seen_at, expires_at;
    int current;
};

/* Makes a session; only the hash of its token is stored. */
enum db_result sessions_add(struct db *db, int64_t user_id,
                            const uint8_t hash[static TOKEN_HASH_BYTES], const char *device,
                            int days, struct session *made)
    __attribute__((nonnull, warn_unused_result));

/*
 * Finds the session of a token, counts the call for its user if use->per_minute is not 0, and looks
 * up whether the user is in room_id (0: no room), all in one round trip to Redis. DB_NONE if it
 * does not exist or has expired. A session in use is prolonged, and last_seen_at moved, at most
 * once an hour.
 */
enum db_result sessions_find(struct db *db, struct redis *redis,
                             const uint8_t hash[static TOKEN_HASH_BYTES], int days,
                             struct limit_use *use, int64_t room_id, struct session *found)
    __attribute__((nonnull, warn_unused_result));

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

/* Sets a new password and ends all sessions except one; both, or neither. */
enum db_result sessions_change_password(struct db *db, struct redis *redis, struct arena *a,
                                        int64_t user_id, int64_t kept_id, const char *password_hash)
    __attribute__((nonnull, warn_unused_result));

/* Deletes at most `limit` expired sessions; *deleted is their number. */
enum db_result sessions_purge(struct db *db, size_t limit, uint64_t *deleted)
    __attribute__((nonnull, warn_unused_result));

#endif
