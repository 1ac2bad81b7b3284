/* The server's own recurring tasks: they delete what nobody needs any more. */
#ifndef ROUTES_TASKS_CLEAN_UP_H
#define ROUTES_TASKS_CLEAN_UP_H

#include "routes/frame/task_kind.h"

extern const struct task_kind clean_sessions_kind, clean_tasks_kind, clean_exports_kind,
    clean_presence_kind;

#endif
