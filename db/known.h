/*
 * The session of a token, and whether a user is in a room, as this process has read them from the
 * database a moment ago: not every call needs to read them again. Shared by the process's threads.
 *
 * About once a second all sessions that are known are compared with the database in one query. So
 * whatever ends a session, in whatever way, ends it here within two seconds: a sign-out on another
 * host, an operator's DELETE, a database that was restored.
 */
#ifndef DB_KNOWN_H
#define DB_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"
#include "db/mysql/db.h"
#include "db/session.h"

/*
 * The session of a token's hash, if it is known and was compared with the database lately: at
 * *checked_us (clock_mono_us before that query). About once a second a call makes the query first.
 */
bool known_session_find(struct db *db, const uint8_t hash[static TOKEN_HASH_BYTES],
                        struct session *found, int64_t *checked_us)
    __attribute__((nonnull, warn_unused_result));

/* Whether a session had this hash when the process last read it: it may have ended since. */
bool known_session_was_seen(const uint8_t hash[static TOKEN_HASH_BYTES])
    __attribute__((nonnull, warn_unused_result));

/*
 * Whether no session had this hash within the last second: whoever repeats a token that has ended
 * costs the database nothing.
 */
bool known_session_is_none(const uint8_t hash[static TOKEN_HASH_BYTES])
    __attribute__((nonnull, warn_unused_result));
void known_session_put_none(const uint8_t hash[static TOKEN_HASH_BYTES], int64_t asked_us)
    __attribute__((nonnull));

/* `asked_us`: clock_mono_us before the database was asked. */
void known_session_put(const uint8_t hash[static TOKEN_HASH_BYTES], const struct session *session,
                       int64_t asked_us) __attribute__((nonnull));

/* Whether the user is known to be in the room, and has had no more than `changes` since. */
bool known_member_find(int64_t room_id, int64_t user_id, int64_t changes)
    __attribute__((warn_unused_result));

/* `changes`: the user's, read in the same statement; `asked_us`: clock_mono_us before it. */
void known_member_put(int64_t room_id, int64_t user_id, int64_t changes, int64_t asked_us);

/*
 * The members_changed_at of the room with which the user was found to be in it; MEMBERS_UNKNOWN if
 * that is not known. Whoever uses it compares it under the room's lock, so it may be old.
 */
int64_t known_sender_find(int64_t room_id, int64_t user_id) __attribute__((warn_unused_result));

void known_sender_put(int64_t room_id, int64_t user_id, int64_t members_changed_at);

#endif
