/* The schemas of the users group: what its routes take and return, and its handlers. */
#ifndef ROUTES_USERS_SCHEMAS_H
#define ROUTES_USERS_SCHEMAS_H

#include "base/unicode.h"
#include "db/sessions.h"
#include "routes/frame/route.h"
#include "routes/patterns.h"
#include "routes/shapes.h"

/* A password to sign in with: as long as any that was ever accepted, in every normal form. */
#define PASSWORD(type, member, ...)                                                                \
    FIELD(type, member, FIELD_TEXT, .required = true, .secret = true,                              \
          .max = (int64_t)PASSWORD_MAX * COMPOSED_MAX, __VA_ARGS__)
#define NEW_PASSWORD(type, member, ...)                                                            \
    FIELD(type, member, FIELD_TEXT, .required = true, .secret = true, .min = PASSWORD_MIN,         \
          .max = PASSWORD_MAX, .counted_form = unicode_nfkc, __VA_ARGS__)
#define NICKNAME(type, ...)                                                                        \
    FIELD(type, nickname, FIELD_TEXT, .min = 1, .max = 32, .pattern = &line_pattern,               \
          .example = "\"李雷\"", __VA_ARGS__)

/* The caller's own account, with fields that others do not see. */

static const struct shape me_shape = SHAPE(
    "Me", struct user, FIELD(struct user, id, FIELD_INT), FIELD(struct user, username, FIELD_TEXT),
    FIELD(struct user, nickname, FIELD_TEXT, .description = "The name that others see."),
    FIELD(struct user, created_at, FIELD_TIME),
    FIELD(struct user, is_admin, FIELD_BOOL, .description = "Whether you administer this server."));

struct user_new {
    const char *username, *password, *nickname;
};

SCHEMA(user_new, "UserNew",
       FIELD(struct user_new, username, FIELD_TEXT, .required = true, .min = USERNAME_MIN,
             .max = USERNAME_MAX, .counted_form = unicode_nfkc, .pattern = &username_pattern,
             .description = "The name to sign in with, stored in form NFKC; upper and lower case "
                            "are the same. Two characters suffice if one is Chinese, Japanese or "
                            "Korean, otherwise three.",
             .example = "\"li_lei\""),
       NEW_PASSWORD(struct user_new, password, .example = "\"correct horse\""),
       NICKNAME(struct user_new,
                .description = "The name that others see; by default the user name."));

struct user_change {
    const char *nickname;
};

SCHEMA(user_change, "UserChange",
       NICKNAME(struct user_change, .description = "Stays as it is if omitted."));

struct password_change {
    const char *old_password, *password;
};

SCHEMA(password_change, "PasswordChange",
       PASSWORD(struct password_change, old_password, .description = "The current password."),
       NEW_PASSWORD(struct password_change, password,
                    .description = "The new password; its characters are counted in form NFKC."));

struct user_path {
    int64_t user_id;
};

SCHEMA(user_path, "UserPath", PATH_ID(struct user_path, user_id, .description = "The user's id."));

struct user_query {
    const char *q, *cursor;
    int64_t limit;
};

SCHEMA(user_query, "UserQuery",
       FIELD(struct user_query, q, FIELD_TEXT, .from = FROM_QUERY, .required = true, .min = 1,
             .max = 32, .counted_form = unicode_nfkc,
             .description = "Any part of the user name or nickname, in upper or lower case.",
             .example = "\"李\""),
       FIELD(struct user_query, cursor, FIELD_TEXT, .from = FROM_QUERY, .max = 128,
             .description = "`next` of the previous page, which may have had fewer items than "
                            "`limit`."),
       FIELD(struct user_query, limit, FIELD_INT, .from = FROM_QUERY, .min = 1, .max = 50,
             .default_value = 20, .description = "The largest number of items on one page."));

static const struct shape user_list_shape = TEXT_PAGE("UserList", user_shape);

struct session_new {
    const char *username, *password, *device;
};

SCHEMA(session_new, "SessionNew",
       FIELD(struct session_new, username, FIELD_TEXT, .required = true, .max = USERNAME_MAX,
             .counted_form = unicode_nfkc, .example = "\"li_lei\""),
       PASSWORD(struct session_new, password, .example = "\"correct horse\""),
       FIELD(struct session_new, device, FIELD_TEXT, .max = 100, .pattern = &line_pattern,
             .description = "The device's name in the list of sessions.",
             .example = "\"WeChat on Li Lei's phone\""));

struct session_path {
    int64_t session_id;
};

SCHEMA(session_path, "SessionPath",
       PATH_ID(struct session_path, session_id, .description = "The id of one of your sessions."));

/* The only reply that contains the token: only its hash is stored. */
struct session_made {
    const char *token;
    int64_t expires_at;
    struct user user;
};

SCHEMA(session_made, "SessionMade",
       FIELD(struct session_made, token, FIELD_TEXT,
             .description = "The token for `Authorization: Bearer`; it cannot be read again."),
       FIELD(struct session_made, expires_at, FIELD_TIME,
             .description = "Moves forward while the session is used."),
       FIELD(struct session_made, user, FIELD_INLINE, .item = &me_shape));

static const struct shape session_shape = SHAPE(
    "Session", struct device, FIELD(struct device, id, FIELD_INT),
    FIELD(struct device, device, FIELD_TEXT), FIELD(struct device, created_at, FIELD_TIME),
    FIELD(struct device, last_seen_at, FIELD_TIME, .description = "Exact to the hour."),
    FIELD(struct device, expires_at, FIELD_TIME),
    FIELD(struct device, current, FIELD_BOOL, .description = "Whether this request uses it."));

static const struct shape session_list_shape = NUMBER_PAGE("SessionList", session_shape, PAGE_NEXT);

/* The handlers; views.c documents their replies. */
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
