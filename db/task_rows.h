/* What tasks.c and task_queue.c share. Nobody else includes this. */
#ifndef DB_TASK_ROWS_H
#define DB_TASK_ROWS_H

#include <stdint.h>

/* The database's time, in milliseconds since 1970. */
#define DB_NOW "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000)"

/* How long tasks are kept after they ended: those that went as they should, and the others. */
#define TASK_KEEP_MS (7 * INT64_C(86400000))
#define TASK_KEEP_DEAD_MS (30 * INT64_C(86400000))

#define KEY_AT_END "IF(dedupe_key LIKE '@%', dedupe_key, NULL)"

#endif
