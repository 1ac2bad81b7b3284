/* The route table of the users group. */
#include "routes/groups.h"
#include "routes/users/schemas.h"

static const struct route routes[] = {
    {
        .method = POST, .path = "/api/users", INPUT(sign_up, user_new),
        .runs = CPU, .access = ANYONE, .limit = LIMIT_REGISTER,
        .out = &user_shape, .status = 201,
        .problems = PROBLEMS(REGISTRATION_CLOSED, USERNAME_TAKEN),
        .summary = "Sign up",
    },
    {
        .method = GET, .path = "/api/users", INPUT(search_users, user_query),
        .out = &user_list_shape, .status = 200,
        .summary = "Find users with `q` in their user name or nickname",
    },
    {
        .method = GET, .path = "/api/users/me", NO_INPUT(get_me),
        .out = &me_shape, .status = 200,
        .summary = "Your account",
    },
    {
        .method = PATCH, .path = "/api/users/me", INPUT(change_me, user_change),
        .out = &me_shape, .status = 200,
        .summary = "Change your nickname",
    },
    {
        .method = PUT, .path = "/api/users/me/password", INPUT(change_password, password_change),
        .runs = CPU, .limit = LIMIT_LOGIN,
        .status = 204,
        .problems = PROBLEMS(BAD_CREDENTIALS),
        .summary = "Change your password and end your other sessions",
    },
    {
        .method = GET, .path = "/api/users/{user_id}", INPUT(get_user, user_path),
        .out = &user_shape, .status = 200,
        .problems = PROBLEMS(NO_SUCH_USER),
        .summary = "Get a user",
    },
    {
        .method = POST, .path = "/api/sessions", INPUT(sign_in, session_new),
        .runs = CPU, .access = ANYONE, .limit = LIMIT_SIGN_IN,
        .out = &session_made_shape, .status = 201, .tag = "sessions",
        .problems = PROBLEMS(BAD_CREDENTIALS, ACCOUNT_DISABLED, TOO_MANY_GUESSES),
        .summary = "Sign in on a device",
    },
    {
        .method = GET, .path = "/api/sessions", INPUT(list_sessions, page_query),
        .out = &session_list_shape, .status = 200, .tag = "sessions",
        .summary = "List your sessions",
    },
    {
        .method = DELETE, .path = "/api/sessions/current", NO_INPUT(sign_out),
        .status = 204, .tag = "sessions",
        .summary = "Sign out",
    },
    {
        .method = DELETE, .path = "/api/sessions/{session_id}", INPUT(end_session, session_path),
        .status = 204, .tag = "sessions",
        .problems = PROBLEMS(NO_SUCH_SESSION),
        .summary = "End one of your other sessions",
    },
    ROUTES_END,
};

const struct route_group users_group = {.tag = "users", .routes = routes};
