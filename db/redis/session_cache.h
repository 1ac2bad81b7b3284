/*
 * Copies in Redis of what every call needs: the session of a token, and whether its user is in a
 * room. MySQL is the truth: a missing copy only costs a query, and a copy counts only while its
 * generation is current (db/generations.h).
 */
#ifndef DB_REDIS_SESSION_CACHE_H
#define DB_REDIS_SESSION_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"
#include "db/redis/limits.h"
#include "db/redis/redis.h"

enum { COPY_SECONDS = 60 /* how long a copy may be used */ };

/* The state of a user's rooms and sessions from which a copy was made. */
struct generation {
    int64_t changes; /* users.changes */
    int64_t read_at; /* when it was read, by the clock of the database (ms); 0: never */
};

struct session {
    int64_t id, user_id;
    int64_t expires_at;
    struct generation generation;
};

struct cached_session {
    struct session session;
    struct generation membership; /* of the copy that says that the user is in the room */
};

/*
 * Looks up the session of a token and whether its user is in room_id (0: no room), and counts the
 * call for the user if use->per_minute is not 0, all in one round trip. Returns false if there is
 * no copy of the session, or none as new as the changes that were announced.
 */
bool session_cache_find(struct redis *redis, const uint8_t hash[static TOKEN_HASH_BYTES],
                        struct limit_use *use, int64_t room_id, struct cached_session *found)
    __attribute__((nonnull, warn_unused_result));

void session_cache_put(struct redis *redis, const uint8_t hash[static TOKEN_HASH_BYTES],
                       const struct session *session) __attribute__((nonnull));

/* Call this after the database has confirmed, as of `generation`, that the user is in the room. */
void membership_cache_put(struct redis *redis, int64_t room_id, int64_t user_id,
                          const struct generation *generation) __attribute__((nonnull));

/*
 * Makes the user's copies with fewer `changes` void on all hosts, before a reply that promises it.
 * Without Redis they become void when the hosts next read from MySQL who has changed.
 */
void generation_announce(struct redis *redis, int64_t user_id, int64_t changes)
    __attribute__((nonnull));

#endif
