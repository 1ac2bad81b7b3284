/* What a process that holds streams asks the database: about all it watches at once, never about one stream. */
#ifndef DB_LIVE_H
#define DB_LIVE_H

#include <stddef.h>
#include <stdint.h>

#include "db/mysql/db.h"

/* A room or a user, and the number that was seen last: last_seq, or changes. */
struct live_mark {
    int64_t id, number;
};

/* Those of `seen` whose number in the database is greater, with that number. One query. */
enum db_result live_rooms_ahead(struct db *db, struct arena *a, const struct live_mark *seen,
                                size_t count, struct live_mark **ahead, size_t *found)
    __attribute__((nonnull(1, 2, 5, 6), warn_unused_result));
enum db_result live_users_ahead(struct db *db, struct arena *a, const struct live_mark *seen,
                                size_t count, struct live_mark **ahead, size_t *found)
    __attribute__((nonnull(1, 2, 5, 6), warn_unused_result));

/* How often the user's rooms and sessions have changed. DB_NONE: there is no such user. */
enum db_result live_changes(struct db *db, int64_t user_id, int64_t *changes)
    __attribute__((nonnull, warn_unused_result));

/* A user's sessions that have not ended, with the time (ms) at which each will. */
enum db_result live_sessions(struct db *db, struct arena *a, int64_t user_id,
                             struct live_mark **sessions, size_t *count)
    __attribute__((nonnull, warn_unused_result));

#endif
