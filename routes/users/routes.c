/* The route tables of the users and sessions groups. */
#include "routes/groups.h"
#include "routes/users/schemas.h"

static const struct route routes[] = {
    {
        .method = POST, .path = "/api/users", INPUT(sign_up, user_new),
        .runs = CPU, .access = ANYONE, .limit = LIMIT_REGISTER,
        .out = &user_shape, .status = 201,
        .problems = PROBLEMS(REGISTRATION_CLOSED, USERNAME_TAKEN),
        .summary = "Sign up",
        .description = "Makes an account; sign in with `POST /api/sessions` afterwards. A user name that differs from another only in case, or looks like it, is taken. 403 `registration_closed` if the operator makes the accounts (`GET /api`).",
    },
    {
        .method = GET, .path = "/api/users", INPUT(search_users, user_query),
        .out = &user_list_shape, .status = 200,
        .summary = "Find users with `q` in their user name or nickname",
        .description = "Finds `q` anywhere in them, without regard to case and width; first the users whose user name begins with it. A page may have fewer items than `limit`, or none, although `next` leads on.",
    },
    {
        .method = GET, .path = "/api/users/me", NO_INPUT(get_me),
        .out = &me_shape, .status = 200,
        .summary = "Your account",
        .description = "The account that the token belongs to.",
    },
    {
        .method = PATCH, .path = "/api/users/me", INPUT(change_me, user_change),
        .out = &me_shape, .status = 200,
        .summary = "Change your nickname",
        .description = "Fields that you omit stay as they are. A new nickname shows everywhere within 2 seconds.",
    },
    {
        .method = PUT, .path = "/api/users/me/password", INPUT(change_password, password_change),
        .runs = CPU, .limit = LIMIT_LOGIN,
        .status = 204,
        .problems = PROBLEMS(BAD_CREDENTIALS),
        .summary = "Change your password and end your other sessions",
        .description = "Needs the current password. This session stays; all others end within 2 seconds. Wrong passwords are slowed down.",
    },
    {
        .method = GET, .path = "/api/users/{user_id}", INPUT(get_user, user_path),
        .out = &user_shape, .status = 200,
        .problems = PROBLEMS(NO_SUCH_USER),
        .summary = "Get a user",
        .description = "What everybody may see of an account.",
    },
    ROUTES_END,
};

const struct route_group users_group = {
    .tag = "users", .description = "Accounts, and finding people.", .routes = routes,
};

static const struct route session_routes[] = {
    {
        .method = POST, .path = "/api/sessions", INPUT(sign_in, session_new),
        .runs = CPU, .access = ANYONE, .limit = LIMIT_SIGN_IN,
        .out = &session_made_shape, .status = 201,
        .problems = PROBLEMS(BAD_CREDENTIALS, ACCOUNT_DISABLED, TOO_MANY_GUESSES),
        .summary = "Sign in on a device",
        .description = "Returns the token of a new session; send it as `Authorization: Bearer`. It is shown only here. Beyond the largest number of sessions (100 by default), the least recently used one ends. Wrong passwords are slowed down: after five at one account, wait as long as `Retry-After` says.",
    },
    {
        .method = GET, .path = "/api/sessions", INPUT(list_sessions, page_query),
        .out = &session_list_shape, .status = 200,
        .summary = "List your sessions",
        .description = "The newest first: one item for each device that is signed in.",
    },
    {
        .method = DELETE, .path = "/api/sessions/current", NO_INPUT(sign_out),
        .status = 204,
        .summary = "Sign out",
        .description = "Ends the session of this token, and its live streams. The token is invalid from now on.",
    },
    {
        .method = DELETE, .path = "/api/sessions/{session_id}", INPUT(end_session, session_path),
        .status = 204,
        .problems = PROBLEMS(NO_SUCH_SESSION),
        .summary = "End one of your other sessions",
        .description = "Its token becomes invalid within 2 seconds, and its live streams end.",
    },
    ROUTES_END,
};

const struct route_group sessions_group = {
    .tag = "sessions", .description = "Signing in and out, on each device.", .routes = session_routes,
};
