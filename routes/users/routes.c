/* What the users group answers. */
#include "routes/users/users.h"

#include "routes/users/schemas.h"
#include "routes/users/views.h"

const struct route users_routes[] = {
    {
        .method = POST, .path = "/api/users", .handler = sign_up,
        .runs = CPU, .who = ANYONE, .limit = LIMIT_REGISTER,
        .in = &user_new_shape, .out = &user_shape, .status = 201, .tag = "users",
        .problems = PROBLEMS(USERNAME_TAKEN),
        .summary = "Sign up",
    },
    {
        .method = GET, .path = "/api/users", .handler = search_users,
        .runs = FAST_IO, .who = USER,
        .in = &user_query_shape, .out = &user_list_shape, .status = 200, .tag = "users",
        .summary = "Find users by the beginning of their user name",
    },
    {
        .method = GET, .path = "/api/users/me", .handler = get_me,
        .runs = FAST_IO, .who = USER,
        .out = &me_shape, .status = 200, .tag = "users",
        .summary = "Me",
    },
    {
        .method = PATCH, .path = "/api/users/me", .handler = change_me,
        .runs = FAST_IO, .who = USER,
        .in = &user_change_shape, .out = &me_shape, .status = 200, .tag = "users",
        .summary = "Change what others see of me",
    },
    {
        .method = PUT, .path = "/api/users/me/password", .handler = change_password,
        .runs = CPU, .who = USER, .limit = LIMIT_LOGIN,
        .in = &password_change_shape, .status = 204, .tag = "users",
        .problems = PROBLEMS(BAD_CREDENTIALS),
        .summary = "Change my password, and end my other sessions",
    },
    {
        .method = GET, .path = "/api/users/{user_id}", .handler = get_user,
        .runs = FAST_IO, .who = USER,
        .in = &user_path_shape, .out = &user_shape, .status = 200, .tag = "users",
        .problems = PROBLEMS(NO_SUCH_USER),
        .summary = "A user",
    },
    {
        .method = POST, .path = "/api/sessions", .handler = sign_in,
        .runs = CPU, .who = ANYONE, .limit = LIMIT_LOGIN,
        .in = &session_new_shape, .out = &session_made_shape, .status = 201, .tag = "sessions",
        .problems = PROBLEMS(BAD_CREDENTIALS),
        .summary = "Sign in on a device",
    },
    {
        .method = GET, .path = "/api/sessions", .handler = list_sessions,
        .runs = FAST_IO, .who = USER,
        .in = &page_query_shape, .out = &session_list_shape, .status = 200, .tag = "sessions",
        .summary = "The devices on which I am signed in",
    },
    {
        .method = DELETE, .path = "/api/sessions/current", .handler = sign_out,
        .runs = FAST_IO, .who = USER,
        .status = 204, .tag = "sessions",
        .summary = "Sign out here",
    },
    {
        .method = DELETE, .path = "/api/sessions/{session_id}", .handler = end_session,
        .runs = FAST_IO, .who = USER,
        .in = &session_path_shape, .status = 204, .tag = "sessions",
        .problems = PROBLEMS(NO_SUCH_SESSION),
        .summary = "Sign out on another device",
    },
    ROUTES_END,
};
