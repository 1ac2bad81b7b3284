/* Sending messages, exactly once, and reading a room's log. */
#ifndef DB_MESSAGES_H
#define DB_MESSAGES_H

#include "db/rooms.h"

/*
 * Appends a message of the caller. DB_OK with the new entry; DB_EXISTS with the entry that has
 * this client_id and this text already; DB_FORBIDDEN with DENIED_NO_ROOM, DENIED_NOT_A_MEMBER or
 * DENIED_CLIENT_ID_REUSED.
 */
enum db_result messages_send(struct caller *caller, int64_t room_id, const char *client_id,
                             const char *body, struct entry *entry)
    __attribute__((nonnull, warn_unused_result));

/*
 * A part of a room's log, ascending, with the senders' names. `entries` has room for range->limit.
 * DB_FORBIDDEN with DENIED_NO_ROOM or DENIED_NOT_A_MEMBER.
 */
enum db_result messages_read(struct caller *caller, int64_t room_id, const struct log_range *range,
                             struct entry *entries, size_t *count)
    __attribute__((nonnull, warn_unused_result));

#endif
