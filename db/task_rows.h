/* SQL that db/tasks.c, db/task_queue.c and db/exports.c share. No other file includes this. */
#ifndef DB_TASK_ROWS_H
#define DB_TASK_ROWS_H

#include <stdint.h>

/* The database's time, in milliseconds since 1970. */
#define DB_NOW "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000)"

/* How long ended tasks are kept. */
#define TASK_KEEP_MS (7 * INT64_C(86400000))
#define TASK_KEEP_DEAD_MS (30 * INT64_C(86400000))

/* The dedupe key of a task that has ended: only keys that begin with '@' stay taken. */
#define TASK_KEY_AFTER_END "IF(dedupe_key LIKE '@%', dedupe_key, NULL)"

#endif
