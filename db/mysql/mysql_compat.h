/* The differences between MariaDB's Connector/C and Oracle's libmysqlclient, all in one place. */
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
 * The connection's descriptor; -1 if the library has closed it after a failed read or write. net.fd
 * keeps the old number then, which may belong to another thread by now.
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
 * Errors for which not both libraries have a name: each knows those of its own server, but may meet
 * any server. MySQL: "Server Error Message Reference"; MariaDB: "MariaDB Error Code Reference";
 * TiDB: "Error Codes and Troubleshooting".
 */
enum {
    MARIADB_CONNECTION_KILLED = 1927,
    MYSQL_SESSION_WAS_KILLED = 3169,
    MYSQL_DISCONNECTED_IDLE = 4031,
    GALERA_NOT_READY = 1047, /* ER_UNKNOWN_COM_ERROR, sent by wsrep */
    MYSQL_READ_ONLY_MODE = 1836,
    CONNECTOR_C_ERRORS = 5000, /* from here on of Connector/C; both have the 2000s */
    TIDB_SCHEMA_CHANGED = 8028,
    TIDB_WRITE_CONFLICT = 9007,
};

#endif
