/* SQL scripts, split into statements. */
#ifndef DB_MYSQL_SCRIPT_H
#define DB_MYSQL_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

struct script_part {
    const char *at; /* in the script's text */
    size_t len;     /* without the ";" */
    int line;       /* of its first word, from 1 */
};

/*
 * The statement at *from, which moves behind it; false at the end. "; " inside quotes, backquotes and comments does not count.
 * Begin with *from the script and *line 1.
 */
bool script_next(const char **from, int *line, struct script_part *part)
    __attribute__((nonnull, warn_unused_result));

#endif
