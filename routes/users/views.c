/* The handlers of the users group. Those that hash passwords run in the `cpu` pool. */
#include "routes/users/schemas.h"

#include "base/password.h"
#include "db/guesses.h"
#include "db/redis/limits.h"
#include "db/users.h"
#include "routes/frame/reply.h"
#include "routes/frame/route.h"

/* Replies with a user of that id, or with `missing`. */
static void
reply_user(struct request *req, int64_t id, enum problem missing)
{
    struct user user;
    enum db_result r = users_find(req->caller.db, req->caller.arena, id, &user);

    if (r == DB_OK) {
        reply(req, &user);
    } else if (r == DB_NONE) {
        reply_problem(req, missing);
    } else {
        reply_failure(req, r);
    }
}

/* Makes a user. 201; 403 registration_closed; 409 username_taken. */
void
sign_up(struct request *req, const struct user_new *in)
{
    char hash[PASSWORD_HASH_SIZE];
    struct user user;
    enum db_result r;

    if (!settings_registration_is_open(req->settings)) {
        reply_problem(req, REGISTRATION_CLOSED);
        return;
    }
    if (!password_hash(in->password, hash)) {
        reply_problem(req, INTERNAL_ERROR);
        return;
    }
    r = users_add(req->caller.db, req->caller.arena, in->username, in->nickname, hash, &user);
    if (r == DB_OK) {
        reply(req, &user);
    } else if (r == DB_EXISTS) {
        reply_problem(req, USERNAME_TAKEN);
    } else {
        reply_failure(req, r);
    }
}

/* A page of the users with `q` in their names. 200. */
void
search_users(struct request *req, const struct user_query *in)
{
    struct user_page found;
    enum db_result r = users_search(req->caller.db, req->caller.arena, in->q,
                                    in->cursor != NULL ? in->cursor : "", (size_t)in->limit,
                                    &found);

    if (r == DB_OK) {
        reply(req, &(struct text_page){{found.users, found.count}, found.next});
    } else {
        reply_failure(req, r);
    }
}

/* The caller's account. 200; 401 not_signed_in if it was deleted meanwhile. */
void
get_me(struct request *req)
{
    reply_user(req, req->caller.user_id, NOT_SIGNED_IN);
}

/* Changes the caller's nickname. 200; 401 not_signed_in if the account was deleted meanwhile. */
void
change_me(struct request *req, const struct user_change *in)
{
    enum db_result r = DB_OK;

    if (in->nickname != NULL) {
        r = users_set_nickname(req->caller.db, req->caller.arena, req->caller.user_id,
                               in->nickname);
        names_invalidate(req->caller.user_id);
    }
    if (r != DB_OK && r != DB_NONE) {
        reply_failure(req, r);
        return;
    }
    reply_user(req, req->caller.user_id, NOT_SIGNED_IN);
}

/*
 * Replaces the caller's password and ends the caller's other sessions. 204; 401 bad_credentials if
 * the old password is wrong.
 */
void
change_password(struct request *req, const struct password_change *in)
{
    struct caller *caller = &req->caller;
    char hash[PASSWORD_HASH_SIZE];
    const char *old_hash;
    enum db_result r = users_password_hash(caller->db, caller->arena, caller->user_id, &old_hash);

    if (r != DB_OK && r != DB_NONE) {
        reply_failure(req, r);
        return;
    }
    if (r == DB_NONE || !password_matches(in->old_password, old_hash)) {
        reply_problem(req, BAD_CREDENTIALS);
        return;
    }
    if (!password_hash(in->password, hash)) {
        reply_problem(req, INTERNAL_ERROR);
        return;
    }
    r = sessions_replace_password(caller->db, caller->redis,
                                  &(struct password_replacement){
                                      .user_id = caller->user_id,
                                      .old_hash = old_hash,
                                      .new_hash = hash,
                                      .kept_id = req->session.id,
                                  });
    if (r == DB_OK) {
        reply_empty(req);
    } else if (r == DB_CONFLICT) { /* another call has just changed it */
        reply_problem(req, BAD_CREDENTIALS);
    } else {
        reply_failure(req, r);
    }
}

/* A user. 200; 404 no_such_user. */
void
get_user(struct request *req, const struct user_path *in)
{
    reply_user(req, in->user_id, NO_SUCH_USER);
}

/*
 * Counts a password guess, by address and by account. Returns false after replying that it has to
 * wait.
 */
static bool
sign_in_count_guess(struct request *req, struct guess *guess, struct limit_use *by_address)
{
    int wait_seconds;
    enum db_result r;

    if (by_address->per_minute == 0) {
        return true;
    }
    limits_count_address(req->caller.redis, by_address, guess->address);
    wait_seconds = limits_wait(by_address);
    if (wait_seconds == 0) {
        r = guesses_count(&req->caller, guess, &wait_seconds);
        if (r != DB_OK) {
            reply_failure(req, r);
            return false;
        }
    }
    if (wait_seconds > 0) {
        reply_retry(req, TOO_MANY_GUESSES, wait_seconds);
        return false;
    }
    return true;
}

/* The password was right, so it was no guess. */
static void
sign_in_take_back_guess(struct request *req, const struct guess *guess,
                        const struct limit_use *by_address)
{
    if (by_address->per_minute > 0) {
        limits_refund_address(req->caller.redis, by_address, guess->address);
        guesses_succeed(&req->caller, guess);
    }
}

/* Makes a session of a user who has given the right password, and replies with its token. */
static void
reply_new_session(struct request *req, struct session_made *made, const char *password_hash,
                  const char *device)
{
    const struct sign_in sign_in = {
        .user_id = made->user.id,
        .password_hash = password_hash,
        .device = device != NULL ? device : "",
        .days = req->settings->session_days,
        .most = req->settings->sessions_max,
    };
    char token[TOKEN_TEXT_SIZE];
    uint8_t hash[TOKEN_HASH_BYTES];
    enum db_result r;

    random_token(token);
    if (!token_hash(token, hash)) {
        reply_problem(req, INTERNAL_ERROR);
        return;
    }
    r = sessions_add(req->caller.db, req->caller.redis, &sign_in, hash, &made->expires_at);
    if (r == DB_OK) {
        made->token = token;
        reply(req, made);
    } else if (r == DB_CONFLICT) { /* the password was changed meanwhile */
        reply_problem(req, BAD_CREDENTIALS);
    } else {
        reply_failure(req, r);
    }
}

/*
 * Makes a session for a user name and its password. 201; 401 bad_credentials, after the same work
 * whether or not the name exists; 403 account_disabled; 429 too_many_guesses.
 */
void
sign_in(struct request *req, const struct session_new *in)
{
    struct session_made made = {0};
    const char *stored_hash = NULL;
    struct limit_use by_address = {.name = "guess", .per_minute = req->settings->limit_login};
    struct guess guess;
    enum db_result r = users_find_by_name(req->caller.db, req->caller.arena, in->username,
                                          &made.user, &stored_hash);

    if (r != DB_OK && r != DB_NONE) {
        reply_failure(req, r);
        return;
    }
    guess = (struct guess){
        .user_id = r == DB_OK ? made.user.id : 0,
        .username = in->username,
        .address = req->address,
    };
    if (!sign_in_count_guess(req, &guess, &by_address)) {
        return;
    }
    if (!password_matches(in->password, stored_hash)) {
        reply_problem(req, BAD_CREDENTIALS);
        return;
    }
    sign_in_take_back_guess(req, &guess, &by_address);
    if (made.user.state != USER_ACTIVE) {
        reply_problem(req, ACCOUNT_DISABLED);
        return;
    }
    reply_new_session(req, &made, stored_hash, in->device);
}

/* A page of the caller's sessions, newest first. 200. */
void
list_sessions(struct request *req, const struct page_query *in)
{
    struct device *devices;
    size_t count;
    enum db_result r = sessions_list(req->caller.db, req->caller.user_id, in->cursor,
                                     PAGE_ROWS(in->limit), req->caller.arena, &devices, &count);
    struct number_page page = {0};
    const struct device *last;

    if (r != DB_OK) {
        reply_failure(req, r);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        devices[i].current = devices[i].id == req->session.id;
    }
    last = page_fill(&page.items, devices, count, sizeof(*devices), in->limit);
    page.next = last != NULL ? last->id : 0;
    reply(req, &page);
}

/* Ends the session of this call. 204, also if another call has just ended it. */
void
sign_out(struct request *req)
{
    enum db_result r = sessions_end(req->caller.db, req->caller.redis, req->caller.user_id,
                                    req->session.id);

    if (r == DB_OK || r == DB_NONE) {
        reply_empty(req);
    } else {
        reply_failure(req, r);
    }
}

/* Ends another session of the caller. 204; 404 no_such_session. */
void
end_session(struct request *req, const struct session_path *in)
{
    enum db_result r = sessions_end(req->caller.db, req->caller.redis, req->caller.user_id,
                                    in->session_id);

    if (r == DB_OK) {
        reply_empty(req);
    } else if (r == DB_NONE) {
        reply_problem(req, NO_SUCH_SESSION);
    } else {
        reply_failure(req, r);
    }
}
