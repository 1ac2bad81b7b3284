/* The append-only log of a room: all that is live, missed or replayed is read from it. */
#ifndef DB_ROOM_LOG_H
#define DB_ROOM_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/mysql/db.h"
#include "db/names.h"

enum entry_kind { ENTRY_MESSAGE, ENTRY_JOIN, ENTRY_LEAVE, ENTRY_RENAME, ENTRY_ROLE, ENTRY_OPEN };

struct entry {
    int64_t room_id, seq;
    int kind;
    struct person sender;
    const char *client_id, *body; /* NULL where the kind has none */
    int64_t ref_seq;              /* 0 for none */
    int64_t created_at;
};

/*
 * Append inside a transaction: takes the room's row lock, the next number, and sets entry->seq and created_at.
 * With `by_member`, DB_NONE where the room does not exist or the sender is not in it. DB_EXISTS where the sender used this
 * client_id in this room before.
 */
enum db_result room_log_append(struct db *db, struct entry *entry, bool by_member)
    __attribute__((nonnull, warn_unused_result));

/* The same as a transaction of its own, in one round trip where the server can. For entries with a client_id. */
enum db_result room_log_append_alone(struct db *db, struct entry *entry, bool by_member)
    __attribute__((nonnull, warn_unused_result));

/* The entry of a sender's client_id, without the sender's name. */
enum db_result room_log_find(struct db *db, struct arena *a, int64_t room_id, int64_t sender_id,
                             const char *client_id, struct entry *found)
    __attribute__((nonnull, warn_unused_result));

/* Which part of a log: the newest `limit` of those with after < seq < before, or with `oldest` the oldest. */
struct log_range {
    int64_t after, before; /* before 0: no bound */
    size_t limit;
    bool oldest;
};

/*
 * A part of a room's log, ascending, without the senders' names; nothing where reader_id (0: nobody is asked about) is not in it.
 * `entries` has room for range->limit.
 */
enum db_result room_log_read(struct db *db, struct arena *a, int64_t room_id, int64_t reader_id,
                             const struct log_range *range, struct entry *entries, size_t *count)
    __attribute__((nonnull, warn_unused_result));

/* Messages of others after `read_seq`, counted up to `most`. */
enum db_result room_log_unread(struct db *db, int64_t room_id, int64_t reader_id, int64_t read_seq,
                               int64_t most, int64_t *unread)
    __attribute__((nonnull, warn_unused_result));

#endif
