/*
 * Everything that changes who is in a room first locks the room's row, so that all of it has one
 * order: the order of the room's log.
 */
#include "db/members.h"

#include "base/clock.h"
#include "db/bound_rows.h"
#include "db/daily_counts.h"
#include "db/departures.h"
#include "db/invitations.h"
#include "db/known.h"
#include "db/redis/announce.h"
#include "db/redis/revocations.h"
#include "db/users.h"

bool
members_knows(const struct caller *caller, int64_t room_id)
{
    return known_member_find(room_id, caller->user_id, caller->changes);
}

enum db_result
members_require(struct caller *caller, int64_t room_id)
{
    int64_t asked_us = clock_mono_us();
    enum db_result r = db_one(caller->db,
                              "SELECT (SELECT u.changes "
                              "FROM members m JOIN users u ON u.id = m.user_id "
                              "WHERE m.room_id = r.id AND m.user_id = ?) "
                              "FROM rooms r WHERE r.id = ?",
                              db_int(caller->user_id), db_int(room_id));
    bool is_member;
    int64_t changes;

    if (r == DB_NONE) {
        return caller_deny(caller, DENIED_NO_ROOM);
    }
    if (r != DB_OK) {
        return r;
    }
    is_member = !db_is_null(caller->db, 0);
    changes = db_get_int(caller->db, 0);
    r = db_done(caller->db);
    if (r != DB_OK) {
        return r;
    }
    if (!is_member) {
        return caller_deny(caller, DENIED_NOT_A_MEMBER);
    }
    known_member_put(room_id, caller->user_id, changes, asked_us);
    return DB_OK;
}

/* Inside a transaction: a user's role in a room, ROLE_NONE if the user is not in it. */
static enum db_result
member_find_role(struct db *db, int64_t room_id, int64_t user_id, enum role *role)
{
    enum db_result r = db_one(db, "SELECT role FROM members WHERE room_id = ? AND user_id = ?",
                              db_int(room_id), db_int(user_id));

    *role = ROLE_NONE;
    if (r == DB_NONE) {
        return DB_OK;
    }
    if (r != DB_OK) {
        return r;
    }
    *role = (enum role)db_get_int(db, 0);
    return db_done(db);
}

/* Inside a transaction: writes in the room's log what happened to a member. */
static enum db_result
member_log(struct db *db, int64_t room_id, enum entry_kind kind, int64_t user_id, const char *body)
{
    struct entry entry = {
        .room_id = room_id, .kind = (int)kind, .sender = {.id = user_id}, .body = body};

    return room_log_append(db, &entry);
}

enum db_result
members_lock_group(struct caller *caller, int64_t room_id, struct locked_room *room)
{
    struct db *db = caller->db;
    enum room_kind kind;
    enum db_result r = db_one(db, "SELECT kind, is_open, name FROM rooms WHERE id = ? FOR UPDATE",
                              db_int(room_id));

    if (r == DB_NONE) {
        return caller_deny(caller, DENIED_NO_ROOM);
    }
    if (r != DB_OK) {
        return r;
    }
    kind = (enum room_kind)db_get_int(db, 0);
    room->open = (int)db_get_int(db, 1);
    room->name = db_get_text(db, 2, caller->arena);
    r = db_done(db);
    if (r != DB_OK) {
        return r;
    }
    r = member_find_role(db, room_id, caller->user_id, &room->role);
    if (r != DB_OK || kind == ROOM_GROUP) {
        return r;
    }
    return caller_deny(caller, room->role == ROLE_NONE ? DENIED_NOT_A_MEMBER : DENIED_IS_A_DM);
}

enum db_result
members_lock_managed(struct caller *caller, int64_t room_id, struct locked_room *room)
{
    enum db_result r = members_lock_group(caller, room_id, room);

    return r == DB_OK ? role_require_admin(caller, room->role) : r;
}

/*
 * The read mark begins at the entry of the join: what was said before is not unread, and the mark
 * of a member who comes back is not below the former one.
 */
enum db_result
members_insert(struct caller *caller, int64_t room_id, const int64_t *user_ids, size_t count,
               enum role role)
{
    struct buf rows = {0};
    int64_t seq;
    enum db_result r = room_log_append_each(caller->db, room_id, ENTRY_JOIN, user_ids, count, &seq);

    if (r != DB_OK) {
        return r;
    }
    for (size_t i = 0; i < count; i++) {
        BOUND_ROW(&rows, user_ids[i], seq + (int64_t)i);
    }
    r = db_run(caller->db,
               "INSERT INTO members (room_id, user_id, role, read_seq, joined_at) "
               "SELECT ?, u.id, ?, k.seq, " DB_NOW_MS " FROM JSON_TABLE(?, '$[*]' COLUMNS ("
               "user_id BIGINT PATH '$[0]', seq BIGINT PATH '$[1]')) k "
               "STRAIGHT_JOIN users u ON u.id = k.user_id WHERE u.state <> ?",
               db_int(room_id), db_int(role), bound_rows_value(&rows), db_int(USER_DELETED));
    buf_free(&rows);
    if (r == DB_OK && db_affected(caller->db) < count) {
        return caller_deny(caller, DENIED_NO_USER);
    }
    return r;
}

/*
 * Counted again each time, so that the number cannot drift. The time orders the changes: by the
 * clock of the database, and never that of an earlier change, or of one that a restored database
 * has lost.
 */
enum db_result
member_count_update(struct db *db, int64_t room_id)
{
    enum db_result r = db_one(db, "SELECT COUNT(*) FROM members WHERE room_id = ?",
                              db_int(room_id));
    int64_t count;

    if (r != DB_OK) {
        return r;
    }
    count = db_get_int(db, 0);
    r = db_done(db);
    if (r != DB_OK) {
        return r;
    }
    return db_run(db,
                  "UPDATE rooms SET member_count = ?, members_changed_at = "
                  "GREATEST(members_changed_at + 1, " DB_NOW_US ") WHERE id = ?",
                  db_int(count), db_int(room_id));
}

enum db_result
members_join(struct caller *caller, int64_t room_id, int64_t user_id, enum role role)
{
    enum db_result r = members_insert(caller, room_id, &user_id, 1, role);

    if (r == DB_OK) {
        r = users_changed(caller->db, user_id);
    }
    if (r == DB_OK) {
        r = departure_end(caller->db, room_id, user_id);
    }
    return r == DB_OK ? member_count_update(caller->db, room_id) : r;
}

#define SELECT_MEMBERS                                                                             \
    "SELECT " PROFILE_COLUMNS ", m.role, m.read_seq, m.joined_at "                                 \
    "FROM members m JOIN users u ON u.id = m.user_id "                                             \
    "WHERE m.room_id = ? AND "

static struct member
member_read(struct db *db, struct arena *a)
{
    return (struct member){
        .user = profile_read(db, 0, a),
        .role = (int)db_get_int(db, PROFILE_COLUMN_COUNT),
        .read_seq = db_get_int(db, PROFILE_COLUMN_COUNT + 1),
        .joined_at = db_get_int(db, PROFILE_COLUMN_COUNT + 2),
    };
}

enum db_result
members_list(struct caller *caller, int64_t room_id, int64_t after, size_t limit,
             struct member **members, size_t *count)
{
    enum db_result r = db_run(caller->db,
                              SELECT_MEMBERS "m.user_id > ? "
                                             "ORDER BY m.user_id LIMIT ?",
                              db_int(room_id), db_int(after), db_int((int64_t)limit));

    *members = arena_array(caller->arena, limit, sizeof(**members));
    *count = 0;
    if (r != DB_OK) {
        return r;
    }
    while (*count < limit && db_next(caller->db)) {
        (*members)[(*count)++] = member_read(caller->db, caller->arena);
    }
    return db_done(caller->db);
}

static void
members_announce(const struct caller *caller, int64_t room_id, int64_t user_id)
{
    announce_room(caller->redis, room_id);
    announce_user(caller->redis, user_id);
}

/* One transaction on one member. */
struct member_change {
    struct caller *caller;
    int64_t room_id, user_id;
    enum role role;        /* wanted; ROLE_NONE: none in particular */
    struct member *member; /* the result; read before the commit, after which nothing may fail */
    bool *invited;         /* the user is invited, not a member; or was */
    bool was_removed;      /* by a run, whose COMMIT was perhaps not answered */
};

/* May the caller add a user who is not in the room? */
static enum denial
member_may_be_added(const struct member_change *change, const struct locked_room *room)
{
    if (change->user_id == change->caller->user_id) {
        return room->open && change->role != ROLE_ADMIN ? ALLOWED : DENIED_NOT_A_MEMBER;
    }
    if (room->role == ROLE_NONE) {
        return DENIED_NOT_A_MEMBER;
    }
    if (room->role == ROLE_MEMBER || (change->role == ROLE_ADMIN && room->role != ROLE_OWNER)) {
        return DENIED_ROLE;
    }
    return ALLOWED;
}

static enum db_result
member_set_role(struct db *db, int64_t room_id, int64_t user_id, enum role role)
{
    enum db_result r = db_run(db, "UPDATE members SET role = ? WHERE room_id = ? AND user_id = ?",
                              db_int(role), db_int(room_id), db_int(user_id));

    return r == DB_OK ? member_log(db, room_id, ENTRY_ROLE, user_id, role_words[role]) : r;
}

/* The caller joins an open room. */
static enum db_result
member_join_open(const struct member_change *change)
{
    struct caller *caller = change->caller;
    bool was_removal;
    enum db_result r = departure_was_removal(caller->db, change->room_id, caller->user_id,
                                             &was_removal);

    if (r != DB_OK) {
        return r;
    }
    return was_removal ? caller_deny(caller, DENIED_REMOVED)
                       : members_join(caller, change->room_id, caller->user_id, ROLE_MEMBER);
}

static enum db_result
member_invite(const struct member_change *change)
{
    struct caller *caller = change->caller;
    int64_t user_id = change->user_id;
    size_t invited = 1;
    enum db_result r = users_lock(caller->db, &user_id, 1);

    if (r == DB_NONE) {
        return caller_deny(caller, DENIED_NO_USER);
    }
    if (r == DB_OK) {
        r = invitations_insert(caller, change->room_id, &user_id, &invited);
    }
    return r == DB_OK && invited == 0 ? caller_deny(caller, DENIED_TOO_MANY_INVITATIONS) : r;
}

/* Adds another user, or invites one who must be asked. */
static enum db_result
member_add_other(const struct member_change *change)
{
    struct caller *caller = change->caller;
    enum role role = change->role == ROLE_NONE ? ROLE_MEMBER : change->role;
    struct addition addition;
    enum db_result r = addition_examine(caller, change->room_id, change->user_id, &addition);

    if (r != DB_OK) {
        return r;
    }
    *change->invited = addition.must_be_asked;
    if (addition.must_be_asked && addition.is_invited) {
        return DB_OK;
    }
    r = addition.must_be_asked ? member_invite(change)
                               : members_join(caller, change->room_id, change->user_id, role);
    return r == DB_OK ? daily_counts_add(caller, 0, addition.is_stranger) : r;
}

static enum db_result
member_add(const struct member_change *change, const struct locked_room *room)
{
    enum denial denial = member_may_be_added(change, room);

    if (denial != ALLOWED) {
        return caller_deny(change->caller, denial);
    }
    return change->user_id == change->caller->user_id ? member_join_open(change)
                                                      : member_add_other(change);
}

static enum db_result
member_put(const struct member_change *change)
{
    struct caller *caller = change->caller;
    struct locked_room room;
    enum role now;
    enum db_result r = members_lock_group(caller, change->room_id, &room);

    if (r != DB_OK) {
        return r;
    }
    r = member_find_role(caller->db, change->room_id, change->user_id, &now);
    if (r != DB_OK) {
        return r;
    }
    if (now == ROLE_NONE) {
        return member_add(change, &room);
    }
    if (room.role == ROLE_NONE) {
        return caller_deny(caller, DENIED_NOT_A_MEMBER);
    }
    if (change->role == ROLE_NONE || change->role == now) {
        return DB_OK;
    }
    if (room.role != ROLE_OWNER || change->user_id == caller->user_id) {
        return caller_deny(caller, DENIED_ROLE);
    }
    return member_set_role(caller->db, change->room_id, change->user_id, change->role);
}

static enum db_result
member_put_transaction(struct db *db, void *context)
{
    const struct member_change *change = context;
    enum db_result r;

    *change->invited = false;
    r = member_put(change);
    if (r != DB_OK || *change->invited) {
        return r;
    }
    r = db_one(db, SELECT_MEMBERS "m.user_id = ?", db_int(change->room_id),
               db_int(change->user_id));
    if (r != DB_OK) {
        return r;
    }
    *change->member = member_read(db, change->caller->arena);
    return db_done(db);
}

enum db_result
members_put(struct caller *caller, int64_t room_id, int64_t user_id, enum role role,
            struct member *member, bool *invited)
{
    struct member_change change = {
        .caller = caller,
        .room_id = room_id,
        .user_id = user_id,
        .role = role,
        .member = member,
        .invited = invited,
    };
    enum db_result r = db_transaction(caller->db, DB_REPEATABLE, member_put_transaction, &change);

    if (r == DB_OK) {
        members_announce(caller, room_id, user_id);
    }
    return r;
}

/* After the owner left: the member of the highest role who joined first becomes the owner. */
static enum db_result
room_hand_over(struct db *db, int64_t room_id)
{
    enum db_result r = db_one(db,
                              "SELECT user_id FROM members WHERE room_id = ? "
                              "ORDER BY role DESC, joined_at, user_id LIMIT 1",
                              db_int(room_id));
    int64_t heir_id;

    if (r == DB_NONE) {
        r = db_run(db, "UPDATE rooms SET is_open = 0 WHERE id = ?", db_int(room_id));
        return r == DB_OK ? invitations_withdraw_all(db, room_id) : r;
    }
    if (r != DB_OK) {
        return r;
    }
    heir_id = db_get_int(db, 0);
    r = db_done(db);
    return r == DB_OK ? member_set_role(db, room_id, heir_id, ROLE_OWNER) : r;
}

static enum db_result
member_delete(struct db *db, int64_t room_id, int64_t user_id, enum departure departure)
{
    enum db_result r = db_run(db, "DELETE FROM members WHERE room_id = ? AND user_id = ?",
                              db_int(room_id), db_int(user_id));

    if (r != DB_OK) {
        return r;
    }
    r = member_log(db, room_id, ENTRY_LEAVE, user_id, NULL);
    if (r == DB_OK) {
        r = departure_insert(db, room_id, user_id, departure);
    }
    if (r == DB_OK) {
        r = member_count_update(db, room_id);
    }
    return r == DB_OK ? users_changed(db, user_id) : r;
}

/* May the caller remove a member of role `role`, or leave? */
static enum denial
member_may_be_removed(const struct member_change *change, const struct locked_room *room,
                      enum role role)
{
    if (room->role == ROLE_NONE) {
        return DENIED_NOT_A_MEMBER;
    }
    if (role == ROLE_NONE) {
        return DENIED_NO_MEMBER;
    }
    if (change->user_id == change->caller->user_id) {
        return ALLOWED;
    }
    return room->role == ROLE_MEMBER || role >= room->role ? DENIED_ROLE : ALLOWED;
}

static enum db_result
member_remove(struct member_change *change, enum role role)
{
    struct db *db = change->caller->db;
    bool leaves = change->user_id == change->caller->user_id;
    enum db_result r;

    change->was_removed = true;
    r = member_delete(db, change->room_id, change->user_id,
                      leaves ? DEPARTURE_LEFT : DEPARTURE_REMOVED);
    return r == DB_OK && role == ROLE_OWNER ? room_hand_over(db, change->room_id) : r;
}

static enum db_result
member_remove_transaction(struct db *db, void *context)
{
    struct member_change *change = context;
    struct locked_room room;
    enum role role;
    enum denial denial;
    enum db_result r = members_lock_group(change->caller, change->room_id, &room);

    *change->invited = false;
    if (r != DB_OK) {
        return r;
    }
    r = member_find_role(db, change->room_id, change->user_id, &role);
    if (r != DB_OK) {
        return r;
    }
    if (role == ROLE_NONE && change->was_removed) {
        return DB_OK;
    }
    if (role == ROLE_NONE && room.role >= ROLE_ADMIN) {
        r = invitation_withdraw(db, change->room_id, change->user_id);
        *change->invited = r == DB_OK;
        return r == DB_NONE ? caller_deny(change->caller, DENIED_NO_MEMBER) : r;
    }
    denial = member_may_be_removed(change, &room, role);
    return denial == ALLOWED ? member_remove(change, role) : caller_deny(change->caller, denial);
}

enum db_result
members_remove(struct caller *caller, int64_t room_id, int64_t user_id, bool *invited)
{
    struct member_change change = {
        .caller = caller, .room_id = room_id, .user_id = user_id, .invited = invited};
    enum db_result r = db_transaction(caller->db, DB_REPEATABLE, member_remove_transaction,
                                      &change);

    if ((r == DB_OK || r == DB_DOWN) && change.was_removed) { /* perhaps committed */
        revocation_announce(caller->redis, user_id);
        members_announce(caller, room_id, user_id);
    }
    return r;
}

static enum db_result
read_mark_find(struct caller *caller, int64_t room_id, int64_t *read_seq)
{
    enum db_result r = db_one(caller->db,
                              "SELECT read_seq FROM members WHERE room_id = ? AND user_id = ?",
                              db_int(room_id), db_int(caller->user_id));

    if (r != DB_OK) {
        return r;
    }
    *read_seq = db_get_int(caller->db, 0);
    return db_done(caller->db);
}

/* As in room_log.c, LAST_INSERT_ID(expr) returns the new value without a second query. */
enum db_result
read_mark_advance(struct caller *caller, int64_t room_id, int64_t seq, int64_t *read_seq,
                  bool *moved)
{
    enum db_result r = db_run(caller->db,
                              "UPDATE members SET read_seq = LAST_INSERT_ID("
                              "LEAST(?, (SELECT last_seq FROM rooms WHERE id = ?))) "
                              "WHERE room_id = ? AND user_id = ? AND read_seq < "
                              "LEAST(?, (SELECT last_seq FROM rooms WHERE id = ?))",
                              db_int(seq), db_int(room_id), db_int(room_id),
                              db_int(caller->user_id), db_int(seq), db_int(room_id));

    *moved = r == DB_OK && db_affected(caller->db) > 0;
    if (r != DB_OK || !*moved) {
        return r == DB_OK ? read_mark_find(caller, room_id, read_seq) : r;
    }
    *read_seq = db_insert_id(caller->db);
    return DB_OK;
}
