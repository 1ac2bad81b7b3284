/* Splits at ";" by MySQL's rules for quotes and comments. */
#include "db/mysql/script.h"

#include <ctype.h>
#include <string.h>

/* Skips a quoted text, a comment, or one byte: nothing in it ends a statement. */
static const char *
script_skip_one(const char *at)
{
    char quote = *at;
    const char *end;

    if (quote == '\'' || quote == '"' || quote == '`') {
        for (at++; *at != '\0' && *at != quote; at++) {
            if (*at == '\\' && quote != '`' && at[1] != '\0') {
                at++;
            }
        }
        return *at == '\0' ? at : at + 1;
    }
    if (*at == '#' ||
        (at[0] == '-' && at[1] == '-' && (at[2] == '\0' || isspace((unsigned char)at[2])))) {
        return at + strcspn(at, "\n");
    }
    if (at[0] == '/' && at[1] == '*') {
        end = strstr(at + 2, "*/");
        return end == NULL ? at + strlen(at) : end + 2;
    }
    return at + 1;
}

static bool
script_is_comment(const char *at)
{
    return *at == '#' || (at[0] == '-' && at[1] == '-') || (at[0] == '/' && at[1] == '*');
}

static void
script_count_lines(const char *from, const char *to, int *line)
{
    for (; from < to; from++) {
        *line += *from == '\n';
    }
}

bool
script_next(const char **from, int *line, struct script_part *part)
{
    const char *at = *from, *end;

    while (*at == ';' || isspace((unsigned char)*at) || (*at != '\0' && script_is_comment(at))) {
        at = script_is_comment(at) ? script_skip_one(at) : at + 1;
    }
    script_count_lines(*from, at, line);
    if (*at == '\0') {
        return false;
    }
    for (end = at; *end != '\0' && *end != ';';) {
        end = script_skip_one(end);
    }
    *part = (struct script_part){at, (size_t)(end - at), *line};
    script_count_lines(at, end, line);
    *from = end;
    return true;
}
