/* app_new: the one place where settings, groups and stores meet. */
#include "fcgi/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/test_seams.h"
#include "fcgi/lab/kind.h"
#include "routes/exports/exports.h"
#include "routes/groups.h"
#include "routes/tasks/tasks.h"

static const struct route_group *const route_groups[] = {
    &common_group, &users_group, &sessions_group, &rooms_group, &messages_group,
    &live_group,   &tasks_group, &exports_group,  &lab_group,
};

static bool
app_add_routes(struct app *app)
{
    const struct route_group *only_in_tests = test_routes();

    for (size_t i = 0; i < sizeof(route_groups) / sizeof(route_groups[0]); i++) {
        if (!router_add(app->router, route_groups[i])) {
            return false;
        }
    }
    return only_in_tests == NULL || router_add(app->router, only_in_tests);
}

static void
app_add_kinds(struct app *app)
{
    const struct task_kind *const *const lists[] = {tasks_kinds, exports_kinds, lab_kinds,
                                                    test_task_kinds()};
    size_t count = 0, capacity = 0;

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        for (const struct task_kind *const *k = lists[i]; k != NULL && *k != NULL; k++) {
            app->kinds = memory_grow(app->kinds, &capacity, count + 2, sizeof(*app->kinds));
            app->kinds[count++] = *k;
            app->kinds[count] = NULL;
        }
    }
}

/* False after reporting the step that failed. */
static bool
app_init(struct app *app, const char *part)
{
    if (!random_init()) {
        (void)fputs("fastchat: the system gives no randomness\n", stderr);
        return false;
    }
    app->settings = settings_load(NULL, stderr);
    if (app->settings == NULL) {
        return false;
    }
    app->router = router_new();
    if (!app_add_routes(app)) {
        return false;
    }
    app_add_kinds(app);
    log_open(part, strcmp(app->settings->app_env, "dev") != 0,
             app->settings->app_debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
    if (!clock_set_zone(app->settings->app_timezone)) {
        (void)fprintf(stderr, "fastchat: this system does not know the time zone %s\n",
                      app->settings->app_timezone);
        return false;
    }
    db_library_init();
    return true;
}

struct app *
app_new(const char *part)
{
    struct app *app = memory_new(struct app);

    memory_return_early();
    if (!app_init(app, part)) {
        app_free(app);
        return NULL;
    }
    return app;
}

void
app_free(struct app *app)
{
    if (app == NULL) {
        return;
    }
    router_free(app->router);
    free(app->kinds);
    settings_free(app->settings);
    free(app);
}

void
resources_open(struct resources *r, const struct app *app)
{
    *r = (struct resources){
        .settings = app->settings,
        .db = db_open(app->settings),
        .redis = redis_open(app->settings),
    };
}

void
resources_close(struct resources *r)
{
    db_close(r->db);
    redis_close(r->redis);
    buf_free(&r->head);
    buf_free(&r->body);
    arena_free(&r->arena);
}
