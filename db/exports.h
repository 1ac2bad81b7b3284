/* Files that users have exported, kept in the database for some hours, in chunks: whichever host made one, each can give it away. */
#ifndef DB_EXPORTS_H
#define DB_EXPORTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "db/mysql/db.h"

enum { EXPORT_CHUNK_BYTES = 512 * 1024 };

struct export
{
    int64_t id, user_id; /* id: the task's */
    int64_t run;         /* the claim of the task's run that made it */
    int64_t bytes;
    int64_t made_at, expires_at; /* milliseconds since 1970, by the database's clock */
};

/* A room that is exported. */
struct export_room {
    int64_t id, last_seq; /* what is exported of it: 1 to last_seq */
    int64_t created_at;
    int kind, role;
    const char *title;  /* its name, or the other one's of a direct room */
    const char *folder; /* not of the database: "rooms/12 name", safe on every system */
};

/*
 * All rooms that a user is in, by id, as they are at one moment: a list that goes on page by page, by what was said last, loses
 * those in which somebody speaks meanwhile. In the arena.
 */
enum db_result exports_rooms(struct db *db, struct arena *a, int64_t user_id,
                             struct export_room **rooms, size_t *count)
    __attribute__((nonnull, warn_unused_result));

/* Put a chunk of a file down: at most EXPORT_CHUNK_BYTES, `number` is 0, 1, 2 … Nobody sees it before exports_finish. */
enum db_result exports_add_chunk(struct db *db, int64_t id, int64_t run, int number,
                                 const char *bytes, size_t len)
    __attribute__((nonnull, warn_unused_result));

/* When a file that is finished now and kept for so many hours will expire. */
enum db_result exports_expiry(struct db *db, int hours, int64_t *at)
    __attribute__((nonnull, warn_unused_result));

/*
 * All chunks are there: it can be fetched until expires_at, and takes the place of those that its user had. In the caller's
 * transaction. made_at is set by the database.
 */
enum db_result exports_finish(struct db *db, const struct export *e)
    __attribute__((nonnull, warn_unused_result));

/* A user's file. DB_NONE where there is none, or it has expired. */
enum db_result exports_find(struct db *db, int64_t id, int64_t user_id, struct export *found)
    __attribute__((nonnull, warn_unused_result));

/* One chunk, appended. DB_NONE behind the last. */
enum db_result exports_read_chunk(struct db *db, const struct export *e, int number,
                                  struct buf *out) __attribute__((nonnull, warn_unused_result));

/*
 * Delete some of what has expired, and of the chunks that belong neither to a file nor to a run that goes on: at most `limit` rows of
 * each table; *deleted says how many, 0 where none is left.
 */
enum db_result exports_purge(struct db *db, size_t limit, uint64_t *deleted)
    __attribute__((nonnull, warn_unused_result));

#endif
