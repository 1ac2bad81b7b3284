/*
 * For the test programs of this folder. The Perl test of the same name starts each beside a MariaDB
 * and a Redis of its own (t/lib/Fastchat/Server.pm), which it may kill, stop and start.
 */
#ifndef T_DB_SERVERS_H
#define T_DB_SERVERS_H

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/random.h"
#include "db/mysql/db.h"
#include "t/unit/tap.h"

static inline const char *
from_environment(const char *name)
{
    const char *value = getenv(name);

    if (value == NULL) {
        (void)printf("Bail out! %s is not set: prove runs the .t beside this program\n", name);
        exit(1);
    }
    return value;
}

/* The account may do everything; the database is made if it does not exist. */
static inline struct settings
test_settings(const char *database)
{
    struct settings s = {
        .db_host = "localhost",
        .db_port = 3306,
        .db_socket = from_environment("DB_SOCKET"),
        .db_user = "root",
        .db_password = "",
        .db_database = database,
        .db_charset = "utf8mb4",
        .redis_host = from_environment("REDIS_HOST"),
        .redis_password = "",
    };

    log_open("test", false, LOG_LEVEL_ERROR);
    if (!random_init()) {
        exit(1);
    }
    db_library_init();
    if (db_create_database(&s, (char[DB_WHY_SIZE]){""}) != DB_OK) {
        (void)puts("Bail out! the test's database cannot be made");
        exit(1);
    }
    return s;
}

/* "database kill", "database start", "redis hold", "redis cont" …: returns when it is done. */
static inline void
order(const char *words)
{
    int control = atoi(from_environment("CONTROL_FD"));
    char line[64];
    int len = snprintf(line, sizeof(line), "%s\n", words);

    if (write(control, line, (size_t)len) != len || read(control, line, sizeof(line)) != 3) {
        (void)printf("Bail out! cannot do this: %s\n", words);
        exit(1);
    }
}

/* Runs one formatted statement, which must succeed. */
__attribute__((format(printf, 2, 3))) static inline void
must(struct db *db, const char *format, ...)
{
    char sql[1024];
    const char *why;
    va_list args;

    va_start(args, format);
    (void)vsnprintf(sql, sizeof(sql), format, args);
    va_end(args);
    if (db_execute(db, sql, strlen(sql), &why) != DB_OK) {
        (void)printf("Bail out! %s: %s\n", sql, why);
        exit(1);
    }
}

/* Tables of one column, d: 0 to 9, and 0 to 999. */
#define TEN                                                                                        \
    "(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 "  \
    "UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL "       \
    "SELECT 9)"
#define THOUSAND                                                                                   \
    "(SELECT one.d + ten.d * 10 + hundred.d * 100 AS d FROM " TEN " one JOIN " TEN                 \
    " ten JOIN " TEN " hundred)"

/* The one number that a SELECT without values returns; -1 if it fails. `sql` is a literal. */
static inline int64_t
number_of(struct db *db, const char *sql)
{
    int64_t n = -1;

    if (db_one_values(db, sql, NULL, 0) == DB_OK) {
        n = db_get_int(db, 0);
        n = db_done(db) == DB_OK ? n : -1;
    }
    return n;
}

#endif
