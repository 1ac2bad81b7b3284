/* Sign-ins: one row a device. MySQL is the truth; Redis keeps a copy of each for a minute. */
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
        member_of; /* the room asked about, where Redis knows the user to be in it; 0: ask the database */
};

/* One of a user's devices, as a list shows it. */
struct device {
    int64_t id;
    const char *device;
    int64_t created_at, last_seen_at, expires_at;
    int current;
};

/* Make one; its token's hash is all that is kept. */
enum db_result sessions_add(struct db *db, int64_t user_id,
                            const uint8_t hash[static TOKEN_HASH_BYTES], const char *device,
                            int days, struct session *made)
    __attribute__((nonnull, warn_unused_result));

/*
 * Find the session of a token, count the call for its user where use->per_minute is not 0, and look whether the user is known to be
 * in room_id (0: none is asked about), all in one trip to Redis.
 * DB_NONE where there is none, or it has expired. A session in use is prolonged, and last_seen_at moved, at most once an hour.
 */
enum db_result sessions_find(struct db *db, struct redis *redis,
                             const uint8_t hash[static TOKEN_HASH_BYTES], int days,
                             struct limit_use *use, int64_t room_id, struct session *found)
    __attribute__((nonnull, warn_unused_result));

/* A page of a user's sessions that have not expired, newest first, below `before` (0: from the newest). */
enum db_result sessions_list(struct db *db, int64_t user_id, int64_t before, size_t limit,
                             struct arena *a, struct device **devices, size_t *count)
    __attribute__((nonnull, warn_unused_result));

/* End a user's session; DB_NONE where the user has no such one. From then on its token finds nothing. */
enum db_result sessions_end(struct db *db, struct redis *redis, int64_t user_id, int64_t session_id)
    __attribute__((nonnull, warn_unused_result));

/* Give a user another password and end all sessions but one, both or neither. */
enum db_result sessions_change_password(struct db *db, struct redis *redis, struct arena *a,
                                        int64_t user_id, int64_t kept_id, const char *password_hash)
    __attribute__((nonnull, warn_unused_result));

/* Delete sessions that nobody can use any more: at most `limit`; *deleted says how many. */
enum db_result sessions_purge(struct db *db, size_t limit, uint64_t *deleted)
    __attribute__((nonnull, warn_unused_result));

#endif
