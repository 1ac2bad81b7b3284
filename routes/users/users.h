/* The users group: people, and their sign-ins. */
#ifndef ROUTES_USERS_USERS_H
#define ROUTES_USERS_USERS_H

#include "routes/frame/route.h"
#include "routes/shapes.h"

extern const struct route_group users_group;

struct user_new {
    const char *username, *password, *nickname;
};
struct user_change {
    const char *nickname;
};
struct password_change {
    const char *old_password, *password;
};
struct user_path {
    int64_t user_id;
};
struct user_query {
    const char *q, *cursor;
    int64_t limit;
};
struct session_new {
    const char *username, *password, *device;
};
struct session_path {
    int64_t session_id;
};

/* A token is told once, when it is made. */
struct session_made {
    const char *token;
    int64_t expires_at;
    struct user user;
};

extern const struct shape me_shape, user_new_shape, user_change_shape, password_change_shape,
    user_path_shape, user_query_shape, user_list_shape, session_new_shape, session_path_shape,
    session_made_shape, session_list_shape;

/* The handlers; what each replies stands above it in views.c. */
HANDLER(sign_up, user_new)
HANDLER(search_users, user_query)
HANDLER_WITHOUT_INPUT(get_me)
HANDLER(change_me, user_change)
HANDLER(change_password, password_change)
HANDLER(get_user, user_path)
HANDLER(sign_in, session_new)
HANDLER(list_sessions, page_query)
HANDLER_WITHOUT_INPUT(sign_out)
HANDLER(end_session, session_path)

#endif
