/* The server's own recurring tasks: they delete rows that are no longer needed. */
#ifndef ROUTES_TASKS_CLEAN_UP_H
#define ROUTES_TASKS_CLEAN_UP_H

#include "routes/frame/task_kind.h"

extern const struct task_kind clean_sessions_kind, clean_tasks_kind, clean_exports_kind,
    clean_guesses_kind, clean_presence_kind, clean_rooms_kind;

#endif
