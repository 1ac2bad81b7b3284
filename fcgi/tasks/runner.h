/* `fastchat tasks`: the process that runs durable tasks in child processes. */
#ifndef FCGI_TASKS_RUNNER_H
#define FCGI_TASKS_RUNNER_H

#include <stdbool.h>

#include "fcgi/app.h"

/*
 * Claims and runs tasks until SIGTERM or SIGINT. Running tasks then get TASK_DRAIN_SECONDS to end;
 * those that do not are killed and given back. With `once`, returns as soon as nothing is due.
 * Returns the process's exit status; 1 after reporting which step of the start failed.
 */
int runner_run(const struct app *app, bool once) __attribute__((nonnull));

#endif
