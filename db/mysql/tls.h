/* TLS to the database: DB_TLS and DB_TLS_CA, whichever client library there is. */
#ifndef DB_MYSQL_TLS_H
#define DB_MYSQL_TLS_H

#include "base/settings.h"
#include "db/mysql/mysql_compat.h"

/* Before connecting. Returns false if the library does not take an option. */
bool tls_set_options(MYSQL *mysql, const struct settings *s)
    __attribute__((nonnull, warn_unused_result));

/*
 * After an attempt to connect: returns why TLS has failed, or is not as DB_TLS requires; NULL if it
 * is, or if the attempt failed for another reason.
 */
const char *tls_fault(MYSQL *mysql, const struct settings *s, bool connected)
    __attribute__((nonnull, warn_unused_result));

#endif
