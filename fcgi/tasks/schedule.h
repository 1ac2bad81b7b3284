/* Recurring tasks: every hour, or every day. */
#ifndef FCGI_TASKS_SCHEDULE_H
#define FCGI_TASKS_SCHEDULE_H

#include <time.h>

#include "fcgi/tasks/runner_internal.h"

/*
 * Enqueues recurring tasks that are due. A slot of the schedule (an hour of UTC, a day of
 * APP_TIMEZONE) has one key, and the database holds one task for a key, so each slot is run once,
 * however many hosts enqueue it. If no runner was up for a while, only the last missed slot is
 * enqueued; older ones are skipped.
 */
void schedule_enqueue(struct task_runner *r) __attribute__((nonnull));

/* Writes the key of the slot that `kind` is in at `now` (seconds since 1970). */
void schedule_slot_key(const struct task_kind *kind, time_t now, char key[static SLOT_KEY_SIZE])
    __attribute__((nonnull));

#endif
