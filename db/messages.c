/*
 * A message is one short transaction: take the room's next number, insert the entry. The common
 * case reads nothing first: the transaction itself checks that the sender is a member, and the
 * unique key that the client_id is new.
 */
#include "db/messages.h"

#include <string.h>

#include "base/clock.h"
#include "base/test_seams.h"
#include "db/known.h"
#include "db/members.h"

/*
 * DB_EXISTS with the message that has this client_id already, if its text is the same: anything
 * else is a second message, which must not be dropped in silence. If that cannot be read, the
 * result is DB_DOWN, not an error of the message: a message is stored.
 */
static enum db_result
message_find_sent(struct caller *caller, int64_t room_id, const char *client_id,
                  struct entry *entry)
{
    struct person sender = entry->sender;
    const char *body = entry->body;
    enum db_result r = room_log_find(caller->db, caller->arena, room_id, caller->user_id, client_id,
                                     entry);

    if (r != DB_OK) {
        return DB_DOWN;
    }
    if (strcmp(entry->body, body) != 0) {
        return caller_deny(caller, DENIED_CLIENT_ID_REUSED);
    }
    entry->sender = sender;
    return DB_EXISTS;
}

/* Why nothing was appended: no such room, or the caller is not in it. */
static enum db_result
message_denial(struct caller *caller, int64_t room_id)
{
    enum db_result r = members_require(caller, room_id);

    return r == DB_OK ? DB_DOWN : r; /* joined at this very moment: the client tries again */
}

static enum db_result
message_append(struct caller *caller, struct entry *entry)
{
    int64_t known = known_sender_find(entry->room_id, caller->user_id), members_changed_at = known;
    enum db_result r = room_log_append_by_member(caller->db, entry, &members_changed_at);

    if (r == DB_OK && members_changed_at != known) {
        known_sender_put(entry->room_id, caller->user_id, members_changed_at);
    }
    return r;
}

enum db_result
messages_send(struct caller *caller, int64_t room_id, const char *client_id, const char *body,
              struct entry *entry)
{
    enum db_result r;

    *entry = (struct entry){
        .room_id = room_id,
        .kind = ENTRY_MESSAGE,
        .sender = {.id = caller->user_id},
        .client_id = client_id,
        .body = body,
    };
    /* Read before the message is stored, so that nothing can fail after the commit. */
    r = names_fill(caller->db, caller->arena, &entry->sender, 1, sizeof(*entry));
    if (r != DB_OK) {
        return r;
    }
    r = message_append(caller, entry);
    if (r == DB_NONE) {
        return message_denial(caller, room_id);
    }
    if (r == DB_EXISTS && test_fault_injected(FAULT_RETRY)) {
        entry->client_id = NULL;
        return message_append(caller, entry);
    }
    return r == DB_EXISTS ? message_find_sent(caller, room_id, client_id, entry) : r;
}

enum db_result
messages_read(struct caller *caller, int64_t room_id, const struct log_range *range,
              struct entry *entries, size_t *count)
{
    bool is_known_member = members_knows(caller, room_id);
    int64_t asked_us = clock_mono_us();
    struct log_reader reader = {.user_id = caller->user_id};
    enum db_result r = room_log_read(caller->db, caller->arena, room_id,
                                     is_known_member ? NULL : &reader, range, entries, count);

    if (r != DB_OK) {
        return r;
    }
    if (*count == 0) { /* an empty page, or not a member */
        return is_known_member ? DB_OK : members_require(caller, room_id);
    }
    if (!is_known_member) {
        known_member_put(room_id, caller->user_id, reader.changes, asked_us);
    }
    return names_fill(caller->db, caller->arena, &entries->sender, *count, sizeof(*entries));
}
