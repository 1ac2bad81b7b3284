/*
 * User names consist of ASCII letters, digits, "_" and CJK, so folding ASCII folds all case there
 * is.
 */
#include "db/users.h"

#include <string.h>

#include "base/clock.h"

#define COLUMNS "id, username, nickname, created_at, is_admin"

/* The key under which a name is unique: without case. */
static char *
username_key(const char *name, struct arena *a)
{
    char *key = arena_strdup(a, name);

    for (char *at = key; *at != '\0'; at++) {
        if (*at >= 'A' && *at <= 'Z') {
            *at = (char)(*at - 'A' + 'a');
        }
    }
    return key;
}

static struct user
user_read(struct db *db, struct arena *a)
{
    return (struct user){
        .id = db_get_int(db, 0),
        .username = db_get_text(db, 1, a),
        .nickname = db_get_text(db, 2, a),
        .created_at = db_get_int(db, 3),
        .is_admin = (int)db_get_int(db, 4),
    };
}

enum db_result
users_add(struct db *db, struct arena *a, const char *username, const char *nickname,
          const char *password_hash, struct user *made)
{
    int64_t now = clock_now_ms();
    enum db_result r = db_run(db,
                              "INSERT INTO users (username, username_key, nickname, "
                              "password_hash, created_at) VALUES (?, ?, ?, ?, ?)",
                              db_text(username), db_text(username_key(username, a)),
                              db_text(nickname), db_text(password_hash), db_int(now));

    *made = (struct user){db_insert_id(db), username, nickname, now, 0};
    return r;
}

enum db_result
users_find(struct db *db, struct arena *a, int64_t id, struct user *found)
{
    enum db_result r = db_one(db, "SELECT " COLUMNS " FROM users WHERE id = ?", db_int(id));

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
    enum db_result r = db_one(db,
                              "SELECT " COLUMNS ", password_hash FROM users WHERE username_key = ?",
                              db_text(username_key(username, a)));

    if (r != DB_OK) {
        return r;
    }
    *found = user_read(db, a);
    *password_hash = db_get_text(db, 5, a);
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

/* Less than every key after those that begin with `prefix`: UTF-8 has no byte 0xFF. */
static struct db_value
username_prefix_end(const char *prefix, struct arena *a)
{
    size_t len = strlen(prefix);
    char *end = arena_alloc(a, len + 1);

    memcpy(end, prefix, len);
    end[len] = (char)0xFF;
    return db_bytes(end, len + 1);
}

enum db_result
users_search(struct db *db, struct arena *a, const char *prefix, const char *after, size_t limit,
             struct user **users, size_t *count)
{
    const char *key = username_key(prefix, a);
    enum db_result r = db_run(db,
                              "SELECT " COLUMNS " FROM users "
                              "WHERE username_key >= ? AND username_key < ? AND username_key > ? "
                              "ORDER BY username_key LIMIT ?",
                              db_text(key), username_prefix_end(key, a),
                              db_text(username_key(after, a)), db_int((int64_t)limit));

    *users = arena_array(a, limit, sizeof(**users));
    *count = 0;
    if (r != DB_OK) {
        return r;
    }
    while (*count < limit && db_next(db)) {
        (*users)[(*count)++] = user_read(db, a);
    }
    return db_done(db);
}

enum db_result
users_changed(struct db *db, int64_t id)
{
    return db_run(db, "UPDATE users SET changes = changes + 1 WHERE id = ?", db_int(id));
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
    struct db_value key = db_text(username_key(username, a));
    enum db_result r = db_one(db, "SELECT 1 FROM users WHERE username_key = ?", key);

    if (r != DB_OK) {
        return r;
    }
    r = db_done(db);
    if (r != DB_OK) {
        return r;
    }
    return db_run(db, "UPDATE users SET is_admin = ? WHERE username_key = ?", db_int(is_admin),
                  key);
}

enum db_result
users_list(struct db *db, struct arena *a, bool admins, int64_t after, size_t limit,
           struct user *found, size_t *count)
{
    enum db_result r = db_run(
        db, "SELECT " COLUMNS " FROM users WHERE id > ? AND is_admin >= ? ORDER BY id LIMIT ?",
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

enum db_result
users_set_nickname(struct db *db, int64_t id, const char *nickname)
{
    return db_run(db, "UPDATE users SET nickname = ? WHERE id = ?", db_text(nickname), db_int(id));
}

enum db_result
users_set_password(struct db *db, int64_t id, const char *password_hash)
{
    return db_run(db, "UPDATE users SET password_hash = ? WHERE id = ?", db_text(password_hash),
                  db_int(id));
}
