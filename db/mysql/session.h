/*
 * The settings of a connection's session. Everything that our statements rely on is set, whatever
 * the server's configuration or init_connect has set before. For db/mysql/connection.c.
 */
#ifndef DB_MYSQL_SESSION_H
#define DB_MYSQL_SESSION_H

#include <stdbool.h>

#include "db/mysql/db.h"
#include "db/mysql/mysql_compat.h"

/* The servers differ in the names of some variables. TiDB has MySQL's. */
enum session_dialect { DIALECT_MYSQL, DIALECT_MARIADB, DIALECTS };

enum {
    TABLE_LOCK_SECONDS = 1, /* for which a statement waits for a table's lock, or the global one */
    ROW_LOCK_SECONDS = 5,   /* and for a row's */
    STATEMENT_SECONDS = 10, /* after which the server ends a statement, and a wait for locks */
    SESSION_LIMITS_SIZE = 160,
};

/*
 * Sets the session up and reads back what matters most: a proxy may have ignored it. `unlimited`:
 * statements may take any time. *dialect: first the one to expect, then the one that the server has
 * understood. Returns false after writing the reason in `why`.
 */
bool session_set_up(MYSQL *mysql, enum session_dialect *dialect, bool unlimited,
                    char why[static DB_WHY_SIZE]) __attribute__((nonnull, warn_unused_result));

/*
 * Writes the statement that ends each following statement after `seconds`: any on MariaDB, one that
 * reads or waits for a lock on MySQL.
 */
void session_limits_sql(enum session_dialect dialect, int seconds,
                        char sql[static SESSION_LIMITS_SIZE]) __attribute__((nonnull));

#endif
