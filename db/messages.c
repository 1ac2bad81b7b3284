/*
 * A message is one short transaction: take the room's next number, insert. The common case asks nothing first: that the
 * sender is a member is part of the update, that the client_id is new is the unique key's to say.
 */
#include "db/messages.h"

#include "db/redis/membership_cache.h"

static bool retries_broken;

void
messages_break_retries(void)
{
    retries_broken = true;
}

enum db_result
messages_refusal(const struct room_reader *who, int64_t room_id, enum refusal *why)
{
    enum db_result r = db_one(
        who->db,
        "SELECT EXISTS (SELECT 1 FROM members WHERE room_id = ? AND user_id = ?) "
        "FROM rooms WHERE id = ?",
        db_int(room_id), db_int(who->user_id), db_int(room_id));
    bool member;

    if (r == DB_NONE) {
        *why = REFUSED_NO_ROOM;
        return DB_FORBIDDEN;
    }
    if (r != DB_OK) {
        return r;
    }
    member = db_get_int(who->db, 0) != 0;
    r = db_done(who->db);
    if (r != DB_OK || member) {
        return r;
    }
    *why = REFUSED_NOT_A_MEMBER;
    return DB_FORBIDDEN;
}

/*
 * DB_EXISTS with the message that this client_id made before. It is stored: no failure to read it
 * is an error of the message.
 */
static enum db_result
find_sent(const struct room_reader *who, int64_t room_id, const char *client_id,
          struct entry *entry)
{
    struct person sender = entry->sender;
    enum db_result r = room_log_find(who->db, who->arena, room_id, who->user_id, client_id, entry);

    entry->sender = sender;
    return r == DB_OK ? DB_EXISTS : DB_DOWN;
}

enum db_result
messages_send(const struct room_reader *who, int64_t room_id, const char *client_id,
              const char *body, struct entry *entry, enum refusal *why)
{
    bool known = who->member_of == room_id;
    enum db_result r;

    *entry = (struct entry){
        .room_id = room_id,
        .kind = ENTRY_MESSAGE,
        .sender = {.id = who->user_id},
        .client_id = client_id,
        .body = body,
    };
    /*
     * All that the answer needs is there before the message is: after the commit nothing can fail.
     */
    r = names_fill(who->names, who->db, who->arena, &entry->sender, 1, sizeof(*entry));
    if (r != DB_OK) {
        return r;
    }
    r = room_log_append_alone(who->db, entry, !known);
    if (r == DB_OK && !known) {
        membership_keep(who->redis, room_id, who->user_id);
    }
    if (r == DB_NONE) {
        r = messages_refusal(who, room_id, why);
        return r == DB_OK ? DB_DOWN : r; /* joined this very moment: the sender tries again */
    }
    if (r == DB_EXISTS && retries_broken) {
        entry->client_id = NULL;
        return room_log_append_alone(who->db, entry, !known);
    }
    return r == DB_EXISTS ? find_sent(who, room_id, client_id, entry) : r;
}

enum db_result
messages_read(const struct room_reader *who, int64_t room_id, const struct log_range *range,
              struct entry *entries, size_t *count, enum refusal *why)
{
    bool known = who->member_of == room_id;
    enum db_result r = room_log_read(who->db, who->arena, room_id, known ? 0 : who->user_id, range,
                                     entries, count);

    if (r == DB_OK && *count == 0) {
        return known ? DB_OK : messages_refusal(who, room_id, why);
    }
    if (r == DB_OK && !known) {
        membership_keep(who->redis, room_id, who->user_id);
    }
    if (r == DB_OK) {
        r = names_fill(who->names, who->db, who->arena, &entries->sender, *count, sizeof(*entries));
    }
    return r;
}
