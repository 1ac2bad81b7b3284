/* app_new: the one place where settings, groups and stores meet. */
#include "fcgi/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/password.h"
#include "base/random.h"
#include "db/messages.h"
#include "db/task_queue.h"
#include "fcgi/lab/kind.h"
#include "routes/exports/exports.h"
#include "routes/groups.h"
#include "routes/tasks/tasks.h"
#include "routes/trial/trial.h"

static const struct route_group *const groups[] = {
    &common_group, &users_group, &rooms_group,   &messages_group,
    &live_group,   &tasks_group, &exports_group, &lab_group,
};

bool
app_is_broken(const struct app *app, const char *where)
{
    const char *broken = getenv("FASTCHAT_BREAK");

    return strcmp(app->settings->app_env, "test") == 0 && broken != NULL &&
           strcmp(broken, where) == 0;
}

static bool
register_groups(struct app *app)
{
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        if (!router_add(app->router, groups[i])) {
            return false;
        }
    }
    return strcmp(app->settings->app_env, "test") != 0 || router_add(app->router, &trial_group);
}

/* The kinds of tasks, one list ending with NULL. */
static const struct task_kind **
gather_kinds(bool trial)
{
    const struct task_kind *const *const lists[] = {tasks_kinds, exports_kinds, lab_kinds,
                                                    trial ? trial_kinds : NULL};
    const struct task_kind **all = NULL;
    size_t count = 0;

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        for (const struct task_kind *const *k = lists[i]; k != NULL && *k != NULL; k++) {
            const struct task_kind **more = realloc(all, (count + 2) * sizeof(*all));

            if (more == NULL) {
                free(all);
                return NULL;
            }
            all = more;
            all[count++] = *k;
            all[count] = NULL;
        }
    }
    return all;
}

struct app *
app_new(const char *part)
{
    struct app *app = calloc(1, sizeof(*app));

    if (app == NULL || !random_init()) {
        (void)fprintf(stderr, "fastchat: the system gives no %s\n",
                      app == NULL ? "memory" : "randomness");
        free(app);
        return NULL;
    }
    app->router = router_new();
    app->settings = settings_load(NULL, stderr);
    if (app->settings == NULL || !register_groups(app)) {
        app_free(app);
        return NULL;
    }
    app->kinds = gather_kinds(strcmp(app->settings->app_env, "test") == 0);
    if (app->kinds == NULL) {
        app_free(app);
        return NULL;
    }
    log_open(part, strcmp(app->settings->app_env, "dev") != 0,
             app->settings->app_debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
    if (!clock_set_zone(app->settings->app_timezone)) {
        (void)fprintf(stderr, "fastchat: the time zone %s is not known here\n",
                      app->settings->app_timezone);
        app_free(app);
        return NULL;
    }
    if (strcmp(app->settings->app_env, "test") == 0) {
        password_make_cheap();
        if (app_is_broken(app, "retry")) {
            messages_break_retries();
        }
        if (app_is_broken(app, "claims")) {
            task_break_claims();
        }
    }
    db_library_init();
    return app;
}

void
app_free(struct app *app)
{
    if (app != NULL) {
        router_free(app->router);
        free(app->kinds);
        settings_free(app->settings);
        free(app);
    }
}

void
resources_open(struct resources *r, const struct app *app)
{
    *r = (struct resources){
        .settings = app->settings,
        .db = db_open(app->settings),
        .redis = redis_open(app->settings),
        .names = names_open(),
    };
}

void
resources_close(struct resources *r)
{
    db_close(r->db);
    redis_close(r->redis);
    names_close(r->names);
    buf_free(&r->head);
    buf_free(&r->body);
    arena_free(&r->arena);
}
