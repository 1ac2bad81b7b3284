/*
 * Places for the writes of a process: no more threads than that write, and others go on reading.
 * See db_limit_writers.
 */
#ifndef DB_MYSQL_WRITERS_H
#define DB_MYSQL_WRITERS_H

#include "db/mysql/connection.h"

/*
 * Takes a place for a write. Returns false if none becomes free in time; db->obstacle then says
 * that writes wait. If the connection has a place already, *taken is false.
 */
bool writers_enter(struct db *db, bool *taken) __attribute__((nonnull, warn_unused_result));

/* Gives back a place that was taken. A result other than DB_DOWN shows that writes get on. */
void writers_leave(struct db *db, bool taken, enum db_result r) __attribute__((nonnull));

#endif
