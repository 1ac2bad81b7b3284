/* What the users group takes and gives. */
#ifndef ROUTES_USERS_SCHEMAS_H
#define ROUTES_USERS_SCHEMAS_H

#include "routes/shapes.h"

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

#endif
