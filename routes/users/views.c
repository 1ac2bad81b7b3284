/* The handlers of the users group. Passwords are hashed here, in the `cpu` pool. */
#include "routes/users/views.h"

#include "base/password.h"
#include "db/users.h"
#include "routes/frame/reply.h"
#include "routes/frame/route.h"
#include "routes/users/schemas.h"

/* Answer with a user of that id, or with `missing`. */
static void
reply_user(struct request *req, int64_t id, enum problem missing)
{
    struct user user;
    enum db_result r = users_find(req->db, req->arena, id, &user);

    if (r == DB_OK) {
        reply(req, &user);
    } else if (r == DB_NONE) {
        reply_problem(req, missing);
    } else {
        reply_db_error(req, r);
    }
}

/* Make a user. 201; 409 username_taken. */
void
sign_up(struct request *req, const void *input)
{
    const struct user_new *in = input;
    char hash[PASSWORD_HASH_SIZE];
    struct user user;
    enum db_result r;

    if (!password_hash(in->password, hash)) {
        reply_problem(req, INTERNAL_ERROR);
        return;
    }
    r = users_add(req->db, req->arena, in->username,
                  in->nickname != NULL ? in->nickname : in->username, hash, &user);
    if (r == DB_OK) {
        reply(req, &user);
    } else if (r == DB_EXISTS) {
        reply_problem(req, USERNAME_TAKEN);
    } else {
        reply_db_error(req, r);
    }
}

/* A page of users by the beginning of their names. 200. */
void
search_users(struct request *req, const void *input)
{
    const struct user_query *in = input;
    struct user *users;
    size_t count;
    enum db_result r = users_search(req->db, req->arena, in->q,
                                    in->cursor != NULL ? in->cursor : "", (size_t)in->limit + 1,
                                    &users, &count);
    struct text_page page = {0};

    if (r != DB_OK) {
        reply_db_error(req, r);
        return;
    }
    page.items = (struct list){users, count};
    if (count > (size_t)in->limit) {
        page.items.count = (size_t)in->limit;
        page.next = users[in->limit - 1].username;
    }
    reply(req, &page);
}

/* The caller. 200; 404 no_such_user where the account is gone. */
void
get_me(struct request *req, const void *input)
{
    (void)input;
    reply_user(req, req->session.user_id, NO_SUCH_USER);
}

/* Change the caller's nickname. 200. */
void
change_me(struct request *req, const void *input)
{
    const struct user_change *in = input;
    enum db_result r = DB_OK;

    if (in->nickname != NULL) {
        r = users_set_nickname(req->db, req->session.user_id, in->nickname);
        names_forget(req->names, req->session.user_id);
    }
    if (r != DB_OK) {
        reply_db_error(req, r);
        return;
    }
    reply_user(req, req->session.user_id, NO_SUCH_USER);
}

/* A new password for the old one. 204, and the caller's other sessions have ended; 401 bad_credentials. */
void
change_password(struct request *req, const void *input)
{
    const struct password_change *in = input;
    char hash[PASSWORD_HASH_SIZE];
    const char *old_hash;
    enum db_result r = users_password_hash(req->db, req->arena, req->session.user_id, &old_hash);

    if (r == DB_NONE || (r == DB_OK && !password_matches(in->old_password, old_hash))) {
        reply_problem(req, BAD_CREDENTIALS);
        return;
    }
    if (r == DB_OK && !password_hash(in->password, hash)) {
        reply_problem(req, INTERNAL_ERROR);
        return;
    }
    if (r == DB_OK) {
        r = sessions_change_password(req->db, req->redis, req->arena, req->session.user_id,
                                     req->session.id, hash);
    }
    if (r == DB_OK) {
        reply_empty(req);
    } else {
        reply_db_error(req, r);
    }
}

/* Any user. 200; 404 no_such_user. */
void
get_user(struct request *req, const void *input)
{
    const struct user_path *in = input;

    reply_user(req, in->user_id, NO_SUCH_USER);
}

/* A token for a name and its password. 201; 401 bad_credentials, after the same work whether the name exists or not. */
void
sign_in(struct request *req, const void *input)
{
    const struct session_new *in = input;
    struct session_made made = {0};
    struct session session;
    char token[TOKEN_TEXT_SIZE];
    uint8_t hash[TOKEN_HASH_BYTES];
    const char *right = NULL;
    enum db_result r = users_find_by_name(req->db, req->arena, in->username, &made.user, &right);

    if (r != DB_OK && r != DB_NONE) {
        reply_db_error(req, r);
        return;
    }
    if (!password_matches(in->password, right)) {
        reply_problem(req, BAD_CREDENTIALS);
        return;
    }
    random_token(token);
    if (!token_hash(token, hash)) {
        reply_problem(req, INTERNAL_ERROR);
        return;
    }
    r = sessions_add(req->db, made.user.id, hash, in->device != NULL ? in->device : "",
                     req->settings->session_days, &session);
    if (r != DB_OK) {
        reply_db_error(req, r);
        return;
    }
    made.token = token;
    made.expires_at = session.expires_at;
    reply(req, &made);
}

/* A page of the caller's devices, the newest first. 200. */
void
list_sessions(struct request *req, const void *input)
{
    const struct page_query *in = input;
    struct device *devices;
    size_t count;
    enum db_result r = sessions_list(req->db, req->session.user_id, in->cursor,
                                     (size_t)in->limit + 1, req->arena, &devices, &count);
    struct number_page page = {0};

    if (r != DB_OK) {
        reply_db_error(req, r);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        devices[i].current = devices[i].id == req->session.id;
    }
    page.items = (struct list){devices, count};
    if (count > (size_t)in->limit) {
        page.items.count = (size_t)in->limit;
        page.next = devices[in->limit - 1].id;
    }
    reply(req, &page);
}

static void
end(struct request *req, int64_t session_id)
{
    enum db_result r = sessions_end(req->db, req->redis, req->session.user_id, session_id);

    if (r == DB_OK) {
        reply_empty(req);
    } else if (r == DB_NONE) {
        reply_problem(req, NO_SUCH_SESSION);
    } else {
        reply_db_error(req, r);
    }
}

/* End the session of this call. 204. */
void
sign_out(struct request *req, const void *input)
{
    (void)input;
    end(req, req->session.id);
}

/* End another session of the caller. 204; 404 no_such_session. */
void
end_session(struct request *req, const void *input)
{
    const struct session_path *in = input;

    end(req, in->session_id);
}
