/*
 * A refusal for good is kept as the invitation that was refused, so it names both the room and the
 * inviter.
 */
#include "db/invitations.h"

#include "base/clock.h"
#include "db/bound_rows.h"
#include "db/departures.h"
#include "db/members.h"
#include "db/redis/announce.h"

#define EACH_USER                                                                                  \
    "FROM JSON_TABLE(?, '$[*]' COLUMNS (n BIGINT PATH '$[0]', user_id BIGINT PATH '$[1]')) k"

/* The rows of EACH_USER: `n` counts from 0. */
static struct db_value
users_as_rows(struct buf *rows, const int64_t *user_ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        BOUND_ROW(rows, (int64_t)i, user_ids[i]);
    }
    return bound_rows_value(rows);
}

static struct addition
addition_read(const struct caller *caller)
{
    struct db *db = caller->db;
    struct addition addition = {
        .is_stranger = db_get_int(db, 1) == 0,
        .is_invited = db_get_int(db, 3) != 0,
        .has_refused = db_get_int(db, 4) != 0,
    };
    bool has_left = db_get_int(db, 2) != 0;

    addition.must_be_asked = has_left || (caller->settings->rooms_consent && addition.is_stranger);
    return addition;
}

/*
 * A direct room does not count as shared: it is made without asking, and would make asking useless.
 * Without the hint a server might read all invitations that wait, for each of the users.
 */
enum db_result
additions_examine(struct caller *caller, int64_t room_id, const int64_t *user_ids, size_t count,
                  struct addition *additions)
{
    struct buf rows = {0};
    enum db_result r = db_run(
        caller->db,
        "SELECT k.n, EXISTS (SELECT 1 FROM members a JOIN members b ON b.room_id = a.room_id "
        "JOIN rooms r ON r.id = a.room_id "
        "WHERE a.user_id = ? AND b.user_id = k.user_id AND r.kind = ?), "
        "EXISTS (SELECT 1 FROM departures d "
        "WHERE d.room_id = ? AND d.user_id = k.user_id AND d.kind = ?), "
        "EXISTS (SELECT 1 FROM invitations i FORCE INDEX (PRIMARY) "
        "WHERE i.room_id = ? AND i.user_id = k.user_id AND i.state = ?), "
        "EXISTS (SELECT 1 FROM invitations i WHERE i.user_id = k.user_id AND i.state = ? "
        "AND (i.inviter_id = ? OR i.room_id = ?)) " EACH_USER,
        db_int(caller->user_id), db_int(ROOM_GROUP), db_int(room_id), db_int(DEPARTURE_LEFT),
        db_int(room_id), db_int(INVITATION_WAITING), db_int(INVITATION_REFUSED_FOR_GOOD),
        db_int(caller->user_id), db_int(room_id), users_as_rows(&rows, user_ids, count));

    buf_free(&rows);
    if (r != DB_OK) {
        return r;
    }
    while (db_next(caller->db)) {
        additions[db_get_int(caller->db, 0)] = addition_read(caller);
    }
    return db_done(caller->db);
}

enum db_result
addition_examine(struct caller *caller, int64_t room_id, int64_t user_id, struct addition *addition)
{
    enum db_result r = additions_examine(caller, room_id, &user_id, 1, addition);

    return r == DB_OK && addition->has_refused ? caller_deny(caller, DENIED_INVITATION_REFUSED) : r;
}

/* Removes from the list those for whom as many invitations, or of the caller's, wait as may. */
static enum db_result
invitations_drop_full(struct caller *caller, int64_t *user_ids, size_t *count)
{
    struct db *db = caller->db;
    bool *is_full = arena_array(caller->arena, *count, sizeof(*is_full));
    struct buf rows = {0};
    size_t kept = 0;
    enum db_result r = db_run(
        db,
        "SELECT k.n, (SELECT COUNT(*) >= ? OR COUNT(CASE WHEN i.inviter_id = ? THEN 1 END) >= ? "
        "FROM invitations i FORCE INDEX (user_id) "
        "WHERE i.user_id = k.user_id AND i.state = ?) " EACH_USER,
        db_int(INVITATIONS_MAX), db_int(caller->user_id), db_int(INVITATIONS_OF_INVITER_MAX),
        db_int(INVITATION_WAITING), users_as_rows(&rows, user_ids, *count));

    buf_free(&rows);
    if (r != DB_OK) {
        return r;
    }
    while (db_next(db)) {
        is_full[db_get_int(db, 0)] = db_get_int(db, 1) != 0;
    }
    for (size_t i = 0; i < *count; i++) {
        if (!is_full[i]) {
            user_ids[kept++] = user_ids[i];
        }
    }
    *count = kept;
    return db_done(db);
}

/* The locks of the users' rows keep several invitations at once from exceeding the limit. */
enum db_result
invitations_insert(struct caller *caller, int64_t room_id, int64_t *user_ids, size_t *count)
{
    struct buf rows = {0};
    enum db_result r = invitations_drop_full(caller, user_ids, count);

    if (r != DB_OK || *count == 0) {
        return r;
    }
    r = db_run(caller->db,
               "INSERT INTO invitations (room_id, user_id, inviter_id, state, created_at) "
               "SELECT ?, k.user_id, ?, ?, ? " EACH_USER,
               db_int(room_id), db_int(caller->user_id), db_int(INVITATION_WAITING),
               db_int(clock_now_ms()), users_as_rows(&rows, user_ids, *count));
    buf_free(&rows);
    return r;
}

enum db_result
invitation_withdraw(struct db *db, int64_t room_id, int64_t user_id)
{
    enum db_result r = db_run(
        db, "DELETE FROM invitations WHERE room_id = ? AND user_id = ? AND state = ?",
        db_int(room_id), db_int(user_id), db_int(INVITATION_WAITING));

    return r == DB_OK && db_affected(db) == 0 ? DB_NONE : r;
}

enum db_result
invitations_withdraw_all(struct db *db, int64_t room_id)
{
    return db_run(db, "DELETE FROM invitations WHERE room_id = ? AND state = ?", db_int(room_id),
                  db_int(INVITATION_WAITING));
}

static struct invitation
invitation_read(struct db *db, struct arena *a)
{
    return (struct invitation){
        .room_id = db_get_int(db, 0),
        .name = db_get_text(db, 1, a),
        .member_count = db_get_int(db, 2),
        .inviter = {.id = db_get_int(db, 3)},
        .created_at = db_get_int(db, 4),
    };
}

enum db_result
invitations_list(struct caller *caller, enum invitation_state state, int64_t before, size_t limit,
                 struct invitation **invitations, size_t *count)
{
    struct db *db = caller->db;
    enum db_result r = db_run(
        db,
        "SELECT i.room_id, r.name, r.member_count, i.inviter_id, i.created_at "
        "FROM invitations i JOIN rooms r ON r.id = i.room_id "
        "WHERE i.user_id = ? AND i.state = ? AND i.room_id < ? "
        "ORDER BY i.room_id DESC LIMIT ?",
        db_int(caller->user_id), db_int(state), db_int(before > 0 ? before : INT64_MAX),
        db_int((int64_t)limit));

    *invitations = arena_array(caller->arena, limit, sizeof(**invitations));
    *count = 0;
    if (r != DB_OK) {
        return r;
    }
    while (*count < limit && db_next(db)) {
        (*invitations)[(*count)++] = invitation_read(db, caller->arena);
    }
    r = db_done(db);
    if (r != DB_OK || *count == 0) {
        return r;
    }
    return names_fill(db, caller->arena, &(*invitations)->inviter, *count, sizeof(**invitations));
}

/* One transaction on one of the caller's invitations. */
struct invitation_answer {
    struct caller *caller;
    int64_t room_id;
    bool for_good;
    struct room *room; /* the result; read before the commit, after which nothing may fail */
};

static enum db_result
invitation_accept_transaction(struct db *db, void *context)
{
    const struct invitation_answer *answer = context;
    struct caller *caller = answer->caller;
    struct locked_room room;
    enum db_result r = members_lock_group(caller, answer->room_id, &room);

    if (r == DB_OK && room.role != ROLE_NONE) { /* accepted before: the reply was lost */
        return rooms_find(caller, answer->room_id, answer->room);
    }
    if (r == DB_OK) {
        r = invitation_withdraw(db, answer->room_id, caller->user_id);
    }
    if (r == DB_NONE || r == DB_FORBIDDEN) {
        return caller_deny(caller, DENIED_NO_INVITATION);
    }
    if (r == DB_OK) {
        r = members_join(caller, answer->room_id, caller->user_id, ROLE_MEMBER);
    }
    return r == DB_OK ? rooms_find(caller, answer->room_id, answer->room) : r;
}

enum db_result
invitation_accept(struct caller *caller, int64_t room_id, struct room *room)
{
    struct invitation_answer answer = {.caller = caller, .room_id = room_id, .room = room};
    enum db_result r = db_transaction(caller->db, DB_REPEATABLE, invitation_accept_transaction,
                                      &answer);

    if (r == DB_OK) {
        announce_room(caller->redis, room_id);
        announce_user(caller->redis, caller->user_id);
    }
    return r;
}

static enum db_result
invitation_refuse_transaction(struct db *db, void *context)
{
    const struct invitation_answer *answer = context;
    struct caller *caller = answer->caller;
    enum db_result r;

    if (answer->for_good) {
        r = db_run(db, "UPDATE invitations SET state = ? WHERE room_id = ? AND user_id = ?",
                   db_int(INVITATION_REFUSED_FOR_GOOD), db_int(answer->room_id),
                   db_int(caller->user_id));
        r = r == DB_OK && db_affected(db) == 0 ? DB_NONE : r;
    } else {
        r = invitation_withdraw(db, answer->room_id, caller->user_id);
    }
    return r == DB_NONE ? caller_deny(caller, DENIED_NO_INVITATION) : r;
}

enum db_result
invitation_refuse(struct caller *caller, int64_t room_id, bool for_good)
{
    struct invitation_answer answer = {.caller = caller, .room_id = room_id, .for_good = for_good};

    return db_transaction(caller->db, for_good ? DB_REPEATABLE : DB_ONCE,
                          invitation_refuse_transaction, &answer);
}

enum db_result
refusal_take_back(struct caller *caller, int64_t room_id)
{
    enum db_result r = db_run(
        caller->db, "DELETE FROM invitations WHERE room_id = ? AND user_id = ? AND state = ?",
        db_int(room_id), db_int(caller->user_id), db_int(INVITATION_REFUSED_FOR_GOOD));

    return r == DB_OK && db_affected(caller->db) == 0 ? caller_deny(caller, DENIED_NO_REFUSAL) : r;
}

enum db_result
invitations_purge(struct db *db, size_t limit, uint64_t *deleted)
{
    int64_t before = clock_now_ms() - INVITATION_DAYS * INT64_C(86400000);
    enum db_result r = db_run(db,
                              "DELETE FROM invitations WHERE state = ? AND created_at < ? LIMIT ?",
                              db_int(INVITATION_WAITING), db_int(before), db_int((int64_t)limit));

    *deleted = db_affected(db);
    return r;
}
