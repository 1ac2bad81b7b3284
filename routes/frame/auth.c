/* Bearer tokens (RFC 6750 section 2.1) and rate limits (RFC 6585 section 4). */
#include "routes/frame/auth.h"

#include <strings.h>

#include "base/number.h"
#include "db/users.h"
#include "routes/frame/reply.h"
#include "routes/frame/route.h"
#include "routes/frame/url.h"

static const char *
bearer_token(const struct request *req)
{
    const char *value = request_env(req, "HTTP_AUTHORIZATION");

    if (value == NULL) {
        value = request_env(req, "REDIRECT_HTTP_AUTHORIZATION"); /* Apache, behind a rewrite */
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

static struct limit_use
class_of(const struct request *req)
{
    const struct settings *s = req->settings;

    if (req->counted) {
        return (struct limit_use){.name = "none"};
    }
    switch (req->route->limit) {
    case LIMIT_GENERAL:
        return (struct limit_use){.name = "general", .per_minute = s->limit_general};
    case LIMIT_SEND:
        return (struct limit_use){.name = "send", .per_minute = s->limit_send};
    case LIMIT_LOGIN:
        return (struct limit_use){.name = "login", .per_minute = s->limit_login};
    case LIMIT_REGISTER:
        return (struct limit_use){.name = "register", .per_minute = s->limit_register};
    case LIMIT_NONE:
        break;
    }
    return (struct limit_use){.name = "none"};
}

/* The room {room_id} of a route for its members; 0 for every other route. */
static int64_t
room_of(const struct request *req)
{
    const char *text;
    int64_t id;

    if (req->route->access != MEMBER) {
        return 0;
    }
    text = url_parameter(req->route->path, "room_id", req->parameters);
    return text != NULL && number_read(&text, &id) && *text == '\0' && id > 0 ? id : 0;
}

/* The session of the request's token. Counts the call, too, where Redis has the session. */
static enum db_result
find_session(struct request *req, struct limit_use *use)
{
    uint8_t hash[TOKEN_HASH_BYTES];
    const char *token = bearer_token(req);

    if (token == NULL || !token_hash(token, hash)) {
        return DB_NONE;
    }
    return sessions_find(req->caller.db, req->caller.redis, hash, req->settings->session_days, use,
                         room_of(req), &req->session);
}

/* An admin's route is asked for seldom: the database is asked each time, so what it says holds at once. */
static bool
is_admitted(struct request *req)
{
    bool is = true;
    enum db_result r = req->route->access == ADMIN
                           ? users_is_admin(req->caller.db, req->caller.user_id, &is)
                           : DB_OK;

    if (r != DB_OK && r != DB_NONE) {
        reply_failure(req, r);
        return false;
    }
    if (r == DB_NONE || !is) {
        reply_problem(req, ADMINS_ONLY);
        return false;
    }
    return true;
}

bool
auth_admit(struct request *req)
{
    struct limit_use use = class_of(req);
    enum db_result r = req->route->access != ANYONE ? find_session(req, &use) : DB_OK;

    if (r != DB_OK && r != DB_NONE) {
        reply_failure(req, r);
        return false;
    }
    if (r == DB_NONE) {
        req->session = (struct session){0};
    }
    req->caller.user_id = req->session.user_id;
    req->caller.known_room_id = req->session.member_of;
    if (use.per_minute > 0 && use.count == 0) {
        if (req->caller.user_id != 0) {
            limits_count_user(req->caller.redis, &use, req->caller.user_id);
        } else {
            limits_count_address(req->caller.redis, &use, req->address);
        }
    }
    if (limits_wait(&use) > 0) {
        reply_retry(req, TOO_MANY_REQUESTS, limits_wait(&use));
        return false;
    }
    if (r == DB_NONE) {
        reply_problem(req, NOT_SIGNED_IN);
        return false;
    }
    return is_admitted(req);
}
