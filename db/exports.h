/*
 * Files that users have exported. They are kept in the database for some hours, in chunks, so that
 * any host can serve what another one made.
 */
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
    int64_t run;         /* the claim token of the task's run that made it */
    int64_t bytes;
    int64_t made_at, expires_at; /* milliseconds since 1970, by the database's clock */
};

/* A room that is exported. */
struct export_room {
    int64_t id, last_seq; /* the entries 1 to last_seq are exported */
    int64_t created_at;
    int kind, role;
    const char *title;  /* the room's name; of a direct room, the other user's nickname */
    const char *folder; /* set by the exporter: "rooms/12 name", valid on every file system */
};

/*
 * All rooms that a user is in, ordered by id, in the arena. One query reads them all: reading page
 * by page in the order of the last message would miss rooms in which somebody writes meanwhile.
 */
enum db_result exports_rooms(struct db *db, struct arena *a, int64_t user_id,
                             struct export_room **rooms, size_t *count)
    __attribute__((nonnull, warn_unused_result));

/*
 * Stores a chunk of a file; `number` is 0, 1, 2 … All but the last have EXPORT_CHUNK_BYTES. Chunks
 * are invisible until exports_finish.
 */
enum db_result exports_add_chunk(struct db *db, int64_t id, int64_t run, int number,
                                 const char *bytes, size_t len)
    __attribute__((nonnull, warn_unused_result));

/* The time at which a file that is finished now expires, if it is kept for `hours`. */
enum db_result exports_expiry(struct db *db, int hours, int64_t *at)
    __attribute__((nonnull, warn_unused_result));

/*
 * Publishes a file whose chunks are all stored, until expires_at; the user's earlier files expire
 * now. Runs in the caller's transaction. The database sets made_at.
 */
enum db_result exports_finish(struct db *db, const struct export *e)
    __attribute__((nonnull, warn_unused_result));

/* A user's file. DB_NONE if there is none, or if it has expired. */
enum db_result exports_find(struct db *db, int64_t id, int64_t user_id, struct export *found)
    __attribute__((nonnull, warn_unused_result));

/*
 * Appends the bytes from `at` on to `out`: up to `max` of them, from one chunk. DB_NONE at the end
 * of the file, or if the session has ended meanwhile.
 */
enum db_result exports_read(struct db *db, const struct export *e, int64_t session_id, int64_t at,
                            int64_t max, struct buf *out)
    __attribute__((nonnull, warn_unused_result));

/*
 * Deletes expired files and chunks that belong to neither a file nor a running task, at most
 * `limit` rows of each table. *deleted is how many; 0 if none is left.
 */
enum db_result exports_purge(struct db *db, size_t limit, uint64_t *deleted)
    __attribute__((nonnull, warn_unused_result));

#endif
