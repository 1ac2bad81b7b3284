/* Reads line by line; quoted values may span lines. */
#include "base/dotenv.h"

#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"

struct reader {
    struct dotenv *env;
    struct arena *arena;
    const char *(*lookup)(const char *name);
    const char *at, *end;
    int line;
};

static bool
fail(struct reader *r, int line, const char *reason)
{
    r->env->error = reason;
    r->env->error_line = line;
    return false;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\f' || c == '\v';
}

static bool
is_line_end(const struct reader *r)
{
    return r->at == r->end || *r->at == '\n' || *r->at == '\r';
}

/* LF, CR LF, or CR alone. */
static void
skip_line_end(struct reader *r)
{
    if (r->at == r->end) {
        return;
    }
    r->at += *r->at == '\r' && r->end - r->at > 1 && r->at[1] == '\n' ? 2 : 1;
    r->line++;
}

static void
skip_blanks(struct reader *r)
{
    while (r->at < r->end && is_blank(*r->at)) {
        r->at++;
    }
}

/* The rest of a line that may only be a comment. */
static bool
skip_comment(struct reader *r)
{
    skip_blanks(r);
    if (r->at < r->end && *r->at == '#') {
        while (!is_line_end(r)) {
            r->at++;
        }
    }
    if (!is_line_end(r)) {
        return false;
    }
    skip_line_end(r);
    return true;
}

static const char *
value_of(const struct reader *r, const char *name)
{
    const char *value = r->lookup(name);
    const struct dotenv_pair *pair = value == NULL ? dotenv_find(r->env, name) : NULL;

    return pair == NULL ? value : pair->value;
}

/* Replace ${NAME} and ${NAME:-default}. An unknown name without a default is empty. */
static const char *
interpolate(const struct reader *r, const char *text)
{
    struct buf out = {0};
    const char *whole;

    if (strstr(text, "${") == NULL) {
        return text;
    }
    while (*text != '\0') {
        const char *close = text[0] == '$' && text[1] == '{' ? strchr(text, '}') : NULL;
        const char *name, *fallback, *value;

        if (close == NULL) {
            buf_char(&out, *text++);
            continue;
        }
        name = arena_strndup(r->arena, text + 2, (size_t)(close - text) - 2);
        fallback = strstr(name, ":-");
        if (fallback != NULL) {
            name = arena_strndup(r->arena, name, (size_t)(fallback - name));
            fallback += 2;
        }
        value = value_of(r, name);
        buf_str(&out, value != NULL ? value : fallback != NULL ? fallback : "");
        text = close + 1;
    }
    whole = arena_strndup(r->arena, buf_cstr(&out), out.len);
    buf_free(&out);
    return whole;
}

/* 'text': only \\ and \' are escapes. "text": also \" \a \b \f \n \r \t \v. Any other backslash stays. */
static bool
read_quoted(struct reader *r, const char **value)
{
    static const char names[] = "\"abfnrtv", values[] = "\"\a\b\f\n\r\t\v";
    char quote = *r->at++;
    int line = r->line;
    struct buf out = {0};

    while (r->at < r->end && *r->at != quote) {
        const char *name = NULL;
        char next = r->end - r->at > 1 ? r->at[1] : '\0';

        if (*r->at == '\\' && next != '\0') {
            name = quote == '"' ? strchr(names, next) : NULL;
            if (name != NULL || next == '\\' || next == '\'') {
                buf_char(&out, name != NULL ? values[name - names] : next);
                r->at += 2;
                continue;
            }
        }
        if (*r->at == '\n' || (*r->at == '\r' && next != '\n')) {
            r->line++;
        }
        buf_char(&out, *r->at++);
    }
    *value = arena_strndup(r->arena, buf_cstr(&out), out.len);
    buf_free(&out);
    if (r->at == r->end) {
        return fail(r, line, "a quote is not closed");
    }
    r->at++;
    return true;
}

/* To the end of the line, or to a "#" with a blank before it; blanks at its end do not count. */
static const char *
read_unquoted(struct reader *r)
{
    const char *start = r->at, *end;

    while (!is_line_end(r) && !(*r->at == '#' && (r->at == start || is_blank(r->at[-1])))) {
        r->at++;
    }
    end = r->at;
    while (end > start && is_blank(end[-1])) {
        end--;
    }
    return arena_strndup(r->arena, start, (size_t)(end - start));
}

static const char *
read_key(struct reader *r)
{
    const char *start = r->at;
    char quote = *r->at == '\'' ? '\'' : '\0';
    size_t len;

    if (quote != '\0') {
        start = ++r->at;
        while (!is_line_end(r) && *r->at != quote) {
            r->at++;
        }
        len = (size_t)(r->at - start);
        r->at += is_line_end(r) ? 0 : 1;
    } else {
        while (!is_line_end(r) && *r->at != '=' && *r->at != '#' && !is_blank(*r->at)) {
            r->at++;
        }
        len = (size_t)(r->at - start);
    }
    return arena_strndup(r->arena, start, len);
}

static bool
read_pair(struct reader *r, struct dotenv_pair *pair)
{
    pair->line = r->line;
    if (r->end - r->at > 7 && memcmp(r->at, "export", 6) == 0 && is_blank(r->at[6])) {
        r->at += 6;
        skip_blanks(r);
    }
    pair->key = read_key(r);
    skip_blanks(r);
    if (pair->key[0] == '\0') {
        return fail(r, pair->line, "a key is missing before \"=\"");
    }
    if (r->at == r->end || *r->at != '=') {
        return fail(r, pair->line, "\"=\" is missing behind the key");
    }
    r->at++;
    skip_blanks(r);
    if (r->at < r->end && (*r->at == '\'' || *r->at == '"')) {
        if (!read_quoted(r, &pair->value)) {
            return false;
        }
    } else {
        pair->value = read_unquoted(r);
    }
    pair->value = interpolate(r, pair->value);
    if (!skip_comment(r)) {
        return fail(r, pair->line, "there is text behind the closing quote");
    }
    return true;
}

static bool
check_bytes(struct reader *r)
{
    for (const char *at = r->at; at < r->end; at++) {
        if (*at == '\0') {
            return fail(r, r->line, "holds a NUL byte");
        }
        r->line += *at == '\n';
    }
    r->line = 1;
    return utf8_valid(r->at, (size_t)(r->end - r->at)) || fail(r, 1, "is not valid UTF-8");
}

bool
dotenv_parse(struct dotenv *env, const char *text, size_t len,
             const char *(*lookup)(const char *name), struct arena *a)
{
    struct reader r = {
        .env = env, .arena = a, .lookup = lookup, .at = text, .end = text + len, .line = 1};
    size_t lines = 1;

    *env = (struct dotenv){0};
    if (!check_bytes(&r)) {
        return false;
    }
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        r.at += 3;
    }
    for (const char *at = text; at < r.end; at++) {
        lines += *at == '\n' || *at == '\r';
    }
    env->pairs = arena_array(a, lines, sizeof(*env->pairs));
    while (r.at < r.end) {
        skip_blanks(&r);
        if (is_line_end(&r)) {
            skip_line_end(&r);
        } else if (*r.at == '#') {
            (void)skip_comment(&r);
        } else if (read_pair(&r, &env->pairs[env->count])) {
            env->count++;
        } else {
            return false;
        }
    }
    return true;
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
