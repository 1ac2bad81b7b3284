/*
 * A token's session is needed by every call, so a process knows those in use (db/known.h). A change
 * that ends sessions, or depends on the password, writes the user's row first: the row's lock gives
 * all such changes one order, also across the nodes of a cluster.
 */
#include "db/sessions.h"

#include "base/clock.h"
#include "db/known.h"
#include "db/redis/announce.h"
#include "db/redis/revocations.h"
#include "db/secrets.h"
#include "db/users.h"

/*
 * Announces that sessions have ended: also if it is unknown whether they have, for then another
 * query is all that it costs.
 */
static void
sessions_announce(struct redis *redis, enum db_result r, int64_t user_id)
{
    if (r == DB_OK || r == DB_DOWN) {
        revocation_announce(redis, user_id);
        announce_user(redis, user_id);
    }
}

/* The transaction that makes a session. */
struct session_insert {
    const struct sign_in *in;
    const uint8_t *hash;
    int64_t now, expires_at;
};

/* Ends the sessions beyond in->most, the least recently used ones first. */
static enum db_result
sessions_end_excess(struct db *db, const struct session_insert *insert)
{
    const struct sign_in *in = insert->in;
    enum db_result r = db_one(db, "SELECT COUNT(*) FROM sessions WHERE user_id = ?",
                              db_int(in->user_id));
    int64_t excess;

    if (r != DB_OK) {
        return r;
    }
    excess = db_get_int(db, 0) - in->most;
    r = db_done(db);
    if (r != DB_OK || excess <= 0) {
        return r;
    }
    return db_run(db,
                  "DELETE FROM sessions WHERE user_id = ? AND token_hash <> ? "
                  "ORDER BY last_seen_at, id LIMIT ?",
                  db_int(in->user_id), db_bytes(insert->hash, TOKEN_HASH_BYTES), db_int(excess));
}

static enum db_result
session_insert_transaction(struct db *db, void *context)
{
    struct session_insert *insert = context;
    const struct sign_in *in = insert->in;
    enum db_result r = users_changed_if(db, in->user_id, in->password_hash);

    if (r != DB_OK) {
        return r;
    }
    r = db_run(db,
               "INSERT INTO sessions (user_id, token_hash, device, created_at, last_seen_at, "
               "expires_at) VALUES (?, ?, ?, ?, ?, ?)",
               db_int(in->user_id), db_bytes(insert->hash, TOKEN_HASH_BYTES), db_text(in->device),
               db_int(insert->now), db_int(insert->now), db_int(insert->expires_at));
    if (r == DB_EXISTS) { /* a run whose COMMIT was not answered has made it */
        return DB_OK;
    }
    return r == DB_OK ? sessions_end_excess(db, insert) : r;
}

enum db_result
sessions_add(struct db *db, struct redis *redis, const struct sign_in *in,
             const uint8_t hash[static TOKEN_HASH_BYTES], int64_t *expires_at)
{
    struct session_insert insert = {.in = in, .hash = hash, .now = clock_now_ms()};
    enum db_result r;

    insert.expires_at = *expires_at = insert.now + in->days * SESSION_DAY_MS;
    secrets_load(db);
    r = db_transaction(db, DB_REPEATABLE, session_insert_transaction, &insert);
    sessions_announce(redis, r, in->user_id);
    return r;
}

/*
 * Moves last_seen_at and expires_at of a session in use. May be left undone, so that no read waits
 * for a lock because of it: the session's next look-up tries again.
 */
static void
session_prolong(struct db *db, struct session *s, int64_t now, int days)
{
    s->expires_at = now + days * SESSION_DAY_MS;
    db_run_optional(db, "UPDATE sessions SET last_seen_at = ?, expires_at = ? WHERE id = ?",
                    db_int(now), db_int(s->expires_at), db_int(s->id));
}

/* The session of a token as the database has it. */
static enum db_result
session_read(struct db *db, const uint8_t *hash, int days, struct session *found)
{
    int64_t now = clock_now_ms(), seen;
    enum db_result r = db_one(db,
                              "SELECT s.id, s.user_id, s.created_at, s.expires_at, u.changes, "
                              "s.last_seen_at FROM sessions s JOIN users u ON u.id = s.user_id "
                              "WHERE s.token_hash = ? AND u.state = ?",
                              db_bytes(hash, TOKEN_HASH_BYTES), db_int(USER_ACTIVE));

    if (r != DB_OK) {
        return r;
    }
    *found = (struct session){
        .id = db_get_int(db, 0),
        .user_id = db_get_int(db, 1),
        .created_at = db_get_int(db, 2),
        .expires_at = db_get_int(db, 3),
        .changes = db_get_int(db, 4),
    };
    seen = db_get_int(db, 5);
    r = db_done(db);
    if (r != DB_OK) {
        return r;
    }
    if (found->expires_at <= now) {
        return DB_NONE;
    }
    if (now - seen >= SESSION_UNUSED_MS) {
        session_prolong(db, found, now, days);
    }
    return DB_OK;
}

bool
sessions_find_known(struct db *db, const uint8_t hash[static TOKEN_HASH_BYTES],
                    struct session *found)
{
    int64_t checked_us;

    secrets_load(db);
    return known_session_find(db, hash, found, &checked_us) &&
           revocations_none_since(found->user_id, checked_us);
}

enum db_result
sessions_find(struct db *db, const struct redis *redis, const uint8_t hash[static TOKEN_HASH_BYTES],
              int days, struct session *found)
{
    enum db_result r;
    int64_t asked_us;

    revocations_watch(redis);
    asked_us = clock_mono_us();
    r = session_read(db, hash, days, found);
    if (r == DB_OK) {
        known_session_put(hash, found, asked_us);
    } else if (r == DB_NONE) {
        known_session_put_none(hash, asked_us);
    }
    return r;
}

enum db_result
sessions_list(struct db *db, int64_t user_id, int64_t before, size_t limit, struct arena *a,
              struct device **devices, size_t *count)
{
    enum db_result r = db_run(
        db,
        "SELECT id, device, created_at, last_seen_at, expires_at FROM sessions "
        "WHERE user_id = ? AND id < ? AND expires_at > ? ORDER BY id DESC LIMIT ?",
        db_int(user_id), db_int(before > 0 ? before : INT64_MAX), db_int(clock_now_ms()),
        db_int((int64_t)limit));

    *devices = arena_array(a, limit, sizeof(**devices));
    *count = 0;
    if (r != DB_OK) {
        return r;
    }
    while (*count < limit && db_next(db)) {
        (*devices)[(*count)++] = (struct device){
            .id = db_get_int(db, 0),
            .device = db_get_text(db, 1, a),
            .created_at = db_get_int(db, 2),
            .last_seen_at = db_get_int(db, 3),
            .expires_at = db_get_int(db, 4),
        };
    }
    return db_done(db);
}

/* The transaction that ends one session. */
struct session_end {
    int64_t user_id, session_id;
    bool was_found; /* by a run: if a later one does not find it, the COMMIT was not answered */
};

static enum db_result
session_end_transaction(struct db *db, void *context)
{
    struct session_end *e = context;
    enum db_result r = users_changed(db, e->user_id);

    if (r != DB_OK) {
        return r;
    }
    r = db_run(db, "DELETE FROM sessions WHERE id = ? AND user_id = ?", db_int(e->session_id),
               db_int(e->user_id));
    if (r != DB_OK) {
        return r;
    }
    e->was_found = e->was_found || db_affected(db) > 0;
    return e->was_found ? DB_OK : DB_NONE;
}

enum db_result
sessions_end(struct db *db, struct redis *redis, int64_t user_id, int64_t session_id)
{
    struct session_end e = {.user_id = user_id, .session_id = session_id};
    enum db_result r = db_transaction(db, DB_REPEATABLE, session_end_transaction, &e);

    sessions_announce(redis, r, user_id);
    return r;
}

static enum db_result
password_replace_transaction(struct db *db, void *context)
{
    const struct password_replacement *p = context;
    enum db_result r = users_replace_password(db, p->user_id, p->old_hash, p->new_hash);

    if (r != DB_OK) {
        return r;
    }
    return db_run(db, "DELETE FROM sessions WHERE user_id = ? AND id <> ?", db_int(p->user_id),
                  db_int(p->kept_id));
}

enum db_result
sessions_replace_password(struct db *db, struct redis *redis,
                          const struct password_replacement *replacement)
{
    struct password_replacement context = *replacement;
    enum db_result r = db_transaction(db, DB_REPEATABLE, password_replace_transaction, &context);

    sessions_announce(redis, r, replacement->user_id);
    return r;
}

enum db_result
sessions_purge(struct db *db, size_t limit, uint64_t *deleted)
{
    enum db_result r = db_run(db, "DELETE FROM sessions WHERE expires_at < ? LIMIT ?",
                              db_int(clock_now_ms()), db_int((int64_t)limit));

    *deleted = r == DB_OK ? db_affected(db) : 0;
    return r;
}
