/* Saying something in a room, exactly once. */
#ifndef DB_MESSAGES_H
#define DB_MESSAGES_H

#include "db/rooms.h"

/*
 * Append a message of mine. DB_OK with the new entry; DB_EXISTS with the entry that this client_id made before;
 * DB_FORBIDDEN with *why REFUSED_NO_ROOM or REFUSED_NOT_A_MEMBER.
 */
enum db_result messages_send(const struct room_reader *who, int64_t room_id, const char *client_id,
                             const char *body, struct entry *entry, enum refusal *why)
    __attribute__((nonnull, warn_unused_result));

/* For the test of the tests: from now on a message that is sent again is appended again. */
void messages_break_retries(void);

/* A part of a room's log with its senders' names. DB_FORBIDDEN as above. */
enum db_result messages_read(const struct room_reader *who, int64_t room_id,
                             const struct log_range *range, struct entry *entries, size_t *count,
                             enum refusal *why) __attribute__((nonnull, warn_unused_result));

/* Is a room mine to read? DB_OK where it is, else DB_FORBIDDEN with the reason. */
enum db_result messages_refusal(const struct room_reader *who, int64_t room_id, enum refusal *why)
    __attribute__((nonnull, warn_unused_result));

#endif
