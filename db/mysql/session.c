/*
 * One table of settings, from which the SET that makes them and the SELECT that reads them back are
 * written. One SET sets all or none, in one round trip.
 */
#include "db/mysql/session.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"

#define EITHER(name)                                                                               \
    {                                                                                              \
        (name), (name)                                                                             \
    }

/*
 * `expected`: the value as it is read back; NULL: not checked. Without autocommit, or in a chain of
 * transactions, or read-only, nothing is stored although every statement succeeds; in another
 * character set, texts are stored wrongly.
 */
static const struct session_setting {
    const char *name[DIALECTS];
    const char *value, *expected;
} session_settings[] = {
    {EITHER("sql_mode"),
     "'STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
     "NO_ENGINE_SUBSTITUTION'",
     NULL},
    {EITHER("autocommit"), "1", "1"},
    {EITHER("completion_type"), "'NO_CHAIN'", "NO_CHAIN"},
    {{"transaction_isolation", "tx_isolation"}, "'READ-COMMITTED'", "READ-COMMITTED"},
    {{"transaction_read_only", "tx_read_only"}, "0", "0"},
    {EITHER("character_set_client"), "'utf8mb4'", "utf8mb4"},
    {EITHER("character_set_results"), "'utf8mb4'", "utf8mb4"},
    {EITHER("collation_connection"), "'utf8mb4_bin'", "utf8mb4_bin"}, /* that of our tables */
    {EITHER("time_zone"), "'+00:00'", NULL},
    {EITHER("foreign_key_checks"), "1", NULL},
    {EITHER("unique_checks"), "1", "1"}, /* 0: a unique key may let a duplicate pass */
    {EITHER("sql_auto_is_null"), "0", NULL},
    {EITHER("sql_safe_updates"), "0", NULL},
    {EITHER("sql_big_selects"), "1", NULL},
    {EITHER("sql_select_limit"), "18446744073709551615", "18446744073709551615"},
    {EITHER("max_sort_length"), "1024", NULL},
    {EITHER("net_read_timeout"), "30", NULL},
    {EITHER("net_write_timeout"), "60", NULL},
};

enum { SESSION_SETTINGS = sizeof(session_settings) / sizeof(session_settings[0]) };

void
session_limits_sql(enum session_dialect dialect, int seconds, char sql[static SESSION_LIMITS_SIZE])
{
    int row_lock = seconds < ROW_LOCK_SECONDS ? seconds : ROW_LOCK_SECONDS;

    /* A wait for a lock ends by the lock's own limit, a moment earlier: its error says more. */
    (void)snprintf(sql, SESSION_LIMITS_SIZE,
                   dialect == DIALECT_MARIADB ? "SET SESSION max_statement_time = %d.1, "
                                                "lock_wait_timeout = %d, "
                                                "innodb_lock_wait_timeout = %d"
                                              : "SET SESSION max_execution_time = %d100, "
                                                "lock_wait_timeout = %d, "
                                                "innodb_lock_wait_timeout = %d",
                   seconds, TABLE_LOCK_SECONDS, row_lock);
}

/* Statements without a limit, which migrations need, wait for the locks of others for a day. */
static const char unlimited_sql[DIALECTS][SESSION_LIMITS_SIZE] = {
    [DIALECT_MYSQL] = "SET SESSION max_execution_time = 0, lock_wait_timeout = 86400, "
                      "innodb_lock_wait_timeout = 50",
    [DIALECT_MARIADB] = "SET SESSION max_statement_time = 0, lock_wait_timeout = 86400, "
                        "innodb_lock_wait_timeout = 50",
};

/* Returns 0 or the error. */
static unsigned
session_set(MYSQL *mysql, enum session_dialect dialect, bool unlimited)
{
    char limits[SESSION_LIMITS_SIZE];
    struct buf sql = {0};
    unsigned error;

    session_limits_sql(dialect, STATEMENT_SECONDS, limits);
    buf_str(&sql, unlimited ? unlimited_sql[dialect] : limits);
    for (size_t i = 0; i < SESSION_SETTINGS; i++) {
        buf_printf(&sql, ", %s = %s", session_settings[i].name[dialect], session_settings[i].value);
    }
    error = mysql_query(mysql, buf_cstr(&sql)) == 0 ? 0 : mysql_errno(mysql);
    buf_free(&sql);
    return error;
}

/* Compares a row of the session's values, in the order of the settings. */
static bool
session_compare(MYSQL_ROW row, enum session_dialect dialect, char why[static DB_WHY_SIZE])
{
    for (size_t i = 0; i < SESSION_SETTINGS; i++) {
        const struct session_setting *s = &session_settings[i];
        const char *value = row[i] == NULL ? "NULL" : row[i];

        if (s->expected != NULL && strcmp(value, s->expected) != 0) {
            (void)snprintf(why, DB_WHY_SIZE,
                           "its session has %s = %s although %s was set: a proxy in between, or "
                           "the server, does not let a client set it",
                           s->name[dialect], value, s->expected);
            return false;
        }
    }
    return true;
}

static bool
session_verify(MYSQL *mysql, enum session_dialect dialect, char why[static DB_WHY_SIZE])
{
    struct buf sql = {0};
    MYSQL_RES *rows;
    MYSQL_ROW row;
    bool good = false;

    for (size_t i = 0; i < SESSION_SETTINGS; i++) {
        buf_printf(&sql, "%s@@SESSION.%s", i == 0 ? "SELECT " : ", ",
                   session_settings[i].name[dialect]);
    }
    rows = mysql_query(mysql, buf_cstr(&sql)) == 0 ? mysql_store_result(mysql) : NULL;
    buf_free(&sql);
    row = rows == NULL ? NULL : mysql_fetch_row(rows);
    if (row == NULL) {
        (void)snprintf(why, DB_WHY_SIZE, "%u %s", mysql_errno(mysql), mysql_error(mysql));
    } else {
        good = session_compare(row, dialect, why);
    }
    mysql_free_result(rows);
    return good;
}

/* Ends a transaction that init_connect has begun: what is written in it would be lost. */
static bool
session_roll_back(MYSQL *mysql, char why[static DB_WHY_SIZE])
{
    if ((mysql->server_status & SERVER_STATUS_IN_TRANS) == 0 ||
        mysql_query(mysql, "ROLLBACK") == 0) {
        return true;
    }
    (void)snprintf(why, DB_WHY_SIZE, "%u %s", mysql_errno(mysql), mysql_error(mysql));
    return false;
}

bool
session_set_up(MYSQL *mysql, enum session_dialect *dialect, bool unlimited,
               char why[static DB_WHY_SIZE])
{
    unsigned error = session_set(mysql, *dialect, unlimited);

    if (error == ER_UNKNOWN_SYSTEM_VARIABLE) { /* a proxy has greeted in another server's name */
        *dialect = *dialect == DIALECT_MYSQL ? DIALECT_MARIADB : DIALECT_MYSQL;
        error = session_set(mysql, *dialect, unlimited);
    }
    if (error != 0) {
        (void)snprintf(why, DB_WHY_SIZE, "its session cannot be set up: %u %s", error,
                       mysql_error(mysql));
        return false;
    }
    return session_roll_back(mysql, why) && session_verify(mysql, *dialect, why);
}
