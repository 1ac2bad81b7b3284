/* All that changes who is in a room first takes the room's row lock: it has one order, the log's. */
#include "db/members.h"

#include "base/clock.h"
#include "db/redis/announce.h"
#include "db/redis/membership_cache.h"
#include "db/users.h"

static const char *const role_names[] = {"member", "admin", "owner"};

/* Inside a transaction: what a user is in a room. */
static enum db_result
find_role(struct db *db, int64_t room_id, int64_t user_id, enum role *role)
{
    enum db_result r = db_one(db, "SELECT role FROM members WHERE room_id = ? AND user_id = ?",
                              db_int(room_id), db_int(user_id));

    *role = ROLE_NONE;
    if (r != DB_OK) {
        return r == DB_NONE ? DB_OK : r;
    }
    *role = (enum role)db_get_int(db, 0);
    return db_done(db);
}

static enum db_result
refuse(enum refusal reason, enum refusal *why)
{
    *why = reason;
    return DB_FORBIDDEN;
}

static enum db_result
append(struct db *db, int64_t room_id, enum entry_kind kind, int64_t user_id, const char *body)
{
    struct entry e = {
        .room_id = room_id, .kind = (int)kind, .sender = {.id = user_id}, .body = body};

    return room_log_append(db, &e, false);
}

enum db_result
members_lock_group(const struct room_reader *who, int64_t room_id, struct locked_room *room,
                   enum refusal *why)
{
    struct db *db = who->db;
    enum role role;
    enum db_result r = db_one(db, "SELECT kind, is_open, name FROM rooms WHERE id = ? FOR UPDATE",
                              db_int(room_id));

    if (r != DB_OK) {
        return r == DB_NONE ? refuse(REFUSED_NO_ROOM, why) : r;
    }
    room->kind = (int)db_get_int(db, 0);
    room->open = (int)db_get_int(db, 1);
    room->name = db_get_text(db, 2, who->arena);
    r = db_done(db);
    if (r == DB_OK) {
        r = find_role(db, room_id, who->user_id, &role);
    }
    if (r != DB_OK) {
        return r;
    }
    room->role = (int)role;
    if (room->kind == ROOM_DM) {
        return refuse(role == ROLE_NONE ? REFUSED_NOT_A_MEMBER : REFUSED_IS_A_DM, why);
    }
    return DB_OK;
}

enum db_result
members_insert(const struct room_reader *who, int64_t room_id, int64_t user_id, enum role role,
               enum refusal *why)
{
    enum db_result r = db_run(who->db,
                              "INSERT INTO members (room_id, user_id, role, joined_at) "
                              "SELECT ?, id, ?, ? FROM users WHERE id = ?",
                              db_int(room_id), db_int(role), db_int(clock_now_ms()),
                              db_int(user_id));

    if (r != DB_OK) {
        return r;
    }
    if (db_affected(who->db) == 0) {
        return refuse(REFUSED_NO_USER, why);
    }
    r = append(who->db, room_id, ENTRY_JOIN, user_id, NULL);
    return r == DB_OK ? users_changed(who->db, user_id) : r;
}

#define MEMBERS                                                                                    \
    "SELECT u.id, u.username, u.nickname, m.role, m.read_seq, m.joined_at FROM members m "         \
    "JOIN users u ON u.id = m.user_id WHERE m.room_id = ? AND "

static struct member
read_member(struct db *db, struct arena *a)
{
    return (struct member){
        .user = {.id = db_get_int(db, 0),
                 .username = db_get_text(db, 1, a),
                 .nickname = db_get_text(db, 2, a)},
        .role = (int)db_get_int(db, 3),
        .read_seq = db_get_int(db, 4),
        .joined_at = db_get_int(db, 5),
    };
}

enum db_result
members_list(const struct room_reader *who, int64_t room_id, int64_t after, size_t limit,
             struct member **members, size_t *count)
{
    enum db_result r = db_run(who->db, MEMBERS "m.user_id > ? ORDER BY m.user_id LIMIT ?",
                              db_int(room_id), db_int(after), db_int((int64_t)limit));

    *members = arena_array(who->arena, limit, sizeof(**members));
    *count = 0;
    if (r != DB_OK) {
        return r;
    }
    while (*count < limit && db_next(who->db)) {
        (*members)[(*count)++] = read_member(who->db, who->arena);
    }
    return db_done(who->db);
}

static void
members_announce(const struct room_reader *who, int64_t room_id, int64_t user_id)
{
    announce_room(who->redis, room_id);
    announce_user(who->redis, user_id);
}

/* What a transaction of this file is about. */
struct work {
    const struct room_reader *who;
    int64_t room_id, user_id;
    enum role role;
    struct member *member; /* as it is then; read before the commit, after which nothing may fail */
    enum refusal why;
};

/* May the one who acts put `user_id` in, who is not in the room? */
static enum refusal
may_add(const struct work *w, const struct locked_room *room)
{
    if (w->user_id == w->who->user_id) { /* who is not in the room either */
        return room->open && w->role != ROLE_ADMIN ? REFUSED_NOT : REFUSED_NOT_A_MEMBER;
    }
    if (room->role == ROLE_NONE) {
        return REFUSED_NOT_A_MEMBER;
    }
    if (room->role == ROLE_MEMBER || (w->role == ROLE_ADMIN && room->role != ROLE_OWNER)) {
        return REFUSED_NOT_ALLOWED;
    }
    return REFUSED_NOT;
}

static enum db_result
change_role(const struct work *w)
{
    enum db_result r = db_run(w->who->db,
                              "UPDATE members SET role = ? WHERE room_id = ? AND user_id = ?",
                              db_int(w->role), db_int(w->room_id), db_int(w->user_id));

    return r == DB_OK ? append(w->who->db, w->room_id, ENTRY_ROLE, w->user_id, role_names[w->role])
                      : r;
}

static enum db_result
put(struct db *db, struct work *w)
{
    struct locked_room room;
    enum role now;
    enum db_result r = members_lock_group(w->who, w->room_id, &room, &w->why);

    r = r == DB_OK ? find_role(db, w->room_id, w->user_id, &now) : r;
    if (r != DB_OK) {
        return r;
    }
    if (now == ROLE_NONE) {
        enum refusal refused = may_add(w, &room);

        if (refused != REFUSED_NOT) {
            return refuse(refused, &w->why);
        }
        return members_insert(w->who, w->room_id, w->user_id,
                              w->role == ROLE_NONE ? ROLE_MEMBER : w->role, &w->why);
    }
    if (room.role == ROLE_NONE) {
        return refuse(REFUSED_NOT_A_MEMBER, &w->why);
    }
    if (w->role == ROLE_NONE || w->role == now) {
        return DB_OK;
    }
    if (room.role != ROLE_OWNER || w->user_id == w->who->user_id) {
        return refuse(REFUSED_NOT_ALLOWED, &w->why);
    }
    return change_role(w);
}

static enum db_result
put_body(struct db *db, void *context)
{
    struct work *w = context;
    enum db_result r = put(db, w);

    if (r == DB_OK) {
        r = db_one(db, MEMBERS "m.user_id = ?", db_int(w->room_id), db_int(w->user_id));
    }
    if (r != DB_OK) {
        return r;
    }
    *w->member = read_member(db, w->who->arena);
    return db_done(db);
}

enum db_result
members_put(const struct room_reader *who, int64_t room_id, int64_t user_id, enum role role,
            struct member *member, enum refusal *why)
{
    struct work w = {
        .who = who, .room_id = room_id, .user_id = user_id, .role = role, .member = member};
    enum db_result r = db_transaction(who->db, DB_REPEATABLE, put_body, &w);

    if (r == DB_OK) {
        membership_forget(who->redis, room_id, user_id);
        members_announce(who, room_id, user_id);
    }
    *why = w.why;
    return r;
}

/* The owner has left: the next one takes over, or nobody is there and the room closes. */
static enum db_result
hand_over(struct work *w)
{
    struct db *db = w->who->db;
    enum db_result r = db_one(db,
                              "SELECT user_id FROM members WHERE room_id = ? "
                              "ORDER BY role DESC, joined_at, user_id LIMIT 1",
                              db_int(w->room_id));

    if (r == DB_NONE) {
        return db_run(db, "UPDATE rooms SET is_open = 0 WHERE id = ?", db_int(w->room_id));
    }
    if (r != DB_OK) {
        return r;
    }
    w->user_id = db_get_int(db, 0);
    w->role = ROLE_OWNER;
    r = db_done(db);
    return r == DB_OK ? change_role(w) : r;
}

static enum db_result
remove_body(struct db *db, void *context)
{
    struct work w = *(
        struct work *)context; /* a copy: hand_over changes it, and a retry begins anew */
    enum refusal *why = &((struct work *)context)->why;
    struct locked_room room;
    enum role now;
    enum db_result r = members_lock_group(w.who, w.room_id, &room, why);

    r = r == DB_OK ? find_role(db, w.room_id, w.user_id, &now) : r;
    if (r != DB_OK) {
        return r;
    }
    if (room.role == ROLE_NONE) {
        return refuse(REFUSED_NOT_A_MEMBER, why);
    }
    if (now == ROLE_NONE) {
        return refuse(REFUSED_NO_MEMBER, why);
    }
    if (w.user_id != w.who->user_id && (room.role == ROLE_MEMBER || (int)now >= room.role)) {
        return refuse(REFUSED_NOT_ALLOWED, why);
    }
    r = db_run(db, "DELETE FROM members WHERE room_id = ? AND user_id = ?", db_int(w.room_id),
               db_int(w.user_id));
    r = r == DB_OK ? append(db, w.room_id, ENTRY_LEAVE, w.user_id, NULL) : r;
    r = r == DB_OK ? users_changed(db, w.user_id) : r;
    return r == DB_OK && now == ROLE_OWNER ? hand_over(&w) : r;
}

enum db_result
members_remove(const struct room_reader *who, int64_t room_id, int64_t user_id, enum refusal *why)
{
    struct work w = {.who = who, .room_id = room_id, .user_id = user_id};
    enum db_result r = db_transaction(who->db, DB_ONCE, remove_body, &w);

    *why = w.why;
    if (r == DB_OK) {
        membership_bury(who->redis, room_id, user_id);
        members_announce(who, room_id, user_id);
    }
    return r;
}

/* As in room_log.c, LAST_INSERT_ID(expr) brings the new value back without a query of its own. */
enum db_result
members_read(const struct room_reader *who, int64_t room_id, int64_t seq, int64_t *read_seq)
{
    enum db_result r = db_run(
        who->db,
        "UPDATE members SET read_seq = LAST_INSERT_ID(GREATEST(read_seq, LEAST(?, "
        "(SELECT last_seq FROM rooms WHERE id = ?)))) WHERE room_id = ? AND user_id = ?",
        db_int(seq), db_int(room_id), db_int(room_id), db_int(who->user_id));

    *read_seq = db_insert_id(who->db);
    return r == DB_OK && db_affected(who->db) == 0 ? DB_NONE : r;
}
