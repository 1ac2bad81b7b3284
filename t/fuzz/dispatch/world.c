/* The tables are copied once they are filled; a reset copies them back, in one round trip. */
#include "t/fuzz/dispatch/world.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/password.h"
#include "db/mysql/migrate.h"
#include "db/secrets.h"
#include "db/users.h"

/* Before and after every test. */
#define PAST "1700000000000"
#define FUTURE "9999999999999"

const struct world_user world_users[] = {
    {"alice", true}, {"bob", true}, {"carol", true}, {"dave", true}, {"eve", false}, {NULL, false},
};

/*
 * Room 1 is closed, 2 is open, 3 is one that alice left and bob was removed from, 4 is a direct
 * room, 5 invites bob and was refused by dave, 6 is open but not to bob.
 */
static const char *const rows[] = {
    "UPDATE users SET is_admin = 1 WHERE username = 'dave'",
    "UPDATE users SET state = 1 WHERE username = 'eve'",
    "INSERT INTO rooms (id, kind, name, is_open, dm_key, last_seq, last_message_seq, last_at, "
    "created_at, member_count) VALUES "
    "(1, 0, 'hush-name-1', 0, NULL, 5, 5, " PAST ", " PAST ", 2), "
    "(2, 0, '周末徒步', 1, NULL, 3, 3, " PAST ", " PAST ", 2), "
    "(3, 0, 'hush-name-3', 0, NULL, 4, 2, " PAST ", " PAST ", 1), "
    "(4, 1, '', 0, '1:2', 1, 1, " PAST ", " PAST ", 2), "
    "(5, 0, 'hush-name-5', 0, NULL, 2, 2, " PAST ", " PAST ", 2), "
    "(6, 0, 'open', 1, NULL, 3, 2, " PAST ", " PAST ", 1)",
    "INSERT INTO members (room_id, user_id, role, read_seq, joined_at) VALUES "
    "(1, 1, 2, 3, " PAST "), (1, 2, 0, 1, " PAST "), "
    "(2, 1, 2, 3, " PAST "), (2, 2, 1, 0, " PAST "), "
    "(3, 3, 2, 4, " PAST "), "
    "(4, 1, 0, 0, " PAST "), (4, 2, 0, 1, " PAST "), "
    "(5, 3, 2, 2, " PAST "), (5, 1, 0, 0, " PAST "), "
    "(6, 4, 2, 0, " PAST ")",
    "INSERT INTO room_log (room_id, seq, kind, sender_id, client_id, body, ref_seq, created_at) "
    "VALUES "
    "(1, 1, 1, 2, NULL, NULL, NULL, " PAST "), "
    "(1, 2, 0, 1, 'a', 'hush-said-1 早上好', NULL, " PAST "), "
    "(1, 3, 3, 1, NULL, 'hush-name-1', NULL, " PAST "), "
    "(1, 4, 0, 2, 'a', 'hush-said-1 \\\\ \" \\n 😀', NULL, " PAST "), "
    "(1, 5, 0, 2, 'b', 'hush-said-1', NULL, " PAST "), "
    "(2, 1, 1, 2, NULL, NULL, NULL, " PAST "), "
    "(2, 2, 4, 2, NULL, 'admin', NULL, " PAST "), "
    "(2, 3, 0, 1, 'a', 'hush-said-2', NULL, " PAST "), "
    "(3, 1, 0, 1, 'a', 'hush-said-3', NULL, " PAST "), "
    "(3, 2, 0, 2, 'a', 'hush-said-3', NULL, " PAST "), "
    "(3, 3, 2, 1, NULL, NULL, NULL, " PAST "), "
    "(3, 4, 2, 2, NULL, NULL, NULL, " PAST "), "
    "(4, 1, 0, 1, 'a', 'hush-said-4', NULL, " PAST "), "
    "(5, 1, 1, 1, NULL, NULL, NULL, " PAST "), "
    "(5, 2, 0, 3, 'a', 'hush-said-5', NULL, " PAST "), "
    "(6, 1, 1, 2, NULL, NULL, NULL, " PAST "), "
    "(6, 2, 0, 2, 'a', 'hush-said-6', NULL, " PAST "), "
    "(6, 3, 2, 2, NULL, NULL, NULL, " PAST ")",
    "INSERT INTO departures (room_id, user_id, kind, departed_at) VALUES "
    "(3, 1, 0, " PAST "), (3, 2, 1, " PAST "), (6, 2, 1, " PAST ")",
    "INSERT INTO invitations (room_id, user_id, inviter_id, state, created_at) VALUES "
    "(5, 2, 3, 0, " PAST "), (5, 4, 3, 1, " PAST ")",
    "INSERT INTO tasks (id, kind, owner_id, state, ready, run_at, attempts, max_attempts, "
    "until_at, arguments, result, error, created_at, started_at, ended_at) VALUES "
    "(1, 'square', 1, 2, 0, " PAST ", 1, 3, " FUTURE ", '{\"num\":\"12\"}', '\"hush-task-1\"', "
    "NULL, " PAST ", " PAST ", " PAST "), "
    "(2, 'square', 2, 4, 0, " PAST ", 3, 3, " FUTURE ", '{\"num\":\"-3\"}', NULL, 'hush-task-2', "
    "" PAST ", " PAST ", " PAST "), "
    "(3, 'square', 1, 0, 1, " FUTURE ", 0, 3, 0, '{\"num\":\"hush-task-1\"}', NULL, NULL, " PAST
    ", 0, 0), "
    "(4, 'export', 3, 1, 0, " PAST ", 1, 5, " FUTURE ", '{\"language\":\"zh\"}', NULL, "
    "'hush-task-3', " PAST ", " PAST ", 0), "
    "(5, 'tasks.clean', 0, 3, 1, " FUTURE ", 1, 3, 0, '{}', NULL, 'hush-task-0', " PAST ", " PAST
    ", 0)",
    "UPDATE tasks SET dedupe_key = 'export:3', work_key = 'export:3' WHERE id = 4",
    "INSERT INTO exports (id, user_id, run, bytes, made_at, expires_at) VALUES "
    "(1, 1, 7, 18, " PAST ", " FUTURE "), (2, 2, 7, 10, " PAST ", " FUTURE "), "
    "(3, 3, 7, 10, " PAST ", " PAST ")",
    "INSERT INTO export_chunks (export_id, run, number, bytes) VALUES "
    "(1, 7, 0, 'hush-own-1 and end'), (2, 7, 0, 'hush-own-2'), "
    "(3, 7, 0, 'hush-own-3')",
};

/* The kinds of secrets: the query finds a row if the user may see "hush-KIND-N". */
static const struct world_secret {
    const char *kind, *seen_by; /* the values are the user and N */
} secrets[] = {
    {"said-", "SELECT 1 FROM members WHERE user_id = ? AND room_id = ?"},
    {"name-", "SELECT 1 FROM users u JOIN rooms r WHERE u.id = ? AND r.id = ? AND (r.is_open = 1 "
              "OR EXISTS (SELECT 1 FROM members WHERE room_id = r.id AND user_id = u.id) "
              "OR EXISTS (SELECT 1 FROM invitations WHERE room_id = r.id AND user_id = u.id))"},
    {"task-", "SELECT 1 FROM users WHERE id = ? AND (is_admin = 1 OR id = ?)"},
    {"own-", "SELECT 1 FROM users WHERE id = ? AND id = ?"},
};

/* A rule is broken if its query finds a row. */
static const struct world_rule {
    const char *name, *broken_by;
} rules[] = {
    {"a room knows the number of its members",
     "SELECT 1 FROM rooms r WHERE member_count <> "
     "(SELECT COUNT(*) FROM members WHERE room_id = r.id) LIMIT 1"},
    {"the numbers of a log have no gaps",
     "SELECT 1 FROM rooms r WHERE "
     "last_seq <> (SELECT COUNT(*) FROM room_log WHERE room_id = r.id) OR "
     "last_seq <> (SELECT COALESCE(MAX(seq), 0) FROM room_log WHERE room_id = r.id) LIMIT 1"},
    {"a room knows its last message",
     "SELECT 1 FROM rooms r WHERE last_message_seq <> (SELECT COALESCE(MAX(seq), 0) "
     "FROM room_log WHERE room_id = r.id AND kind = 0) LIMIT 1"},
    {"in a room times never decrease",
     "SELECT 1 FROM room_log a JOIN room_log b ON b.room_id = a.room_id AND b.seq = a.seq + 1 "
     "WHERE b.created_at < a.created_at LIMIT 1"},
    {"nobody has read further than the log",
     "SELECT 1 FROM members m JOIN rooms r ON r.id = m.room_id WHERE m.read_seq > r.last_seq "
     "LIMIT 1"},
    {"a group with members has one owner",
     "SELECT 1 FROM rooms r WHERE kind = 0 AND member_count > 0 AND 1 <> "
     "(SELECT COUNT(*) FROM members WHERE room_id = r.id AND role = 2) LIMIT 1"},
    /* A lifted removal leaves no departure: the log still ends with it. */
    {"only members write",
     "SELECT 1 FROM room_log l LEFT JOIN members m ON m.room_id = l.room_id "
     "AND m.user_id = l.sender_id WHERE m.user_id IS NULL AND 2 <> (SELECT kind FROM room_log "
     "WHERE room_id = l.room_id AND sender_id = l.sender_id ORDER BY seq DESC LIMIT 1) LIMIT 1"},
    {"whoever has departed has written nothing since",
     "SELECT 1 FROM departures d WHERE 2 <> (SELECT kind FROM room_log "
     "WHERE room_id = d.room_id AND sender_id = d.user_id ORDER BY seq DESC LIMIT 1) LIMIT 1"},
    {"a direct room has two members",
     "SELECT 1 FROM rooms WHERE kind = 1 AND member_count <> 2 LIMIT 1"},
    {"whoever is in a room has not departed from it",
     "SELECT 1 FROM members m JOIN departures d ON d.room_id = m.room_id "
     "AND d.user_id = m.user_id LIMIT 1"},
    {"whoever is in a room is not invited to it",
     "SELECT 1 FROM members m JOIN invitations i ON i.room_id = m.room_id "
     "AND i.user_id = m.user_id LIMIT 1"},
    {"a user has a bounded number of sessions",
     "SELECT 1 FROM sessions GROUP BY user_id HAVING COUNT(*) > " WORLD_LIMIT " LIMIT 1"},
    {"a user has a bounded number of unfinished tasks",
     "SELECT 1 FROM tasks WHERE owner_id > 0 AND state IN (0, 1, 3) GROUP BY owner_id "
     "HAVING COUNT(*) > " WORLD_LIMIT " LIMIT 1"},
};

void
world_token(const char *name, char token[static TOKEN_TEXT_SIZE])
{
    memset(token, '-', TOKEN_TEXT_SIZE - 1);
    token[TOKEN_TEXT_SIZE - 1] = '\0';
    memcpy(token, name, strnlen(name, TOKEN_TEXT_SIZE - 1));
}

static const char *
world_run(struct db *db, const char *sql)
{
    const char *why;

    return db_execute(db, sql, strlen(sql), &why) == DB_OK ? NULL : why;
}

/* Each user has a session, of the user's id; bob has another one, which has expired. */
static const char *
world_add_session(struct db *db, const char *token_of, int64_t id, int64_t user_id,
                  const char *expires_at)
{
    char token[TOKEN_TEXT_SIZE], device[40];
    uint8_t hash[TOKEN_HASH_BYTES];

    world_token(token_of, token);
    (void)snprintf(device, sizeof(device), WORLD_SECRET "own-%" PRId64, user_id);
    if (!token_hash(token, hash)) {
        return "a user's name is not the beginning of a token";
    }
    return db_run(db,
                  "INSERT INTO sessions (id, user_id, token_hash, device, created_at, "
                  "last_seen_at, expires_at) "
                  "VALUES (?, ?, ?, ?, " PAST ", UNIX_TIMESTAMP() * 1000, ?)",
                  db_int(id), db_int(user_id), db_bytes(hash, sizeof(hash)), db_text(device),
                  db_int(strtoll(expires_at, NULL, 10))) == DB_OK
               ? NULL
               : db_why(db);
}

static const char *
world_add_users(struct db *db)
{
    char hash[PASSWORD_HASH_SIZE];
    struct arena arena = {0};
    const char *why = NULL;
    struct user user;

    for (int64_t id = 1; why == NULL && world_users[id - 1].name != NULL; id++) {
        const char *name = world_users[id - 1].name;

        if (!password_hash(WORLD_PASSWORD, hash) ||
            users_add(db, &arena, name, NULL, hash, &user) != DB_OK || user.id != id) {
            why = "a user cannot be made";
        } else {
            why = world_add_session(db, name, id, id, FUTURE);
        }
    }
    arena_free(&arena);
    return why != NULL ? why : world_add_session(db, "expired", 9, 2, PAST);
}

/* Makes a copy of each table, and the procedure that copies them back. */
static const char *
world_keep(struct db *db)
{
    struct arena arena = {0};
    struct buf copy = {0}, restore = {0};
    const char *why = NULL;
    enum db_result r = db_run_plain(db, "SELECT TABLE_NAME FROM information_schema.TABLES "
                                        "WHERE TABLE_SCHEMA = DATABASE()");

    buf_str(&restore, "CREATE PROCEDURE world_reset() BEGIN START TRANSACTION; ");
    buf_str(&copy, "CREATE PROCEDURE world_keep() BEGIN ");
    while (r == DB_OK && db_next(db)) {
        const char *table = db_get_text(db, 0, &arena);

        buf_printf(&copy, "CREATE TABLE kept_%s LIKE %s; INSERT INTO kept_%s SELECT * FROM %s; ",
                   table, table, table, table);
        buf_printf(&restore, "DELETE FROM %s; INSERT INTO %s SELECT * FROM kept_%s; ", table, table,
                   table);
    }
    if (r != DB_OK || db_done(db) != DB_OK) {
        why = db_why(db);
    }
    buf_str(&copy, "END");
    buf_str(&restore, "UPDATE users SET changes = UNIX_TIMESTAMP(NOW(6)) * 1000000; COMMIT; END");
    why = why != NULL ? why : world_run(db, buf_cstr(&copy));
    why = why != NULL ? why : world_run(db, "CALL world_keep()");
    why = why != NULL ? why : world_run(db, buf_cstr(&restore));
    buf_free(&copy);
    buf_free(&restore);
    arena_free(&arena);
    return why;
}

const char *
world_make(const struct settings *settings, struct db *db)
{
    FILE *nowhere = fopen("/dev/null", "w");
    bool migrated = nowhere != NULL && migrate_run(settings, MIGRATE_ALL, nowhere, stderr) == 0;
    const char *why = migrated ? NULL : "the tables cannot be made";

    if (nowhere != NULL) {
        (void)fclose(nowhere);
    }
    why = why != NULL ? why : world_add_users(db);
    for (size_t i = 0; why == NULL && i < sizeof(rows) / sizeof(rows[0]); i++) {
        why = world_run(db, rows[i]);
    }
    secrets_load(db); /* so that it is a row that is kept */
    return why != NULL ? why : world_keep(db);
}

const char *
world_reset(struct db *db)
{
    return world_run(db, "CALL world_reset()");
}

/* Whether the user may see a secret: the text after "hush-". */
static bool
world_may_see(struct db *db, const char *secret, int64_t user_id)
{
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        size_t len = strlen(secrets[i].kind);

        if (strncmp(secret, secrets[i].kind, len) == 0) {
            return db_one(db, secrets[i].seen_by, db_int(user_id),
                          db_int(strtoll(secret + len, NULL, 10))) == DB_OK &&
                   db_done(db) == DB_OK;
        }
    }
    return false;
}

const char *
world_find_leak(struct db *db, struct arena *a, const char *text, int64_t user_id)
{
    const char *at = strstr(text, WORLD_SECRET);

    for (; at != NULL; at = strstr(at + 1, WORLD_SECRET)) {
        if (!world_may_see(db, at + sizeof(WORLD_SECRET) - 1, user_id)) {
            return arena_printf(a, "%.12s is shown to user %" PRId64, at, user_id);
        }
    }
    return strstr(text, "$argon2") != NULL ? "the hash of a password is shown" : NULL;
}

const char *
world_broken_rule(struct db *db)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        enum db_result r = db_one_values(db, rules[i].broken_by, NULL, 0);

        if (r != DB_NONE) {
            return r == DB_OK && db_done(db) == DB_OK ? rules[i].name : db_why(db);
        }
    }
    return NULL;
}
