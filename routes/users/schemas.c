/* The input and output shapes of the users group. */
#include "routes/users/users.h"

#include "db/sessions.h"
#include "routes/patterns.h"

#define PASSWORD(type, member, ...)                                                                \
    FIELD(type, member, FIELD_TEXT, .required = true, .secret = true, .max = 128, __VA_ARGS__)
#define NICKNAME(type, ...)                                                                        \
    FIELD(type, nickname, FIELD_TEXT, .min = 1, .max = 32, .pattern = &line_pattern,               \
          .example = "\"李雷\"", __VA_ARGS__)

/* What only I am told of me. */
const struct shape me_shape = SHAPE(
    "Me", struct user, FIELD(struct user, id, FIELD_INT), FIELD(struct user, username, FIELD_TEXT),
    FIELD(struct user, nickname, FIELD_TEXT, .description = "The name that others see."),
    FIELD(struct user, created_at, FIELD_TIME),
    FIELD(struct user, is_admin, FIELD_BOOL,
          .description = "Whether you administer this server."));

const struct shape user_new_shape = SHAPE("UserNew", struct user_new,
    FIELD(struct user_new, username, FIELD_TEXT, .required = true, .min = 3, .max = 32,
          .pattern = &username_pattern, .description = "The name to sign in with; upper and lower case are the same.",
          .example = "\"li_lei\""),
    PASSWORD(struct user_new, password, .min = 8, .example = "\"correct horse\""),
    NICKNAME(struct user_new, .description = "The name that others see; by default the user name."));

const struct shape user_change_shape = SHAPE("UserChange", struct user_change, NICKNAME(struct user_change, .description = "Stays as it is if omitted."));

const struct shape password_change_shape = SHAPE("PasswordChange", struct password_change,
    PASSWORD(struct password_change, old_password, .description = "The current password."),
    PASSWORD(struct password_change, password, .min = 8, .description = "The new password."));

const struct shape user_path_shape = SHAPE("UserPath", struct user_path, PATH_ID(struct user_path, user_id, .description = "The user's id."));

const struct shape user_query_shape = SHAPE("UserQuery", struct user_query,
    FIELD(struct user_query, q, FIELD_TEXT, .from = FROM_QUERY, .required = true, .min = 1,
          .max = 32, .description = "The beginning of the user name.", .example = "\"li\""),
    FIELD(struct user_query, cursor, FIELD_TEXT, .from = FROM_QUERY, .max = 32,
          .description = "`next` of the previous page."),
    FIELD(struct user_query, limit, FIELD_INT, .from = FROM_QUERY, .min = 1, .max = 50,
          .default_value = 20, .description = "The largest number of items on one page."));

const struct shape user_list_shape = TEXT_PAGE("UserList", user_shape);

const struct shape session_new_shape = SHAPE("SessionNew", struct session_new,
    FIELD(struct session_new, username, FIELD_TEXT, .required = true, .max = 32,
          .example = "\"li_lei\""),
    PASSWORD(struct session_new, password, .example = "\"correct horse\""),
    FIELD(struct session_new, device, FIELD_TEXT, .max = 100, .pattern = &line_pattern,
          .description = "The device's name in the list of sessions.", .example = "\"WeChat on Li Lei's phone\""));

const struct shape session_path_shape = SHAPE("SessionPath", struct session_path, PATH_ID(struct session_path, session_id, .description = "The id of one of your sessions."));

const struct shape session_made_shape = SHAPE("SessionMade", struct session_made,
    FIELD(struct session_made, token, FIELD_TEXT, .description = "The token for `Authorization: Bearer`; it cannot be read again."),
    FIELD(struct session_made, expires_at, FIELD_TIME, .description = "Moves forward while the session is used."),
    FIELD(struct session_made, user, FIELD_INLINE, .item = &me_shape));

static const struct shape session_shape = SHAPE(
    "Session", struct device, FIELD(struct device, id, FIELD_INT),
    FIELD(struct device, device, FIELD_TEXT), FIELD(struct device, created_at, FIELD_TIME),
    FIELD(struct device, last_seen_at, FIELD_TIME, .description = "Exact to the hour."),
    FIELD(struct device, expires_at, FIELD_TIME),
    FIELD(struct device, current, FIELD_BOOL, .description = "Whether this is the session of this request."));

const struct shape session_list_shape = NUMBER_PAGE("SessionList", session_shape, PAGE_NEXT);
