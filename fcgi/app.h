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
    const struct task_kind **kinds; /* of background work; ends with NULL */
};

/*
 * Read the settings, open the log as `part`, register the groups. The database and Redis are opened by the thread that uses
 * them, when it first does. NULL after having said on stderr why not. Released with app_free.
 */
struct app *app_new(const char *part) __attribute__((nonnull, warn_unused_result));
void app_free(struct app *app);

/*
 * Is the program to be wrong in this respect? With APP_ENV=test alone, by FASTCHAT_BREAK=retry, =hints or =claims: a check that
 * cannot find what is broken on purpose is worth nothing.
 */
bool app_is_broken(const struct app *app, const char *where) __attribute__((nonnull));

/* What one thread owns; call both in that thread. */
void resources_open(struct resources *r, const struct app *app) __attribute__((nonnull));
void resources_close(struct resources *r) __attribute__((nonnull));

#endif
