/* db/script: SQL scripts are cut at the semicolons that end statements, and at no other. */
#include "db/mysql/script.h"

#include <stdio.h>
#include <string.h>

#include "t/unit/tap.h"

/* The parts of a script as one text: "line:part|line:part|". */
static const char *
parts_of(const char *script)
{
    static char text[1000];
    struct script_part part;
    size_t len = 0;
    int line = 1;

    text[0] = '\0';
    while (len < sizeof(text) && script_next(&script, &line, &part)) {
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%d:%.*s|", part.line,
                                (int)part.len, part.at);
    }
    return text;
}

int
main(void)
{
    is_str(parts_of(""), "", "an empty script has no statements");
    is_str(parts_of(" \n;;\n ; -- only a comment"), "",
           "blanks, semicolons and comments are not statements");
    is_str(parts_of("one;two"), "1:one|1:two|", "the last one needs no semicolon");
    is_str(parts_of("one;\n\n  two\n three;\n"), "1:one|3:two\n three|",
           "a statement has the line of its first word");
    is_str(parts_of("a ';' b; \";\" c; `;` d"), "1:a ';' b|1:\";\" c|1:`;` d|",
           "quoted semicolons are text");
    is_str(parts_of("a 'it''s; b'; c"), "1:a 'it''s; b'|1:c|", "a doubled quote is one");
    is_str(parts_of("a 'it\\'s; b'; c"), "1:a 'it\\'s; b'|1:c|", "so is an escaped one");
    is_str(parts_of("a `b\\`; c"), "1:a `b\\`|1:c|", "a name has no escapes");
    is_str(parts_of("-- x; y\na; # x; y\nb /* ; \n */ c; d"), "2:a|3:b /* ; \n */ c|4:d|",
           "comments end nothing");
    is_str(parts_of("a --b; c"), "1:a --b|1:c|", "two dashes and no blank are no comment");
    is_str(parts_of("a 'open; b"), "1:a 'open; b|", "a quote that is never closed takes the rest");
    is_str(parts_of("a /* open; b"), "1:a /* open; b|",
           "a comment that is never closed takes the rest");
    is_str(parts_of("a '\\"), "1:a '\\|", "a text may end in a backslash");
    return done_testing();
}
