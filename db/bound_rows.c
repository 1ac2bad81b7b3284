/* JSON by hand: a number needs no escapes. */
#include "db/bound_rows.h"

void
bound_rows_add(struct buf *rows, const int64_t *numbers, size_t count)
{
    buf_char(rows, rows->len == 0 ? '[' : ',');
    for (size_t i = 0; i < count; i++) {
        buf_char(rows, i == 0 ? '[' : ',');
        buf_int(rows, numbers[i]);
    }
    buf_char(rows, ']');
}

struct db_value
bound_rows_value(struct buf *rows)
{
    buf_str(rows, rows->len == 0 ? "[]" : "]");
    return db_text(buf_cstr(rows));
}
