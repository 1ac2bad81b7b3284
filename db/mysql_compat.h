/* The differences between MariaDB's Connector/C and Oracle's libmysqlclient 8, all in one place. */
#ifndef DB_MYSQL_COMPAT_H
#define DB_MYSQL_COMPAT_H

#include <mysql.h>
#include <stdbool.h>

#if defined(MARIADB_BASE_VERSION) || defined(MARIADB_PACKAGE_VERSION)
typedef my_bool mysql_flag; /* Oracle removed my_bool in 8.0.1 */
#else
typedef bool mysql_flag;
#endif

#endif
