/* Tasks that come by themselves, each hour or each day. */
#ifndef FCGI_TASKS_SCHEDULE_H
#define FCGI_TASKS_SCHEDULE_H

#include <time.h>

#include "fcgi/tasks/runner.h"

/*
 * Enqueue what is due by now. A slot of the timetable (an hour, a day in APP_TIMEZONE) has one key, and the database one task of a key:
 * so each is run once, however many hosts ask. The last slot that was missed while nobody ran is made up for; older ones are not.
 */
void timetable_enqueue(struct runner *r) __attribute__((nonnull));

/* The key of the slot that `kind` is in at `now` (seconds since 1970). */
void timetable_slot(const struct task_kind *kind, time_t now, char key[static SLOT_SIZE])
    __attribute__((nonnull));

#endif
