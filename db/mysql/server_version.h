/* The servers that this program works with, by the version they send when a connection begins. */
#ifndef DB_MYSQL_SERVER_VERSION_H
#define DB_MYSQL_SERVER_VERSION_H

#include <stdbool.h>
#include <stddef.h>

enum { SERVER_NAME_SIZE = 96 };

/*
 * Writes the server's name and version: "MariaDB 11.8.9", "MySQL 9.7.4", "TiDB v8.5.0", from
 * texts such as "5.5.5-10.6.12-MariaDB-log" (up to 10.11 MariaDB puts "5.5.5-" before its own, for
 * old replicas). Returns false if the server is older than required: MySQL 8.0.1 or MariaDB 10.6,
 * the first with SKIP LOCKED. TiDB has its own numbering and is accepted.
 */
bool server_version_supported(const char *info, char name[static SERVER_NAME_SIZE])
    __attribute__((nonnull, warn_unused_result));

#endif
