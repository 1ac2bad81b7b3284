/* The application: its settings, its routes, and what each of its threads owns. */
#ifndef FCGI_APP_H
#define FCGI_APP_H

#include "base/settings.h"
#include "routes/frame/request.h"
#include "routes/frame/router.h"
#include "routes/frame/task_kind.h"

struct app {
    struct settings *settings;
    struct router *router;
    const struct task_kind **kinds; /* of background tasks; ends with NULL */
};

/*
 * Reads the settings, opens the log as `part` and registers routes and kinds of tasks. Opens
 * neither the database nor Redis: each thread connects when it first needs them. Returns NULL after
 * reporting on stderr which step failed. Released with app_free, which accepts NULL.
 */
struct app *app_new(const char *part) __attribute__((nonnull, warn_unused_result));
void app_free(struct app *app);

/* Opens and closes what one thread owns, in that thread. */
void resources_open(struct resources *r, const struct app *app) __attribute__((nonnull));
void resources_close(struct resources *r) __attribute__((nonnull));

#endif
