/*
 * Each read_ function corresponds to a pattern in python-dotenv's parser.py, including Unicode
 * blanks.
 */
#include "base/dotenv.h"

#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"

struct reader {
    struct dotenv *env;
    struct arena *arena;
    const char *(*lookup)(const char *name);
    const char *start, *at, *end;
    int line; /* of `at` */
};

static bool
reader_fail(struct reader *r, const char *reason)
{
    r->env->faults[r->env->fault_count++] = (struct dotenv_fault){r->line, reason};
    return false;
}

static void
reader_advance(struct reader *r, const char *to)
{
    for (; r->at < to; r->at++) {
        r->line += *r->at == '\n';
    }
}

static char
reader_peek(const struct reader *r)
{
    return r->at < r->end ? *r->at : '\0'; /* dotenv_parse refuses NUL */
}

/*
 * The length in bytes of the blank at the read position: Unicode's White_Space and what Python adds
 * to it, except line ends. 0 if there is none.
 */
static size_t
blank_length(const char *at, const char *end)
{
    const char *next = at;
    uint32_t c = at < end ? utf8_next(&next) : '\n';
    bool is = c == ' ' || c == '\t' || c == '\v' || c == '\f' || (c >= 0x1C && c <= 0x1F) ||
              c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
              c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;

    return is ? (size_t)(next - at) : 0;
}

static void
dotenv_skip_blanks(struct reader *r)
{
    size_t size = blank_length(r->at, r->end);

    while (size > 0) {
        r->at += size;
        size = blank_length(r->at, r->end);
    }
}

static void
dotenv_skip_blank_lines(struct reader *r)
{
    dotenv_skip_blanks(r);
    while (reader_peek(r) == '\n') {
        reader_advance(r, r->at + 1);
        dotenv_skip_blanks(r);
    }
}

static const char *
end_of_line(const struct reader *r)
{
    const char *newline = memchr(r->at, '\n', (size_t)(r->end - r->at));

    return newline != NULL ? newline : r->end;
}

static const char *
value_of(const struct reader *r, const char *name)
{
    const char *value = r->lookup(name);
    const struct dotenv_pair *pair = value == NULL ? dotenv_find(r->env, name) : NULL;

    if (pair != NULL) {
        value = pair->value != NULL ? pair->value : "";
    }
    return value;
}

/*
 * The value of "${NAME}" or "${NAME:-default}" at *text, which moves after it. NULL if neither is
 * there.
 */
static const char *
dotenv_read_variable(const struct reader *r, const char **text)
{
    const char *name = *text + 2, *name_end, *close, *fallback = "", *value;

    if (strncmp(*text, "${", 2) != 0) {
        return NULL;
    }
    name_end = name + strcspn(name, "}:");
    close = name_end;
    if (strncmp(name_end, ":-", 2) == 0) {
        close = strchr(name_end, '}');
        if (close != NULL) {
            fallback = arena_strndup(r->arena, name_end + 2, (size_t)(close - name_end) - 2);
        }
    }
    if (close == NULL || *close != '}') {
        return NULL;
    }
    value = value_of(r, arena_strndup(r->arena, name, (size_t)(name_end - name)));
    *text = close + 1;
    return value != NULL ? value : fallback;
}

static const char *
reader_interpolate(const struct reader *r, const char *text)
{
    struct buf out = {0};
    const char *whole;

    if (strstr(text, "${") == NULL) {
        return text;
    }
    while (*text != '\0') {
        const char *value = dotenv_read_variable(r, &text);

        if (value != NULL) {
            buf_str(&out, value);
        } else {
            buf_char(&out, *text++);
        }
    }
    whole = arena_strndup(r->arena, buf_cstr(&out), out.len);
    buf_free(&out);
    return whole;
}

/* Decodes \\ and \' in '…', and also \" \a \b \f \n \r \t \v in "…". Other backslashes stay. */
static const char *
dotenv_decode(struct arena *a, char quote, const char *text, size_t len)
{
    static const char meanings[256] = {
        ['\\'] = '\\', ['\''] = '\'', ['"'] = '"',  ['a'] = '\a', ['b'] = '\b',
        ['f'] = '\f',  ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t', ['v'] = '\v',
    };
    char *decoded = arena_alloc(a, len + 1), *to = decoded;

    for (const char *end = text + len; text < end; text++) {
        char next = end - text > 1 ? text[1] : '\0';

        *to = *text;
        if (*text == '\\' && meanings[(unsigned char)next] != '\0' &&
            (quote == '"' || next == '\\' || next == '\'')) {
            *to = meanings[(unsigned char)next];
            text++;
        }
        to++;
    }
    return decoded;
}

/*
 * The quote that closes the one at r->at: the first one without a backslash directly before it; if
 * all have one, the last (so 'C:\' works unless another quote follows). NULL if there is none.
 */
static const char *
closing_quote(const struct reader *r)
{
    char quote = *r->at;
    const char *last = NULL;

    for (const char *at = r->at + 1; at < r->end; at++) {
        if (*at == quote) {
            return at;
        }
        if (*at == '\\' && r->end - at > 1 && at[1] == quote) {
            last = ++at;
        }
    }
    return last;
}

static bool
dotenv_read_quoted(struct reader *r, const char **value)
{
    const char *text = r->at + 1, *close = closing_quote(r);

    if (close == NULL) {
        return reader_fail(r, "the quote is not closed");
    }
    *value = dotenv_decode(r->arena, *r->at, text, (size_t)(close - text));
    reader_advance(r, close + 1);
    return true;
}

/* Up to the end of the line or a "#" after a blank, without trailing blanks. */
static const char *
dotenv_read_unquoted(struct reader *r)
{
    const char *start = r->at, *end = r->at, *stop = end_of_line(r);
    bool after_blank = r->at > r->start && r->at[-1] != '=';

    while (r->at < stop && !(after_blank && *r->at == '#')) {
        size_t size = blank_length(r->at, stop);

        after_blank = size > 0;
        r->at += after_blank ? size : utf8_sequence(r->at, (size_t)(stop - r->at));
        end = after_blank ? end : r->at;
    }
    r->at = stop;
    return arena_strndup(r->arena, start, (size_t)(end - start));
}

/* NAME, or 'any NAME'. NULL after a fault. */
static const char *
dotenv_read_key(struct reader *r)
{
    const char *start = r->at, *end;

    if (reader_peek(r) == '\'') {
        start++;
        end = memchr(start, '\'', (size_t)(r->end - start));
        if (end == NULL || end == start) {
            (void)reader_fail(r, end == NULL ? "the quote is not closed" : "the key is empty");
            return NULL;
        }
        reader_advance(r, end + 1);
    } else {
        while (reader_peek(r) != '\0' && strchr("=#\n", reader_peek(r)) == NULL &&
               blank_length(r->at, r->end) == 0) {
            r->at += utf8_sequence(r->at, (size_t)(r->end - r->at));
        }
        end = r->at;
        if (end == start) {
            (void)reader_fail(r, "a key is missing before \"=\"");
            return NULL;
        }
    }
    return arena_strndup(r->arena, start, (size_t)(end - start));
}

static void
dotenv_skip_export(struct reader *r)
{
    static const char word[] = "export";
    const char *behind = r->at + sizeof(word) - 1;

    if (r->end - r->at >= (ptrdiff_t)sizeof(word) && memcmp(r->at, word, sizeof(word) - 1) == 0 &&
        blank_length(behind, r->end) > 0) {
        r->at = behind;
        dotenv_skip_blanks(r);
    }
}

/* After a value, or after a key without one, only a comment may follow on the line. */
static bool
dotenv_read_end(struct reader *r, const struct dotenv_pair *pair)
{
    dotenv_skip_blanks(r);
    if (reader_peek(r) == '#') {
        r->at = end_of_line(r);
    }
    if (r->at < r->end && *r->at != '\n') {
        return reader_fail(r, pair->value == NULL ? "\"=\" is missing behind the key"
                                                  : "there is text behind the closing quote");
    }
    return true;
}

/* Reads one binding or comment, up to the end of the line. Returns false after a fault. */
static bool
dotenv_read_line(struct reader *r)
{
    struct dotenv_pair pair = {.line = r->line};

    dotenv_skip_export(r);
    if (reader_peek(r) == '#') {
        return dotenv_read_end(r, &pair);
    }
    pair.key = dotenv_read_key(r);
    if (pair.key == NULL) {
        return false;
    }
    dotenv_skip_blanks(r);
    if (reader_peek(r) == '=') {
        r->at++;
        dotenv_skip_blanks(r);
        if (reader_peek(r) != '\'' && reader_peek(r) != '"') {
            pair.value = dotenv_read_unquoted(r);
        } else if (!dotenv_read_quoted(r, &pair.value)) {
            return false;
        }
        pair.value = reader_interpolate(r, pair.value);
    }
    if (!dotenv_read_end(r, &pair)) {
        return false;
    }
    r->env->pairs[r->env->count++] = pair;
    return true;
}

/*
 * Copies a text, turning the line ends CR LF and CR into LF. Returns false if it is not UTF-8 text.
 */
static bool
reader_copy_text(struct reader *r, const char *text, size_t len)
{
    char *copy = arena_alloc(r->arena, len + 1), *to = copy;

    for (const char *at = text, *end = text + len; at < end;) {
        size_t size = utf8_sequence(at, (size_t)(end - at));

        if (size == 0 || *at == '\0') {
            return reader_fail(r, size == 0 ? "invalid UTF-8" : "a NUL byte");
        }
        if (*at == '\r') {
            *to++ = '\n';
            at += end - at > 1 && at[1] == '\n' ? 2 : 1;
        } else {
            memcpy(to, at, size);
            to += size;
            at += size;
        }
        r->line += to[-1] == '\n';
    }
    r->start = r->at = copy;
    r->end = to;
    r->line = 1;
    return true;
}

bool
dotenv_parse(struct dotenv *env, const char *text, size_t len,
             const char *(*lookup)(const char *name), struct arena *a)
{
    struct reader r = {.env = env, .arena = a, .lookup = lookup, .line = 1};
    size_t lines = 1;

    for (size_t i = 0; i < len; i++) {
        lines += text[i] == '\n' || text[i] == '\r';
    }
    *env = (struct dotenv){
        .pairs = arena_array(a, lines, sizeof(*env->pairs)),
        .faults = arena_array(a, lines, sizeof(*env->faults)),
    };
    if (!reader_copy_text(&r, text, len)) {
        return false;
    }
    r.at += strncmp(r.at, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    dotenv_skip_blank_lines(&r);
    while (r.at < r.end) {
        if (!dotenv_read_line(&r)) {
            r.at = end_of_line(&r);
        }
        dotenv_skip_blank_lines(&r);
    }
    return env->fault_count == 0;
}

const struct dotenv_pair *
dotenv_find(const struct dotenv *env, const char *key)
{
    for (size_t i = env->count; i > 0; i--) {
        if (strcmp(env->pairs[i - 1].key, key) == 0) {
            return &env->pairs[i - 1];
        }
    }
    return NULL;
}
