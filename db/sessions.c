/*
 * A token's session is needed by every call, so Redis has a copy for CACHE_SECONDS: "session user
 * expires". Ending a session replaces the copy by a tombstone, and copies are only made if the key
 * does not exist (NX): a lookup that read the row just before it was deleted cannot restore it.
 */
#include "db/sessions.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "db/redis/announce.h"
#include "db/users.h"

enum {
    CACHE_SECONDS = 60,
    KEY_BYTES = 5 + TOKEN_HASH_BYTES, /* "fc:s:" and the hash */
    HOUR_MS = 3600 * 1000,
};

#define DAY_MS INT64_C(86400000)

/* Returns the session's copy, the user's calls in this minute, and "1" for a member of the room. */
static const char find_script[] =
    "local s = redis.call('GET', KEYS[1]) "
    "local user = s and string.match(s, '^%d+ (%d+) ') "
    "local n, m = 0, false "
    "if user and ARGV[2] ~= '0' then "
    "local key = 'fc:l:' .. ARGV[1] .. ':u' .. user .. ':' .. ARGV[2] "
    "n = redis.call('INCR', key) "
    "if n == 1 then redis.call('EXPIRE', key, 61) end end "
    "if user and ARGV[3] ~= '0' then m = redis.call('GET', 'fc:m:' .. ARGV[3] .. ':' .. user) end "
    "return {s, n, m}";

static void
session_cache_key(char key[static KEY_BYTES], const void *hash)
{
    memcpy(key, "fc:s:", 5);
    memcpy(key + 5, hash, TOKEN_HASH_BYTES);
}

static void
session_cache_put(struct redis *redis, const void *hash, const struct session *s)
{
    char key[KEY_BYTES], value[64], seconds[21];

    session_cache_key(key, hash);
    (void)snprintf(value, sizeof(value), "%" PRId64 " %" PRId64 " %" PRId64, s->id, s->user_id,
                   s->expires_at);
    freeReplyObject(redis_run(redis, redis_text("SET"), redis_bytes(key, KEY_BYTES),
                              redis_text(value), redis_text("NX"), redis_text("EX"),
                              redis_number(CACHE_SECONDS, seconds)));
}

static void
session_cache_set_tombstone(struct redis *redis, const void *hash)
{
    char key[KEY_BYTES], seconds[21];

    redis_try_now(redis);
    session_cache_key(key, hash);
    freeReplyObject(redis_run(redis, redis_text("SET"), redis_bytes(key, KEY_BYTES),
                              redis_text("ended"), redis_text("EX"),
                              redis_number(2 * CACHE_SECONDS, seconds)));
}

enum cached { CACHED, ENDED, UNKNOWN };

/* Reads "session user expires"; returns false for a tombstone. */
static bool
session_cache_read(const char *text, struct session *found)
{
    return number_read(&text, &found->id) && *text++ == ' ' &&
           number_read(&text, &found->user_id) && *text++ == ' ' &&
           number_read(&text, &found->expires_at) && *text == '\0';
}

/* The reply of GET or, if more than the session is wanted, of the script. */
static redisReply *
session_query_cache(struct redis *redis, const void *hash, const struct limit_use *use,
                    int64_t room_id)
{
    char key[KEY_BYTES], window[21], room[21];
    int64_t minute = use->per_minute > 0 ? clock_now_ms() / 60000 : 0;

    session_cache_key(key, hash);
    if (minute == 0 && room_id == 0) {
        return redis_run(redis, redis_text("GET"), redis_bytes(key, KEY_BYTES));
    }
    return redis_script(redis, find_script, 1,
                        (struct redis_arg[]){redis_bytes(key, KEY_BYTES), redis_text(use->name),
                                             redis_number(minute, window),
                                             redis_number(room_id, room)},
                        4);
}

static enum cached
session_cache_get(struct redis *redis, const void *hash, struct limit_use *use, int64_t room_id,
                  struct session *found)
{
    redisReply *reply = session_query_cache(redis, hash, use, room_id);
    enum cached result = UNKNOWN;

    if (reply != NULL) {
        const redisReply *text = reply;

        if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 3) {
            const redisReply *member = reply->element[2];
            bool known = member->type == REDIS_REPLY_STRING && strcmp(member->str, "1") == 0;

            text = reply->element[0];
            use->count = reply->element[1]->integer;
            found->known_room_id = known ? room_id : 0;
        }
        if (text->type == REDIS_REPLY_STRING) {
            result = session_cache_read(text->str, found) ? CACHED : ENDED;
        }
    }
    freeReplyObject(reply);
    return result;
}

enum db_result
sessions_add(struct db *db, int64_t user_id, const uint8_t hash[static TOKEN_HASH_BYTES],
             const char *device, int days, struct session *made)
{
    int64_t now = clock_now_ms();
    enum db_result r;

    made->user_id = user_id;
    made->expires_at = now + days * DAY_MS;
    r = db_run(db,
               "INSERT INTO sessions (user_id, token_hash, device, created_at, last_seen_at, "
               "expires_at) VALUES (?, ?, ?, ?, ?, ?)",
               db_int(user_id), db_bytes(hash, TOKEN_HASH_BYTES), db_text(device), db_int(now),
               db_int(now), db_int(made->expires_at));
    made->id = db_insert_id(db);
    return r;
}

/*
 * Moves last_seen_at and expires_at of a session in use. May be left undone, so that no read waits
 * for a lock because of it: the session's next look-up tries again.
 */
static void
session_prolong(struct db *db, struct session *s, int64_t now, int days)
{
    s->expires_at = now + days * DAY_MS;
    db_run_optional(db, "UPDATE sessions SET last_seen_at = ?, expires_at = ? WHERE id = ?",
                    db_int(now), db_int(s->expires_at), db_int(s->id));
}

enum db_result
sessions_find(struct db *db, struct redis *redis, const uint8_t hash[static TOKEN_HASH_BYTES],
              int days, struct limit_use *use, int64_t room_id, struct session *found)
{
    int64_t now = clock_now_ms(), seen;
    enum cached cached;
    enum db_result r;

    *found = (struct session){0};
    cached = session_cache_get(redis, hash, use, room_id, found);
    if (cached != UNKNOWN) {
        return cached == CACHED && found->expires_at > now ? DB_OK : DB_NONE;
    }
    r = db_one(db,
               "SELECT id, user_id, expires_at, last_seen_at FROM sessions WHERE token_hash = ?",
               db_bytes(hash, TOKEN_HASH_BYTES));
    if (r != DB_OK) {
        return r;
    }
    found->id = db_get_int(db, 0);
    found->user_id = db_get_int(db, 1);
    found->expires_at = db_get_int(db, 2);
    seen = db_get_int(db, 3);
    r = db_done(db);
    if (r != DB_OK) {
        return r;
    }
    if (found->expires_at <= now) {
        return DB_NONE;
    }
    if (now - seen >= HOUR_MS) {
        session_prolong(db, found, now, days);
    }
    session_cache_put(redis, hash, found);
    return DB_OK;
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
    uint8_t hash[TOKEN_HASH_BYTES];
};

static enum db_result
session_end_transaction(struct db *db, void *context)
{
    struct session_end *e = context;
    const char *bytes;
    size_t len;
    enum db_result r = db_one(db, "SELECT token_hash FROM sessions WHERE id = ? AND user_id = ?",
                              db_int(e->session_id), db_int(e->user_id));

    if (r != DB_OK) {
        return r;
    }
    bytes = db_peek(db, 0, &len);
    memcpy(e->hash, bytes, sizeof(e->hash)); /* BINARY(32) */
    r = db_done(db);
    if (r == DB_OK) {
        r = db_run(db, "DELETE FROM sessions WHERE id = ?", db_int(e->session_id));
    }
    return r == DB_OK ? users_changed(db, e->user_id) : r;
}

enum db_result
sessions_end(struct db *db, struct redis *redis, int64_t user_id, int64_t session_id)
{
    struct session_end e = {.user_id = user_id, .session_id = session_id};
    enum db_result r = db_transaction(db, DB_ONCE, session_end_transaction, &e);

    if (r == DB_OK) {
        session_cache_set_tombstone(redis, e.hash);
        announce_user(redis, user_id);
    }
    return r;
}

enum { PASSWORD_TRIES = 3 };

/* A session that has ended: the hash of its token. */
struct ended_session {
    uint8_t hash[TOKEN_HASH_BYTES];
    struct ended_session *next;
};

struct password_update {
    struct arena *arena;
    int64_t user_id, kept_id;
    const char *password_hash;
    struct ended_session *ended;
    uint64_t ended_count;
};

/* Lists the sessions that will end: Redis may have copies under their hashes. */
static enum db_result
sessions_list_others(struct db *db, struct password_update *p)
{
    enum db_result r = db_run(db, "SELECT token_hash FROM sessions WHERE user_id = ? AND id <> ?",
                              db_int(p->user_id), db_int(p->kept_id));

    p->ended = NULL;
    p->ended_count = 0;
    while (r == DB_OK && db_next(db)) {
        struct ended_session *ended = arena_alloc(p->arena, sizeof(*ended));
        size_t len;

        memcpy(ended->hash, db_peek(db, 0, &len), sizeof(ended->hash)); /* BINARY(32) */
        ended->next = p->ended;
        p->ended = ended;
        p->ended_count++;
    }
    return r == DB_OK ? db_done(db) : r;
}

/* DB_CONFLICT if somebody signed in with the old password after the sessions were listed. */
static enum db_result
password_update_transaction(struct db *db, void *context)
{
    struct password_update *p = context;
    enum db_result r = users_set_password(db, p->user_id, p->password_hash);

    if (r != DB_OK) {
        return r;
    }
    r = sessions_list_others(db, p);
    if (r != DB_OK) {
        return r;
    }
    r = db_run(db, "DELETE FROM sessions WHERE user_id = ? AND id <> ?", db_int(p->user_id),
               db_int(p->kept_id));
    if (r != DB_OK) {
        return r;
    }
    return db_affected(db) == p->ended_count ? users_changed(db, p->user_id) : DB_CONFLICT;
}

enum db_result
sessions_change_password(struct db *db, struct redis *redis, struct arena *a, int64_t user_id,
                         int64_t kept_id, const char *password_hash)
{
    struct password_update p = {
        .arena = a, .user_id = user_id, .kept_id = kept_id, .password_hash = password_hash};
    enum db_result r = DB_CONFLICT;

    for (int tries = 0; tries < PASSWORD_TRIES && r == DB_CONFLICT; tries++) {
        r = db_transaction(db, DB_REPEATABLE, password_update_transaction, &p);
    }
    if (r == DB_CONFLICT) {
        return DB_DOWN; /* the client may try again */
    }
    if (r == DB_OK) {
        for (const struct ended_session *ended = p.ended; ended != NULL; ended = ended->next) {
            session_cache_set_tombstone(redis, ended->hash);
        }
        announce_user(redis, user_id);
    }
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
