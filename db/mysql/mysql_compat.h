/* The differences between MariaDB's Connector/C and Oracle's libmysqlclient 8, all in one place. */
#ifndef DB_MYSQL_MYSQL_COMPAT_H
#define DB_MYSQL_MYSQL_COMPAT_H

#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <stdbool.h>

#if defined(MARIADB_BASE_VERSION) || defined(MARIADB_PACKAGE_VERSION)
typedef my_bool mysql_flag; /* Oracle removed my_bool in 8.0.1 */
#define CLIENT_LIBRARY "MariaDB Connector/C"
#else
typedef bool mysql_flag;
#define CLIENT_LIBRARY "libmysqlclient"
#endif

/*
 * The connection's descriptor; -1 if the library has closed it, as it does when reading or writing failed. The
 * number itself stays in net.fd then, and may be another thread's by now.
 */
static inline int
mysql_descriptor(const MYSQL *mysql)
{
#if defined(MARIADB_BASE_VERSION) || defined(MARIADB_PACKAGE_VERSION)
    return mysql->net.pvio != NULL ? (int)mysql->net.fd : -1;
#else
    return mysql->net.vio != NULL ? (int)mysql->net.fd : -1;
#endif
}

/*
 * Errors that not both libraries have a name for: each knows those of its own server, and either may meet any server.
 * MySQL: "Server Error Message Reference"; MariaDB: "MariaDB Error Code Reference"; TiDB: "Error Codes and Troubleshooting".
 */
enum {
    MARIADB_CONNECTION_KILLED = 1927,
    MYSQL_SESSION_WAS_KILLED = 3169,
    MYSQL_DISCONNECTED_IDLE = 4031,
    GALERA_NOT_READY = 1047, /* ER_UNKNOWN_COM_ERROR, by which wsrep says so */
    MYSQL_READ_ONLY_MODE = 1836,
    CONNECTOR_C_ERRORS = 5000, /* of Connector/C, beside the 2000s that both have */
    TIDB_SCHEMA_CHANGED = 8028,
    TIDB_WRITE_CONFLICT = 9007,
};

#endif
