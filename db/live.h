/* Queries about everything that a process watches, or knows, at once. */
#ifndef DB_LIVE_H
#define DB_LIVE_H

#include <stddef.h>
#include <stdint.h>

#include "db/mysql/db.h"
#include "db/session.h"

/* An id and a number: a room and last_seq, a user and `changes`, a session and its end (ms). */
struct live_mark {
    int64_t id, number;
    /* Of a room the time of the entry with that number (ms; 0: not known), of a session when it was
     * made. */
    int64_t at;
};

/*
 * Finds the mark of an id; NULL if there is none. The search starts at *from and leaves there where
 * it ended: one after the other in the order of the list, each costs one step.
 */
const struct live_mark *live_mark_find(const struct live_mark *marks, size_t count, int64_t id,
                                       size_t *from) __attribute__((nonnull(4)));

/* Those of `seen` that differ in the database, as they are there. Each query compares 20,000. */
enum db_result live_rooms_changed(struct db *db, struct arena *a, const struct live_mark *seen,
                                  size_t count, struct live_mark **changed, size_t *found)
    __attribute__((nonnull(1, 2, 5, 6), warn_unused_result));

enum db_result live_users_changed(struct db *db, struct arena *a, const struct live_mark *seen,
                                  size_t count, struct live_mark **changed, size_t *found)
    __attribute__((nonnull(1, 2, 5, 6), warn_unused_result));

/*
 * Those of `seen` that have ended, or whose user has other `changes` by now, is not active or does
 * not exist any more: the id of the session, and as its number that of the user.
 */
enum db_result live_sessions_changed(struct db *db, struct arena *a, const struct session *seen,
                                     size_t count, struct live_mark **changed, size_t *found)
    __attribute__((nonnull(1, 2, 5, 6), warn_unused_result));

/*
 * When the tables were last changed, by whatever statement, as the database remembers it: seconds
 * since 1970 by its clock; 0: not known, as on MySQL, which may answer with what was so a day ago.
 */
struct live_tables {
    int64_t connection; /* the number of ours; another one may be to another server */
    int64_t now;        /* when that was asked */
    int64_t rooms, users, sessions;
};

enum db_result live_tables_read(struct db *db, struct live_tables *tables)
    __attribute__((nonnull, warn_unused_result));

/* Calls `use` with each room of each user; the rooms of one user follow one another. */
typedef void live_use_room(void *context, int64_t user_id, int64_t room_id);
enum db_result live_rooms_of(struct db *db, const int64_t *users, size_t count, live_use_room *use,
                             void *context) __attribute__((nonnull(1, 2, 4), warn_unused_result));

/* How often the user's rooms and sessions have changed. DB_NONE: there is no such user. */
enum db_result live_changes(struct db *db, int64_t user_id, int64_t *changes)
    __attribute__((nonnull, warn_unused_result));

/* Those of the connected sessions of an active user, at least one, that have not ended. */
enum db_result live_sessions(struct db *db, struct arena *a, const struct session *connected,
                             size_t count, struct live_mark **sessions, size_t *found)
    __attribute__((nonnull(1, 2, 5, 6), warn_unused_result));

#endif
