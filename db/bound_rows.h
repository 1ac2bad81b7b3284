/*
 * Rows of numbers as one bound value: JSON, [[12,345],…], which JSON_TABLE turns into rows (MySQL
 * 8.0.4, MariaDB 10.6). A list of any length is so one prepared statement with one value. Start
 * with `struct buf rows = {0}`; free it after the statement has run.
 */
#ifndef DB_BOUND_ROWS_H
#define DB_BOUND_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "db/mysql/db.h"

#define BOUND_ROW(rows, ...)                                                                       \
    bound_rows_add((rows), (const int64_t[]){__VA_ARGS__},                                         \
                   sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))
void bound_rows_add(struct buf *rows, const int64_t *numbers, size_t count)
    __attribute__((nonnull));

/* The value of all rows that were added; valid until `rows` is freed. */
struct db_value bound_rows_value(struct buf *rows) __attribute__((nonnull));

#endif
