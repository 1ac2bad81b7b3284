/* `fastchat tasks`: the process that runs durable tasks, each in a child of its own. */
#ifndef FCGI_TASKS_TASKS_H
#define FCGI_TASKS_TASKS_H

#include <stdbool.h>

#include "fcgi/app.h"

/*
 * Claim and run tasks until SIGTERM or SIGINT; then those that run get TASK_DRAIN_SECONDS to end, and what is left is given
 * back. With `once`: until nothing is due any more. The process's exit status.
 */
int tasks_run(const struct app *app, bool once) __attribute__((nonnull));

#endif
