/* `fastchat user`: what only an operator on the host can do, such as making the first admin. */
#include <inttypes.h>

#include "base/clock.h"
#include "db/users.h"
#include "fcgi/cli/commands.h"
#include "fcgi/cli/user_account.h"

enum { LIST_DEFAULT = 50, LIST_MAX = 10000 };

static int
user_list_print(struct resources *r, const struct arguments *a)
{
    size_t limit = (size_t)argument_number(a, "limit", LIST_DEFAULT), count;
    struct user *users = arena_array(&r->arena, limit, sizeof(*users));
    char text[CLOCK_TEXT_SIZE];
    int status = command_db_status(
        a, users_list(r->db, &r->arena, argument_given(a, "admins"), 0, limit, users, &count), "");

    if (status != 0) {
        return status;
    }
    (void)printf("%8s %-6s %-9s %-29s %s\n", "ID", "ADMIN", "STATE", "CREATED", "NAME");
    for (size_t i = 0; i < count; i++) {
        const struct user *u = &users[i];

        text[clock_format(u->created_at, text)] = '\0';
        (void)printf("%8" PRId64 " %-6s %-9s %-29s %s (%s)\n", u->id, u->is_admin ? "yes" : "-",
                     user_state_words[u->state], text, u->username, u->nickname);
    }
    if (count == limit) {
        (void)printf("(the first %zu; --limit N shows more)\n", count);
    }
    return 0;
}

static int
user_set_admin(struct resources *r, const struct arguments *a, bool is_admin)
{
    const char *missing = arena_printf(&r->arena, "user %s does not exist", a->operand);
    int status = command_db_status(a, users_set_admin(r->db, &r->arena, a->operand, is_admin),
                                   missing);

    if (status == 0) {
        (void)printf(is_admin ? "%s is an admin\n" : "%s is not an admin\n", a->operand);
    }
    return status;
}

static int
user_make_admin(struct resources *r, const struct arguments *a)
{
    return user_set_admin(r, a, true);
}

static int
user_make_no_admin(struct resources *r, const struct arguments *a)
{
    return user_set_admin(r, a, false);
}

static int
user_list_run(const struct arguments *a)
{
    return command_with_stores("user", a, user_list_print);
}

static int
user_admin_run(const struct arguments *a)
{
    return command_with_stores("user", a, user_make_admin);
}

static int
user_no_admin_run(const struct arguments *a)
{
    return command_with_stores("user", a, user_make_no_admin);
}

static const struct command_option list_options[] = {
    {.name = "admins", .help = "only admins"},
    {.name = "limit", .value = "N", .help = "at most N (default: 50)", .min = 1, .max = LIST_MAX},
    {.name = NULL},
};
static const struct command subcommands[] = {
    {.name = "list", .summary = "list the users", .options = list_options, .run = user_list_run},
    {.name = "add", .operand = "NAME", .summary = "make a user", .run = user_add_run},
    {.name = "password",
     .operand = "NAME",
     .summary = "set a user's password, and end all sessions",
     .run = user_set_password_run},
    {.name = "disable",
     .operand = "NAME",
     .summary = "keep a user from signing in, and end all sessions",
     .run = user_disable_run},
    {.name = "enable",
     .operand = "NAME",
     .summary = "let a disabled user sign in again",
     .run = user_enable_run},
    {.name = "sign-out",
     .operand = "NAME",
     .summary = "end all sessions of a user",
     .run = user_sign_out_run},
    {.name = "delete",
     .operand = "NAME",
     .summary = "delete a user; messages stay, without the name",
     .run = user_delete_run},
    {.name = "admin", .operand = "NAME", .summary = "make a user an admin", .run = user_admin_run},
    {.name = "no-admin",
     .operand = "NAME",
     .summary = "take the admin right from a user",
     .run = user_no_admin_run},
    {.name = NULL},
};
const struct command user_command = {
    .name = "user",
    .summary = "list, make, change and delete users",
    .subcommands = subcommands,
};
