/* A line is built in one buffer and leaves by one write(2). */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"

enum { MESSAGE_MAX = 8 * 1024 };

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

/* What a terminal or a reader of lines could take for more than text leaves as \xNN. */
static void
put_plain(struct buf *line, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20 || c == 0x7F) {
            buf_printf(line, "\\x%02x", c);
        } else {
            buf_char(line, *text);
        }
    }
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
            buf_printf(line, ",\"request_id\":\"%s\"", request_id);
        }
    } else {
        now[23] = '\0'; /* the time of day alone */
        buf_printf(line, "%s %-4s %-7s ", now + 11, log_settings.part, level_names[level]);
        if (request_id != NULL) {
            buf_printf(line, "[%s] ", request_id);
        }
    }
}

static void
end(struct buf *line)
{
    buf_str(line, log_settings.json ? "}\n" : "\n");
    (void)!write(STDERR_FILENO, line->at, line->len);
    buf_free(line);
}

static void __attribute__((format(printf, 2, 0)))
say(enum log_level level, const char *format, va_list args)
{
    char message[MESSAGE_MAX];
    struct buf line = {0};

    if (level < log_settings.least) {
        return;
    }
    (void)vsnprintf(message, sizeof(message), format, args);
    begin(&line, level);
    if (log_settings.json) {
        buf_str(&line, ",\"message\":");
        json_text(&line, message);
    } else {
        put_plain(&line, message);
    }
    end(&line);
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
put_member(struct buf *line, const char *name, const char *value)
{
    buf_printf(line, ",\"%s\":", name);
    json_text(line, value);
}

void
log_request(const struct log_request *r, int64_t slow_us)
{
    bool slow = slow_us > 0 && r->us > slow_us;
    enum log_level level = slow ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO;
    struct buf line = {0};

    if (level < log_settings.least) {
        return;
    }
    begin(&line, level);
    if (log_settings.json) {
        put_member(&line, "method", r->method);
        put_member(&line, "route", r->route);
        put_member(&line, "path", r->path);
        buf_printf(&line,
                   ",\"status\":%d,\"ms\":%lld.%03d,\"queries\":%u,\"db_ms\":%lld.%03d,"
                   "\"user_id\":%lld,\"bytes\":%zu%s",
                   r->status, (long long)(r->us / 1000), (int)(r->us % 1000), r->queries,
                   (long long)(r->db_us / 1000), (int)(r->db_us % 1000), (long long)r->user_id,
                   r->bytes, slow ? ",\"slow\":true" : "");
    } else {
        put_plain(&line, r->method);
        buf_char(&line, ' ');
        put_plain(&line, r->path);
        buf_printf(&line, " %d %lld.%03d ms, %u queries %lld.%03d ms, user %lld%s", r->status,
                   (long long)(r->us / 1000), (int)(r->us % 1000), r->queries,
                   (long long)(r->db_us / 1000), (int)(r->db_us % 1000), (long long)r->user_id,
                   slow ? ", slow" : "");
    }
    end(&line);
}
