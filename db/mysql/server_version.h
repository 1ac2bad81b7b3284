/*
 * Which servers this program works with, by what they say of themselves when a connection begins.
 */
#ifndef DB_MYSQL_SERVER_VERSION_H
#define DB_MYSQL_SERVER_VERSION_H

#include <stdbool.h>
#include <stddef.h>

enum { SERVER_NAME_SIZE = 96 };

/*
 * The server's name and version for people: "MariaDB 11.8.9", "MySQL 9.7.4", "TiDB v8.5.0", from
 * "5.5.5-10.6.12-MariaDB-log" and the like (MariaDB up to 10.11 puts "5.5.5-" before its own, for
 * old replicas). False if it is older than what is needed: MySQL 8.0.1 or MariaDB 10.6, the first
 * with SKIP LOCKED. TiDB is let through: it has a numbering of its own.
 */
bool server_version_supported(const char *info, char name[static SERVER_NAME_SIZE])
    __attribute__((nonnull, warn_unused_result));

#endif
