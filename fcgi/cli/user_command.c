/* An operator at the host makes the first admin; there is no other way to become one. */
#include "fcgi/cli/user_command.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "db/users.h"
#include "fcgi/cli/subcommands.h"

static int
list(struct resources *r, const struct call *call)
{
    struct user *users = arena_array(&r->arena, (size_t)call->limit, sizeof(*users));
    char text[CLOCK_TEXT_SIZE];
    size_t count;
    int status = verb_judge(
        users_list(r->db, &r->arena, call->admins, 0, (size_t)call->limit, users, &count), "");

    if (status != 0) {
        return status;
    }
    (void)printf("%8s %-6s %-29s %s\n", "ID", "ADMIN", "CREATED", "NAME");
    for (size_t i = 0; i < count; i++) {
        const struct user *u = &users[i];

        (void)printf("%8" PRId64 " %-6s %-29s %s (%s)\n", u->id, u->is_admin ? "yes" : "-",
                     verb_time(u->created_at, text), u->username, u->nickname);
    }
    if ((int64_t)count == call->limit) {
        (void)printf("(the first %zu; --limit N shows more)\n", count);
    }
    return 0;
}

static int
set_admin(struct resources *r, const struct call *call, bool is)
{
    const char *missing = arena_printf(&r->arena, "there is no user %s", call->subject);
    int status = verb_judge(users_set_admin(r->db, &r->arena, call->subject, is), missing);

    if (status == 0) {
        (void)printf("%s is %s admin\n", call->subject, is ? "an" : "no");
    }
    return status;
}

static int
admin(struct resources *r, const struct call *call)
{
    return set_admin(r, call, true);
}

static int
no_admin(struct resources *r, const struct call *call)
{
    return set_admin(r, call, false);
}

static const struct verb verbs[] = {
    {"list", list, NULL, "al"},
    {"admin", admin, "the name of a user", ""},
    {"no-admin", no_admin, "the name of a user", ""},
    {0},
};

int
user_command(int count, char **words)
{
    return verbs_run("user", verbs, count, words);
}
