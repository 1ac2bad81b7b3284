/* A line is built in one buffer, within what a pipe takes whole, and leaves by one write(2). */
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/utf8.h"

enum {
    LINE_MAX_BYTES = PIPE_BUF, /* a longer write may be mixed with another process's (pipe(7)) */
    MESSAGE_MAX = 8 * 1024,
    TAIL_MAX = 320, /* what follows the last text of any line: the numbers of a request */
    METHOD_MAX = 32,
    ROUTE_MAX = 256,
};

static const char *const level_names[] = {"debug", "info", "warning", "error"};

static struct {
    const char *part;
    bool json;
    enum log_level least;
} log_settings = {.part = "fastchat", .least = LOG_LEVEL_INFO};

static _Thread_local const char *request_id;

void
log_open(const char *part, bool json, enum log_level least)
{
    log_settings.part = part;
    log_settings.json = json;
    log_settings.least = least;
}

void
log_set_request(const char *id)
{
    request_id = id;
}

/*
 * Could a terminal, or a reader of lines, take it for more than text? (C0, DEL, C1, and Unicode's
 * own line ends)
 */
static bool
is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029;
}

/*
 * Text for people: what is a control, and what is no UTF-8, leaves as \xNN; a backslash is doubled.
 */
static void
put_plain(struct buf *line, const char *text, size_t len)
{
    for (const char *end = text + len; text < end;) {
        size_t size = utf8_sequence(text, (size_t)(end - text));
        const char *next = text;
        bool plain = size > 0 && !is_control(utf8_next(&next));

        if (*text == '\\') {
            buf_str(line, "\\\\");
            text++;
        } else if (plain) {
            buf_add(line, text, size);
            text += size;
        } else {
            buf_printf(line, "\\x%02x", (unsigned char)*text++);
        }
    }
}

/* Bytes of the character, or of the whole escape, that begins at `at`. */
static size_t
unit(const char *at, size_t left)
{
    size_t size = utf8_sequence(at, left);

    if (*at == '\\' && left > 1) {
        size = at[1] == 'u' ? 6 : at[1] == 'x' ? 4 : 2;
    }
    return size > 0 && size <= left ? size : left;
}

/*
 * A text in the line's form, with quotes in JSON. What is longer than `most` bytes, or would leave
 * no room for the line's tail, ends in "…", cut between characters and never inside an escape.
 */
static void
put_text(struct buf *line, const char *text, size_t most)
{
    static const char ellipsis[] = "\xE2\x80\xA6";
    size_t len = strnlen(text, MESSAGE_MAX), start = line->len, at, room;

    room = start + TAIL_MAX < LINE_MAX_BYTES ? LINE_MAX_BYTES - TAIL_MAX - start : 0;
    most = most < room ? most : room;
    if (log_settings.json) {
        json_string(line, text, len);
        line->len--; /* its closing quote comes back below */
        start++;
    } else {
        put_plain(line, text, len);
    }
    if (line->len - start > most) {
        for (at = start; at + unit(line->at + at, line->len - at) <= start + most;) {
            at += unit(line->at + at, line->len - at);
        }
        line->len = at;
        buf_str(line, ellipsis);
    }
    if (log_settings.json) {
        buf_char(line, '"');
    }
}

static void
put_member(struct buf *line, const char *name, const char *value, size_t most)
{
    buf_printf(line, ",\"%s\":", name);
    put_text(line, value, most);
}

static void
begin(struct buf *line, enum log_level level)
{
    char now[CLOCK_TEXT_SIZE];

    (void)clock_format(clock_now_ms(), now);
    if (log_settings.json) {
        buf_printf(line, "{\"time\":\"%s\",\"part\":\"%s\",\"pid\":%d,\"level\":\"%s\"", now,
                   log_settings.part, (int)getpid(), level_names[level]);
        if (request_id != NULL) {
            put_member(line, "request_id", request_id, ROUTE_MAX);
        }
        return;
    }
    now[23] = '\0'; /* the time of day alone */
    buf_printf(line, "%s %-4s %-7s ", now + 11, log_settings.part, level_names[level]);
    if (request_id != NULL) {
        buf_char(line, '[');
        put_text(line, request_id, ROUTE_MAX);
        buf_str(line, "] ");
    }
}

/* What cannot be written is lost: a server must not stop for its log. */
static void
end(struct buf *line)
{
    buf_str(line, log_settings.json ? "}\n" : "\n");
    while (write(STDERR_FILENO, line->at, line->len) < 0 && errno == EINTR) {
    }
    buf_free(line);
}

/* errno is left as it was, so that a caller may log before it looks. */
static void __attribute__((format(printf, 2, 0)))
say(enum log_level level, const char *format, va_list args)
{
    int error = errno;
    char message[MESSAGE_MAX];
    struct buf line = {0};

    if (level < log_settings.least) {
        return;
    }
    if (vsnprintf(message, sizeof(message), format, args) < 0) {
        (void)snprintf(message, sizeof(message), "(unprintable) %s", format);
    }
    begin(&line, level);
    if (log_settings.json) {
        put_member(&line, "message", message, MESSAGE_MAX);
    } else {
        put_text(&line, message, MESSAGE_MAX);
    }
    end(&line);
    errno = error;
}

#define LOG_FUNCTION(name, level)                                                                  \
    void name(const char *format, ...)                                                             \
    {                                                                                              \
        va_list args;                                                                              \
                                                                                                   \
        va_start(args, format);                                                                    \
        say(level, format, args);                                                                  \
        va_end(args);                                                                              \
    }

LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING)
LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)

static void
put_request_json(struct buf *line, const struct log_request *r)
{
    put_member(line, "method", r->method, METHOD_MAX);
    put_member(line, "route", r->route, ROUTE_MAX);
    put_member(line, "path", r->path, LINE_MAX_BYTES);
    buf_printf(line,
               ",\"status\":%d,\"ms\":%lld.%03d,\"queries\":%u,\"db_ms\":%lld.%03d,"
               "\"user_id\":%lld,\"bytes\":%zu",
               r->status, (long long)(r->us / 1000), (int)(r->us % 1000), r->queries,
               (long long)(r->db_us / 1000), (int)(r->db_us % 1000), (long long)r->user_id,
               r->bytes);
}

static void
put_request_plain(struct buf *line, const struct log_request *r)
{
    put_text(line, r->method, METHOD_MAX);
    buf_char(line, ' ');
    put_text(line, r->path, LINE_MAX_BYTES);
    buf_printf(line, " %d %lld.%03d ms, %u queries %lld.%03d ms, %zu bytes, user %lld", r->status,
               (long long)(r->us / 1000), (int)(r->us % 1000), r->queries,
               (long long)(r->db_us / 1000), (int)(r->db_us % 1000), r->bytes,
               (long long)r->user_id);
}

void
log_request(const struct log_request *r, int64_t slow_us)
{
    bool slow = slow_us > 0 && r->us > slow_us;
    enum log_level level = slow ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO;
    int error = errno;
    struct buf line = {0};

    if (level < log_settings.least) {
        return;
    }
    begin(&line, level);
    if (log_settings.json) {
        put_request_json(&line, r);
        buf_str(&line, slow ? ",\"slow\":true" : "");
    } else {
        put_request_plain(&line, r);
        buf_str(&line, slow ? ", slow" : "");
    }
    end(&line);
    errno = error;
}
