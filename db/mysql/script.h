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
 * The statement at *from, which moves after it; false at the end. A ";" inside quotes, backquotes
 * or comments does not end a statement. Begin with *from at the script and *line 1.
 */
bool script_next(const char **from, int *line, struct script_part *part)
    __attribute__((nonnull, warn_unused_result));

#endif
