/*
 * A deleted user keeps a row, to which the log and the direct rooms refer. Its state comes first,
 * so that nobody adds the user to a room again while the user leaves the others; its name is given
 * up last, so that an operator can name the user until all is done.
 */
#include "db/accounts.h"

#include <inttypes.h>

#include "base/clock.h"
#include "db/members.h"
#include "db/redis/announce.h"
#include "db/redis/revocations.h"
#include "db/secrets.h"
#include "db/tasks.h"
#include "db/user_index.h"

struct account_change {
    int64_t user_id;
    const char *password_hash;
    const enum user_state *state;
};

static enum db_result
account_change_transaction(struct db *db, void *context)
{
    struct account_change *change = context;
    enum db_result r = users_set_account(db, change->user_id, change->password_hash, change->state);

    if (r != DB_OK) {
        return r;
    }
    return db_run(db, "DELETE FROM sessions WHERE user_id = ?", db_int(change->user_id));
}

enum db_result
accounts_change(struct db *db, struct redis *redis, int64_t user_id, const char *password_hash,
                const enum user_state *state)
{
    struct account_change change = {
        .user_id = user_id, .password_hash = password_hash, .state = state};
    enum db_result r;

    secrets_load(db);
    r = db_transaction(db, DB_REPEATABLE, account_change_transaction, &change);
    if (r == DB_OK || r == DB_DOWN) { /* also if it is unknown whether it was committed */
        revocation_announce(redis, user_id);
        announce_user(redis, user_id);
    }
    return r;
}

static enum db_result
account_find_group(struct caller *caller, int64_t *room_id)
{
    enum db_result r = db_one(caller->db,
                              "SELECT r.id FROM members m JOIN rooms r ON r.id = m.room_id "
                              "WHERE m.user_id = ? AND r.kind = ? LIMIT 1",
                              db_int(caller->user_id), db_int(ROOM_GROUP));

    if (r != DB_OK) {
        return r;
    }
    *room_id = db_get_int(caller->db, 0);
    return db_done(caller->db);
}

static enum db_result
account_leave_groups(struct caller *caller)
{
    int64_t room_id;
    enum db_result r = account_find_group(caller, &room_id);

    while (r == DB_OK) {
        bool invited;

        r = members_remove(caller, room_id, caller->user_id, &invited);
        if (r == DB_OK || r == DB_FORBIDDEN) { /* somebody else was faster */
            r = account_find_group(caller, &room_id);
        }
    }
    return r == DB_NONE ? DB_OK : r;
}

/* Takes the user's names out of the index that finds users. */
static enum db_result
account_leave_index(struct db *db, struct caller *caller)
{
    struct arena *a = caller->arena;
    const struct grams none = {NULL, 0};
    struct grams grams;
    const char *username, *nickname_key;
    enum db_result r = db_one(db,
                              "SELECT username, nickname_key FROM users WHERE id = ? FOR UPDATE",
                              db_int(caller->user_id));

    if (r != DB_OK) {
        return r;
    }
    username = db_get_text(db, 0, a);
    nickname_key = db_get_text(db, 1, a);
    r = db_done(db);
    if (r != DB_OK || nickname_key == NULL) { /* not indexed */
        return r;
    }
    grams = grams_of(user_search_key(username, a), nickname_key, a);
    return user_grams_change(db, caller->user_id, &grams, &none);
}

/* Rows about a user that nobody needs after the user is gone. */
static const char *const forgotten[] = {
    "DELETE FROM known_addresses WHERE user_id = ?",
    "DELETE FROM invitations WHERE user_id = ?",
};

/* The periodic tasks delete the chunks of an export that has expired. */
static enum db_result
account_forget_transaction(struct db *db, void *context)
{
    struct caller *caller = context;
    char name[32];
    enum db_result r = users_changed(db, caller->user_id);

    if (r == DB_OK) {
        r = db_run(db, "UPDATE exports SET expires_at = 0 WHERE user_id = ?",
                   db_int(caller->user_id));
    }
    if (r == DB_OK) {
        r = db_run(db, "UPDATE tasks SET cancel_asked = 1 WHERE owner_id = ? AND state = ?",
                   db_int(caller->user_id), db_int(TASK_RUNNING));
    }
    if (r == DB_OK) {
        r = db_run(db, "DELETE FROM tasks WHERE owner_id = ? AND state <> ?",
                   db_int(caller->user_id), db_int(TASK_RUNNING));
    }
    for (size_t i = 0; i < sizeof(forgotten) / sizeof(forgotten[0]) && r == DB_OK; i++) {
        r = db_run(db, forgotten[i], db_int(caller->user_id));
    }
    if (r != DB_OK) {
        return r;
    }
    r = account_leave_index(db, caller);
    if (r != DB_OK) {
        return r;
    }
    (void)snprintf(name, sizeof(name), "~%" PRId64, caller->user_id); /* no user name has a ~ */
    return db_run(db,
                  "UPDATE users SET username = ?, username_key = ?, nickname = ?, skeleton = NULL, "
                  "nickname_key = NULL, is_admin = 0 WHERE id = ?",
                  db_text(name), db_text(name), db_text(DELETED_NICKNAME), db_int(caller->user_id));
}

enum db_result
accounts_delete(struct caller *caller)
{
    const enum user_state deleted = USER_DELETED;
    enum db_result r = accounts_change(caller->db, caller->redis, caller->user_id, "", &deleted);

    r = r == DB_OK ? account_leave_groups(caller) : r;
    return r == DB_OK
               ? db_transaction(caller->db, DB_REPEATABLE, account_forget_transaction, caller)
               : r;
}
