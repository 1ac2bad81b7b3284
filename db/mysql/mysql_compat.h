/* The differences between MariaDB's Connector/C and Oracle's libmysqlclient, all in one place. */
#ifndef DB_MYSQL_MYSQL_COMPAT_H
#define DB_MYSQL_MYSQL_COMPAT_H

#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <stdbool.h>

#if defined(MARIADB_BASE_VERSION) || defined(MARIADB_PACKAGE_VERSION)
typedef my_bool mysql_flag; /* Oracle removed my_bool in 8.0.1 */
#define CONNECTOR_C
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
#ifdef CONNECTOR_C
    return mysql->net.pvio != NULL ? (int)mysql->net.fd : -1;
#else
    return mysql->net.vio != NULL ? (int)mysql->net.fd : -1;
#endif
}

#endif
