/*
 * Tables that cannot be read now, because somebody holds a lock on them (LOCK TABLES … WRITE, an
 * ALTER). Only one thread at a time waits for such a table; the others go on with requests that do
 * not need it.
 */
#ifndef DB_MYSQL_LOCKED_TABLES_H
#define DB_MYSQL_LOCKED_TABLES_H

#include "db/mysql/connection.h"

/*
 * Before a statement. Returns false if it needs a locked table for which another thread waits;
 * db->obstacle is then DB_OBSTACLE_LOCKED. *waits: this thread is now the one that waits, if the
 * table is still locked.
 */
bool locked_tables_admit(struct db *db, const char *sql, bool *waits)
    __attribute__((nonnull, warn_unused_result));

/* After the statement, with what locked_tables_admit has set. */
void locked_tables_note(const struct db *db, const char *sql, bool waits, enum db_result r)
    __attribute__((nonnull));

#endif
