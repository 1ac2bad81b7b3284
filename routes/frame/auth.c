/* Bearer tokens (RFC 6750 section 2.1) and rate limits (RFC 6585 section 4). */
#include "routes/frame/auth.h"

#include <strings.h>

#include "db/known.h"
#include "db/redis/limits.h"
#include "db/users.h"
#include "routes/frame/reply.h"

enum {
    /* An office signs in from one address: right passwords must not lock it out like guesses. */
    SIGN_INS_PER_GUESS = 10,
    /* Whoever guesses tokens must not lock out an office whose sessions no process knows. */
    LOOK_UPS_PER_CALL = 10,
    /* Everybody in the room gets it. A client sends it at most every 3 s. */
    CALLS_PER_TYPING = 10,
};

static const char *
auth_bearer_token(const struct request *req)
{
    const char *value = request_env(req, "HTTP_AUTHORIZATION");

    if (value == NULL) {
        value = request_env(req, "REDIRECT_HTTP_AUTHORIZATION"); /* Apache after a rewrite */
    }
    if (value == NULL || strncasecmp(value, "Bearer ", 7) != 0) {
        return NULL;
    }
    value += 7;
    while (*value == ' ') {
        value++;
    }
    return value;
}

bool
auth_token_hash(const struct request *req, uint8_t *hash)
{
    const char *token = auth_bearer_token(req);

    return token != NULL && token_hash(token, hash);
}

static struct limit_use
limit_use_of(const struct settings *s, enum limit limit)
{
    switch (limit) {
    case LIMIT_GENERAL:
        return (struct limit_use){.name = "general", .per_minute = s->limit_general};
    case LIMIT_SEND:
        return (struct limit_use){.name = "send", .per_minute = s->limit_send};
    case LIMIT_ADD:
        return (struct limit_use){.name = "add", .per_minute = s->limit_add};
    case LIMIT_TYPING:
        return (struct limit_use){.name = "typing",
                                  .per_minute = (s->limit_general + CALLS_PER_TYPING - 1) /
                                                CALLS_PER_TYPING};
    case LIMIT_LOGIN:
        return (struct limit_use){.name = "login", .per_minute = s->limit_login};
    case LIMIT_SIGN_IN:
        return (struct limit_use){.name = "sign_in",
                                  .per_minute = SIGN_INS_PER_GUESS * s->limit_login};
    case LIMIT_REGISTER:
        return (struct limit_use){.name = "register", .per_minute = s->limit_register};
    case LIMIT_NONE:
        break;
    }
    return (struct limit_use){.name = "none"};
}

/*
 * Looks a token up in the database. Look-ups that find nothing are counted by address, before they
 * reach the database: DB_NONE with *use above its limit if there were too many. Not that of a token
 * which was good before: whoever guesses tokens does not keep out those who are signed in.
 */
static enum db_result
auth_look_up_token(struct request *req, const uint8_t *hash, struct limit_use *use)
{
    struct limit_use lookups = {.name = "token",
                                .per_minute = LOOK_UPS_PER_CALL * req->settings->limit_general};
    bool counted = lookups.per_minute > 0 && !known_session_was_seen(hash);
    enum db_result r;

    if (known_session_is_none(hash)) {
        return DB_NONE;
    }
    if (counted) {
        limits_count_address(req->caller.redis, &lookups, req->address);
    }
    if (limits_wait(&lookups) > 0) {
        *use = lookups;
        return DB_NONE;
    }
    r = sessions_find(req->caller.db, req->caller.redis, hash, req->settings->session_days,
                      &req->session);
    if (r != DB_NONE && counted) {
        limits_refund_address(req->caller.redis, &lookups, req->address);
    }
    return r;
}

/* Finds the session of the request's token. */
static enum db_result
auth_find_session(struct request *req, struct limit_use *use)
{
    uint8_t hash[TOKEN_HASH_BYTES];

    if (!auth_token_hash(req, hash)) {
        return DB_NONE;
    }
    if (sessions_find_known(req->caller.db, hash, &req->session)) {
        return DB_OK;
    }
    return auth_look_up_token(req, hash, use);
}

/* Not cached: admins call seldom, and losing the right takes effect at once. */
static bool
auth_require_admin(struct request *req)
{
    bool is_admin;
    enum db_result r = users_is_admin(req->caller.db, req->caller.user_id, &is_admin);

    if (r != DB_OK && r != DB_NONE) {
        reply_failure(req, r);
        return false;
    }
    if (r == DB_NONE || !is_admin) {
        reply_problem(req, ADMINS_ONLY);
        return false;
    }
    return true;
}

static void
auth_count_call(struct request *req, struct limit_use *use)
{
    if (use->per_minute == 0 || use->count > 0) { /* unlimited, or too many look-ups */
        return;
    }
    if (req->caller.user_id != 0) {
        limits_count_user(req->caller.redis, use, req->caller.user_id);
    } else {
        limits_count_address(req->caller.redis, use, req->address);
    }
}

bool
auth_admit(struct request *req)
{
    struct limit_use use = limit_use_of(req->settings,
                                        req->counted ? LIMIT_NONE : req->route->limit);
    enum db_result r = req->route->access != ANYONE ? auth_find_session(req, &use) : DB_OK;

    if (r != DB_OK && r != DB_NONE) {
        reply_failure(req, r);
        return false;
    }
    if (r == DB_NONE) {
        req->session = (struct session){0};
    }
    req->caller.user_id = req->session.user_id;
    req->caller.changes = req->session.changes;
    auth_count_call(req, &use); /* also without a valid token: guessing tokens is limited, too */
    if (limits_wait(&use) > 0) {
        reply_retry(req, TOO_MANY_REQUESTS, limits_wait(&use));
        return false;
    }
    if (r == DB_NONE) {
        reply_problem(req, NOT_SIGNED_IN);
        return false;
    }
    return req->route->access != ADMIN || auth_require_admin(req);
}

bool
auth_admit_more(struct request *req, enum limit limit, int n)
{
    struct limit_use use = limit_use_of(req->settings, limit);

    if (n == 0 || use.per_minute == 0) {
        return true;
    }
    limits_count_many(req->caller.redis, &use, req->caller.user_id, n);
    if (limits_wait(&use) == 0) {
        return true;
    }
    reply_retry(req, TOO_MANY_REQUESTS, limits_wait(&use));
    return false;
}
