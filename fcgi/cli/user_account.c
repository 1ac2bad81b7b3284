/* `fastchat user add`, `password`, `disable`, `enable`, `sign-out` and `delete`. */
#include "fcgi/cli/user_account.h"

#include <string.h>

#include "base/password.h"
#include "base/unicode.h"
#include "base/utf8.h"
#include "db/accounts.h"
#include "fcgi/cli/commands.h"
#include "fcgi/cli/prompt.h"
#include "routes/patterns.h"

/* Reports a text whose length, in form NFKC, is not between two bounds. Returns 0 or 1. */
static int
account_check_length(const struct arguments *a, struct arena *arena, const char *what,
                     const char *text, size_t min, size_t max)
{
    size_t count;

    if (!utf8_valid(text, strlen(text))) {
        return command_failure(a, "the %s is not valid UTF-8", what);
    }
    text = unicode_nfkc(text, arena);
    count = utf8_length(text, strlen(text));
    return count < min || count > max
               ? command_failure(a, "a %s has %zu to %zu characters", what, min, max)
               : 0;
}

/* Reads a new password and hashes it. Returns 0 or the exit status. */
static int
account_read_password(struct resources *r, const struct arguments *a,
                      char hash[static PASSWORD_HASH_SIZE])
{
    char password[PROMPT_PASSWORD_SIZE];
    int status = prompt_password(a->operand, password) ? 0 : 1;

    if (status == 0) {
        status = account_check_length(a, &r->arena, "password", password, PASSWORD_MIN,
                                      PASSWORD_MAX);
    }
    if (status == 0 && !password_hash(password, hash)) {
        status = command_failure(a, "out of memory");
    }
    return status;
}

/* Returns 0, or the exit status after reporting why nobody can have the name. */
static int
account_check_name(struct resources *r, const struct arguments *a)
{
    const char *name = a->operand;
    const struct text_fault *fault;
    int status = account_check_length(a, &r->arena, "user name", name, USERNAME_MIN, USERNAME_MAX);

    if (status != 0) {
        return status;
    }
    fault = username_pattern.fault(name, &r->arena);
    return fault == NULL ? 0 : command_failure(a, "the user name %s", fault->en);
}

static int
user_add(struct resources *r, const struct arguments *a)
{
    char hash[PASSWORD_HASH_SIZE];
    struct user made;
    enum db_result result;
    int status = account_check_name(r, a);

    if (status == 0) {
        status = account_read_password(r, a, hash);
    }
    if (status != 0) {
        return status;
    }
    result = users_add(r->db, &r->arena, a->operand, NULL, hash, &made);
    if (result == DB_EXISTS) {
        return command_failure(a, "the user name %s is taken", a->operand);
    }
    status = command_db_status(a, result, "");
    if (status == 0) {
        (void)printf("%s is a user\n", made.username);
    }
    return status;
}

/* Finds the user whom the operand names. Returns 0 or the exit status. */
static int
account_find(struct resources *r, const struct arguments *a, struct user *user)
{
    const char *hash;

    return command_db_status(a, users_find_by_name(r->db, &r->arena, a->operand, user, &hash),
                             arena_printf(&r->arena, "user %s does not exist", a->operand));
}

/* Changes the account that the operand names, and prints what holds then. */
static int
account_change(struct resources *r, const struct arguments *a, const char *hash,
               const enum user_state *state, const char *done)
{
    struct user user;
    int status = account_find(r, a, &user);

    if (status != 0) {
        return status;
    }
    status = command_db_status(a, accounts_change(r->db, r->redis, user.id, hash, state),
                               arena_printf(&r->arena, "user %s is deleted", a->operand));
    if (status == 0) {
        (void)printf("%s %s\n", user.username, done);
    }
    return status;
}

static int
user_set_password(struct resources *r, const struct arguments *a)
{
    char hash[PASSWORD_HASH_SIZE];
    struct user user;
    int status = account_find(r, a, &user); /* before a person types a password */

    if (status == 0) {
        status = account_read_password(r, a, hash);
    }
    return status == 0 ? account_change(r, a, hash, NULL, "has a new password, and is signed out")
                       : status;
}

static int
user_disable(struct resources *r, const struct arguments *a)
{
    const enum user_state disabled = USER_DISABLED;

    return account_change(r, a, NULL, &disabled, "is disabled, and signed out");
}

static int
user_enable(struct resources *r, const struct arguments *a)
{
    const enum user_state active = USER_ACTIVE;

    return account_change(r, a, NULL, &active, "may sign in");
}

static int
user_sign_out(struct resources *r, const struct arguments *a)
{
    return account_change(r, a, NULL, NULL, "is signed out on every device");
}

static int
user_delete(struct resources *r, const struct arguments *a)
{
    struct caller caller = {.db = r->db, .redis = r->redis, .arena = &r->arena};
    struct user user;
    int status = account_find(r, a, &user);

    if (status == 0) {
        caller.user_id = user.id;
        status = command_db_status(a, accounts_delete(&caller), "the user is being deleted");
    }
    if (status == 0) {
        (void)printf("%s is deleted\n", user.username);
    }
    return status;
}

/* The rows of the commands, each with a function that runs with the stores. */
#define USER_COMMAND_RUN(function)                                                                 \
    int function##_run(const struct arguments *a)                                                  \
    {                                                                                              \
        return command_with_stores("user", a, function);                                           \
    }

USER_COMMAND_RUN(user_add)
USER_COMMAND_RUN(user_set_password)
USER_COMMAND_RUN(user_disable)
USER_COMMAND_RUN(user_enable)
USER_COMMAND_RUN(user_sign_out)
USER_COMMAND_RUN(user_delete)
