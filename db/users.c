/*
 * A user name is stored in its normal form (unicode_name) and has two unique keys: its folded form,
 * by which people sign in and are found, and its skeleton, which is equal for names that look
 * alike.
 */
#include "db/users.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/unicode.h"
#include "db/bound_rows.h"
#include "db/user_index.h"

const char *const user_state_words[] = {USER_STATES(VOCABULARY_WORD) NULL};

/*
 * The next number is the time in microseconds, or the next but one: whatever was counted before the
 * database was restored is not counted again. By the clock of the database, so that hosts need not
 * agree on theirs.
 */
#define NEXT_CHANGE "GREATEST(changes + 1, " DB_NOW_US ")"
#define COUNT_CHANGE "changes = " NEXT_CHANGE

/*
 * The key that a name had before names were normalized, when only ASCII had case. It finds names
 * with compatibility ideographs, which were allowed then.
 */
static char *
username_old_key(const char *name, struct arena *a)
{
    char *key = arena_strdup(a, name);

    for (char *at = key; *at != '\0'; at++) {
        if (*at >= 'A' && *at <= 'Z') {
            *at = (char)(*at - 'A' + 'a');
        }
    }
    return key;
}

struct user
user_read(struct db *db, struct arena *a)
{
    return (struct user){
        .id = db_get_int(db, 0),
        .username = db_get_text(db, 1, a),
        .nickname = db_get_text(db, 2, a),
        .created_at = db_get_int(db, 3),
        .is_admin = (int)db_get_int(db, 4),
        .state = (int)db_get_int(db, 5),
    };
}

/* A user who signs up, or whose nickname changes. */
struct user_edit {
    struct arena *arena;
    const char *password_hash;
    struct user *user;
};

static enum db_result
user_add_transaction(struct db *db, void *context)
{
    struct user_edit *edit = context;
    struct user *user = edit->user;
    struct arena *a = edit->arena;
    const char *key = unicode_fold(user->username, a);
    const char *nickname_key = user_search_key(user->nickname, a);
    struct grams none = {NULL, 0}, grams = grams_of(user_search_key(key, a), nickname_key, a);
    enum db_result r = db_run(
        db,
        "INSERT INTO users (username, username_key, skeleton, nickname, nickname_key, unicode_version, "
        "password_hash, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        db_text(user->username), db_text(key), db_text(unicode_skeleton(user->username, a)),
        db_text(user->nickname), db_text(nickname_key), db_int(unicode_version()),
        db_text(edit->password_hash), db_int(user->created_at));

    user->id = db_insert_id(db);
    return r == DB_OK ? user_grams_change(db, user->id, &none, &grams) : r;
}

enum db_result
users_add(struct db *db, struct arena *a, const char *username, const char *nickname,
          const char *password_hash, struct user *made)
{
    struct user_edit edit = {.arena = a, .password_hash = password_hash, .user = made};

    *made = (struct user){.username = unicode_name(username, a), .created_at = clock_now_ms()};
    made->nickname = nickname != NULL ? nickname : made->username;
    return db_transaction(db, DB_ONCE, user_add_transaction, &edit);
}

enum db_result
users_find(struct db *db, struct arena *a, int64_t id, struct user *found)
{
    enum db_result r = db_one(db, "SELECT " USER_COLUMNS " FROM users WHERE id = ?", db_int(id));

    if (r != DB_OK) {
        return r;
    }
    *found = user_read(db, a);
    return db_done(db);
}

enum db_result
users_find_by_name(struct db *db, struct arena *a, const char *username, struct user *found,
                   const char **password_hash)
{
    const char *old_key = username_old_key(username, a);
    enum db_result r = db_one(db,
                              "SELECT " USER_COLUMNS ", password_hash FROM users "
                              "WHERE username_key IN (?, ?) ORDER BY username_key = ? DESC LIMIT 1",
                              db_text(unicode_fold(username, a)), db_text(old_key),
                              db_text(old_key));

    if (r != DB_OK) {
        return r;
    }
    *found = user_read(db, a);
    *password_hash = db_get_text(db, USER_COLUMN_COUNT, a);
    return db_done(db);
}

enum db_result
users_password_hash(struct db *db, struct arena *a, int64_t id, const char **password_hash)
{
    enum db_result r = db_one(db, "SELECT password_hash FROM users WHERE id = ?", db_int(id));

    if (r != DB_OK) {
        return r;
    }
    *password_hash = db_get_text(db, 0, a);
    return db_done(db);
}

/* The end of a statement with COUNT_CHANGE: DB_CONFLICT if no row matched. */
static enum db_result
user_change_done(const struct db *db, enum db_result r)
{
    return r == DB_OK && db_affected(db) == 0 ? DB_CONFLICT : r;
}

enum db_result
users_changed(struct db *db, int64_t id)
{
    return db_run(db, "UPDATE users SET " COUNT_CHANGE " WHERE id = ?", db_int(id));
}

enum db_result
users_changed_in(struct db *db, int64_t room_id)
{
    return db_run(db,
                  "UPDATE members m STRAIGHT_JOIN users u ON u.id = m.user_id "
                  "SET u.changes = " NEXT_CHANGE " WHERE m.room_id = ?",
                  db_int(room_id));
}

static int
user_id_compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/*
 * The joined rows are read, and so locked, in the order of the numbers. Without the hint a server
 * might read, and lock, a short table whole. MySQL refuses a locking read of a bare JSON_TABLE.
 */
enum db_result
users_lock(struct db *db, int64_t *ids, size_t count)
{
    struct buf rows = {0};
    size_t found = 0;
    enum db_result r;

    qsort(ids, count, sizeof(*ids), user_id_compare);
    for (size_t i = 0; i < count; i++) {
        BOUND_ROW(&rows, ids[i]);
    }
    r = db_run(db,
               "SELECT u.id FROM (SELECT j.id FROM "
               "JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$[0]')) j) k "
               "STRAIGHT_JOIN users u FORCE INDEX (PRIMARY) ON u.id = k.id WHERE u.state <> ? "
               "FOR UPDATE",
               bound_rows_value(&rows), db_int(USER_DELETED));
    buf_free(&rows);
    if (r != DB_OK) {
        return r;
    }
    while (db_next(db)) {
        found++;
    }
    r = db_done(db);
    return r == DB_OK && found < count ? DB_NONE : r;
}

enum db_result
users_changed_if(struct db *db, int64_t id, const char *password_hash)
{
    enum db_result r = db_run(
        db, "UPDATE users SET " COUNT_CHANGE " WHERE id = ? AND password_hash = ? AND state = ?",
        db_int(id), db_text(password_hash), db_int(USER_ACTIVE));

    return user_change_done(db, r);
}

enum db_result
users_replace_password(struct db *db, int64_t id, const char *old_hash, const char *new_hash)
{
    enum db_result r = db_run(db,
                              "UPDATE users SET password_hash = ?, " COUNT_CHANGE
                              " WHERE id = ? AND password_hash IN (?, ?)",
                              db_text(new_hash), db_int(id), db_text(old_hash), db_text(new_hash));

    return user_change_done(db, r);
}

/* COALESCE keeps what is NULL. An account of a failed deletion may be deleted again. */
enum db_result
users_set_account(struct db *db, int64_t id, const char *password_hash,
                  const enum user_state *state)
{
    enum user_state wanted = state == NULL ? USER_ACTIVE : *state;
    enum db_result r = db_run(db,
                              "UPDATE users SET password_hash = COALESCE(?, password_hash), "
                              "state = IF(?, ?, state), " COUNT_CHANGE
                              " WHERE id = ? AND (state <> ? OR ? = state)",
                              db_text(password_hash), db_int(state != NULL), db_int(wanted),
                              db_int(id), db_int(USER_DELETED), db_int(wanted));

    r = user_change_done(db, r);
    return r == DB_CONFLICT ? DB_NONE : r;
}

enum db_result
users_is_admin(struct db *db, int64_t id, bool *is_admin)
{
    enum db_result r = db_one(db, "SELECT is_admin FROM users WHERE id = ?", db_int(id));

    if (r != DB_OK) {
        return r;
    }
    *is_admin = db_get_int(db, 0) != 0;
    return db_done(db);
}

enum db_result
users_set_admin(struct db *db, struct arena *a, const char *username, bool is_admin)
{
    struct user user;
    const char *password_hash;
    enum db_result r = users_find_by_name(db, a, username, &user, &password_hash);

    if (r != DB_OK) {
        return r;
    }
    r = db_run(db, "UPDATE users SET is_admin = ? WHERE id = ? AND state <> ?", db_int(is_admin),
               db_int(user.id), db_int(USER_DELETED));
    return r == DB_OK && db_affected(db) == 0 ? DB_NONE : r;
}

enum db_result
users_list(struct db *db, struct arena *a, bool admins, int64_t after, size_t limit,
           struct user *found, size_t *count)
{
    enum db_result r = db_run(
        db, "SELECT " USER_COLUMNS " FROM users WHERE id > ? AND is_admin >= ? ORDER BY id LIMIT ?",
        db_int(after), db_int(admins), db_int((int64_t)limit));

    *count = 0;
    if (r != DB_OK) {
        return r;
    }
    while (*count < limit && db_next(db)) {
        found[(*count)++] = user_read(db, a);
    }
    return db_done(db);
}

static enum db_result
nickname_transaction(struct db *db, void *context)
{
    const struct user_edit *edit = context;
    struct arena *a = edit->arena;
    const char *key, *old_key, *new_key = user_search_key(edit->user->nickname, a);
    struct grams from = {NULL, 0}, to;
    enum db_result r = db_one(db,
                              "SELECT username, nickname_key FROM users WHERE id = ? FOR UPDATE",
                              db_int(edit->user->id));

    if (r != DB_OK) {
        return r;
    }
    key = user_search_key(db_get_text(db, 0, a), a);
    old_key = db_get_text(db, 1, a);
    r = db_done(db);
    if (r != DB_OK) {
        return r;
    }
    if (old_key != NULL) { /* otherwise not yet indexed */
        from = grams_of(key, old_key, a);
    }
    to = grams_of(key, new_key, a);
    r = db_run(db, "UPDATE users SET nickname = ?, nickname_key = ?, " COUNT_CHANGE " WHERE id = ?",
               db_text(edit->user->nickname), db_text(new_key), db_int(edit->user->id));
    return r == DB_OK ? user_grams_change(db, edit->user->id, &from, &to) : r;
}

enum db_result
users_set_nickname(struct db *db, struct arena *a, int64_t id, const char *nickname)
{
    struct user user = {.id = id, .nickname = nickname};
    struct user_edit edit = {.arena = a, .user = &user};

    return db_transaction(db, DB_REPEATABLE, nickname_transaction, &edit);
}
