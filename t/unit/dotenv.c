/* base/dotenv: the grammar of python-dotenv, line by line. */
#include "base/dotenv.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "t/unit/tap.h"

/* A text as an array, so that NUL may be in it. */
#define T(text) text, sizeof(text) - 1

static const char *
lookup(const char *name)
{
    return strcmp(name, "SET") == 0     ? "from the environment"
           : strcmp(name, "EMPTY") == 0 ? ""
                                        : NULL;
}

/*
 * The result of dotenv_parse: "KEY=value" (or "KEY") and "line 3: reason", one per line, pairs
 * first.
 */
static const char *
summary(const char *text, size_t len)
{
    static char result[4096];
    struct arena a = {0};
    struct buf out = {0};
    struct dotenv env;
    char *copy = malloc(len > 0 ? len : 1);
    bool good;

    if (copy == NULL) {
        abort();
    }
    memcpy(copy, text, len);
    good = dotenv_parse(&env, copy, len, lookup, &a);
    for (size_t i = 0; i < env.count; i++) {
        buf_printf(&out, env.pairs[i].value != NULL ? "%s=%s|" : "%s|", env.pairs[i].key,
                   env.pairs[i].value);
    }
    for (size_t i = 0; i < env.fault_count; i++) {
        buf_printf(&out, "line %d: %s|", env.faults[i].line, env.faults[i].reason);
    }
    if (good != (env.fault_count == 0)) {
        buf_str(&out, "(the result lies)");
    }
    (void)snprintf(result, sizeof(result), "%s", buf_cstr(&out));
    buf_free(&out);
    arena_free(&a);
    free(copy);
    return result;
}

static const struct {
    const char *text;
    size_t len;
    const char *want, *what;
} grammar[] = {
    {T(""), "", "an empty file"},
    {T("\n \n\t\r\n"), "", "empty lines"},
    {T("# A=1\n  # B=2"), "", "comments"},
    {T("A=1"), "A=1|", "a line without its end"},
    {T("A=1\nB=2\r\nC=3\rD=4"), "A=1|B=2|C=3|D=4|", "LF, CR LF, CR"},
    {T("\xEF\xBB\xBF"
       "A=1"),
     "A=1|", "a byte order mark"},
    {T("export A=1\n export\tB=2"), "A=1|B=2|", "export"},
    {T("exportA=1\nexport=2"), "exportA=1|export=2|", "keys that begin with export"},
    {T("  A \t =\t 1  "), "A=1|", "blanks around key and value"},
    {T("A=a b  c "), "A=a b  c|", "blanks inside a value stay"},
    {T("A=\nB= \nC=''\nD=\"\""), "A=|B=|C=|D=|", "empty values"},
    {T("A=1 # one\nB=2\t#two"), "A=1|B=2|", "a comment behind a blank"},
    {T("A=a#b\nB=#c"), "A=a#b|B=#c|", "a # without a blank before it belongs to the value"},
    {T("A= # none"), "A=|", "a comment in place of a value"},
    {T("A='1'#one\nB=\"2\" # two"), "A=1|B=2|", "a comment behind a closing quote"},
    {T("A\xE3\x80\x80=\xE3\x80\x80"
       "1\xE3\x80\x80# one"),
     "A=1|", "the wide blank of Chinese input"},
    {T("A='#1 \" \\n \\' \\\\'"), "A=#1 \" \\n ' \\|",
     "single quotes: \\' and \\\\ alone are escapes"},
    {T("A=\"#1 ' \\n\\t\\\" \\\\ \\x\""), "A=#1 ' \n\t\" \\ \\x|", "double quotes: escapes"},
    {T("A=\"\\a\\b\\f\\r\\v\\'\""), "A=\a\b\f\r\v'|", "double quotes: the rarer escapes"},
    {T("A=\"1\n2\r\n3\"\nB='4\n#5'"), "A=1\n2\n3|B=4\n#5|", "quoted values over several lines"},
    {T("A='C:\\'"), "A=C:\\|", "a backslash before the last quote"},
    {T("A='C:\\'\nB='x'"), "line 2: there is text behind the closing quote|",
     "unless another quote follows"},
    {T("'A B'=1"), "A B=1|", "a key in quotes"},
    {T("A=1\nA=2"), "A=1|A=2|", "a key twice"},
    {T("A\nB=1"), "A|B=1|", "a key alone sets nothing"},
    {T("A=\xE4\xB8\xAD\xE6\x96\x87"), "A=\xE4\xB8\xAD\xE6\x96\x87|", "Chinese"},
    {T("A=x\nB=${A}y${A}"), "A=x|B=xyx|", "an earlier key"},
    {T("A=${B}\nB=1"), "A=|B=1|", "a later key is not known yet"},
    {T("A=${SET}\nSET=file\nB=${SET}"), "A=from the environment|SET=file|B=from the environment|",
     "the environment wins"},
    {T("A=${EMPTY:-x}${NO:-y}${NO}."), "A=y.|", "a default, for what is not set"},
    {T("A=${NO:-}${NO:-a:-b}"), "A=a:-b|", "an empty default, and one with :- in it"},
    {T("A=1\nB='${A}'\nC=\"${A}\""), "A=1|B=1|C=1|", "in every kind of quotes"},
    {T("A=$A ${ $} ${A:B} {A}"), "A=$A  ${A:B} {A}|",
     "a text that only looks like a variable stays"},
    {T("A=x\nB=${A${A}"), "A=x|B=|", "the name goes on to the brace"},

    {T("A='1"), "line 1: the quote is not closed|", "a quote that is not closed"},
    {T("\n\nA=\"1\nB=2\nC=3"), "B=2|C=3|line 3: the quote is not closed|",
     "the lines behind it are read"},
    {T("A B=1"), "line 1: \"=\" is missing behind the key|", "a blank in a key"},
    {T("=1\nA=1"), "A=1|line 1: a key is missing before \"=\"|", "no key"},
    {T("export =1"), "line 1: a key is missing before \"=\"|", "no key behind export"},
    {T("''=1"), "line 1: the key is empty|", "an empty key in quotes"},
    {T("A='1' 2"), "line 1: there is text behind the closing quote|", "text behind a quote"},
    {T("A=\"1\n2\" 3"), "line 2: there is text behind the closing quote|", "its line is told"},
    {T("A B\nC=1\nD E"),
     "C=1|line 1: \"=\" is missing behind the key|line 3: \"=\" is missing behind the key|",
     "all faults are told"},
    {T("A=1\nB=\0"), "line 2: a NUL byte|", "NUL"},
    {T("A=1\r\n\r\nB=\xFF"), "line 3: invalid UTF-8|", "invalid UTF-8"},
};

static void
test_grammar(void)
{
    for (size_t i = 0; i < sizeof(grammar) / sizeof(grammar[0]); i++) {
        is_str(summary(grammar[i].text, grammar[i].len), grammar[i].want, grammar[i].what);
    }
}

int
main(void)
{
    test_grammar();
    return done_testing();
}
