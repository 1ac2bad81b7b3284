/*
 * A line is built in one buffer, no longer than a pipe takes as a whole, and leaves in one
 * write(2); lines of requests may share a write.
 */
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
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
    TAIL_MAX = 320, /* bytes kept free for what follows the last text: the numbers of a request */
    METHOD_MAX = 32,
    ROUTE_MAX = 256,
};

static const char *const level_names[] = {"debug", "info", "warning", "error"};

static struct {
    const char *part;
    bool json, gather;
    enum log_level least;
    char pid[12];
} log_settings = {.part = "fastchat", .least = LOG_LEVEL_INFO};

/* Lines of requests that are written together. */
static struct {
    pthread_mutex_t lock;
    char bytes[PIPE_BUF];
    atomic_size_t len;
} gathered = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local const char *request_id;

void
log_open(const char *part, bool json, enum log_level least)
{
    log_settings.part = part;
    log_settings.json = json;
    log_settings.least = least;
    (void)snprintf(log_settings.pid, sizeof(log_settings.pid), "%d", (int)getpid());
}

void
log_gather(void)
{
    log_settings.gather = true;
}

bool
log_pending(void)
{
    return atomic_load_explicit(&gathered.len, memory_order_relaxed) > 0;
}

/* A failed write loses the line: a server must not stop for its log. */
static void
log_write_out(const char *at, size_t len)
{
    while (write(STDERR_FILENO, at, len) < 0 && errno == EINTR) {
    }
}

void
log_rescue(void)
{
    size_t len = atomic_exchange(&gathered.len, 0);

    if (len > 0) {
        log_write_out(gathered.bytes, len);
    }
}

void
log_flush(void)
{
    pthread_mutex_lock(&gathered.lock);
    log_rescue();
    pthread_mutex_unlock(&gathered.lock);
}

void
log_set_request(const char *id)
{
    request_id = id;
}

/*
 * Whether a terminal could interpret the character as a command, or a reader as the end of a line:
 * C0, DEL, C1 and Unicode's own line ends.
 */
static bool
is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029;
}

/* Writes readable text: controls and invalid UTF-8 become \xNN; a backslash is doubled. */
static void
log_put_plain(struct buf *line, const char *text, size_t len)
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

/* The length of the character or escape at `at`. */
static size_t
log_unit_length(const char *at, size_t left)
{
    size_t size = utf8_sequence(at, left);

    if (*at == '\\' && left > 1) {
        size = at[1] == 'u' ? 6 : at[1] == 'x' ? 4 : 2;
    }
    return size > 0 && size <= left ? size : left;
}

/*
 * Writes a text in the line's form, in JSON with quotes. A text that is longer than `most` bytes,
 * or that would leave no room for the line's tail, is cut between characters, never inside an
 * escape, and ends in "…".
 */
static void
log_put_text(struct buf *line, const char *text, size_t most)
{
    static const char ellipsis[] = "\xE2\x80\xA6";
    size_t len = strnlen(text, MESSAGE_MAX), start = line->len, at, room;

    room = start + TAIL_MAX < LINE_MAX_BYTES ? LINE_MAX_BYTES - TAIL_MAX - start : 0;
    most = most < room ? most : room;
    if (log_settings.json) {
        json_string(line, text, len);
        line->len--; /* the closing quote is written again below */
        start++;
    } else {
        log_put_plain(line, text, len);
    }
    if (line->len - start > most) {
        for (at = start; at + log_unit_length(line->at + at, line->len - at) <= start + most;) {
            at += log_unit_length(line->at + at, line->len - at);
        }
        line->len = at;
        buf_str(line, ellipsis);
    }
    if (log_settings.json) {
        buf_char(line, '"');
    }
}

static void
log_put_name(struct buf *line, const char *name)
{
    buf_str(line, ",\"");
    buf_str(line, name);
    buf_str(line, "\":");
}

static void
log_put_member(struct buf *line, const char *name, const char *value, size_t most)
{
    log_put_name(line, name);
    log_put_text(line, value, most);
}

static void
log_put_number(struct buf *line, const char *name, int64_t n)
{
    log_put_name(line, name);
    buf_int(line, n);
}

/* Milliseconds with three decimals. */
static void
log_put_ms(struct buf *line, int64_t us)
{
    const char digits[] = {'.', (char)('0' + us / 100 % 10), (char)('0' + us / 10 % 10),
                           (char)('0' + us % 10)};

    buf_int(line, us / 1000);
    buf_add(line, digits, sizeof(digits));
}

static void
log_line_begin(struct buf *line, enum log_level level)
{
    char now[CLOCK_TEXT_SIZE];

    (void)clock_format(clock_now_ms(), now);
    if (log_settings.json) {
        buf_str(line, "{\"time\":\"");
        buf_str(line, now);
        buf_str(line, "\",\"part\":\"");
        buf_str(line, log_settings.part);
        buf_str(line, "\",\"pid\":");
        buf_str(line, log_settings.pid[0] == '\0' ? "0" : log_settings.pid);
        buf_str(line, ",\"level\":\"");
        buf_str(line, level_names[level]);
        buf_char(line, '"');
        if (request_id != NULL) {
            log_put_member(line, "request_id", request_id, ROUTE_MAX);
        }
        return;
    }
    now[23] = '\0'; /* only the time of day */
    buf_printf(line, "%s %-4s %-7s ", now + 11, log_settings.part, level_names[level]);
    if (request_id != NULL) {
        buf_char(line, '[');
        log_put_text(line, request_id, ROUTE_MAX);
        buf_str(line, "] ");
    }
}

/* Lines that may wait are gathered; any other line is written at once, after the gathered ones. */
static void
log_line_end(struct buf *line, bool may_wait)
{
    size_t waiting;

    buf_str(line, log_settings.json ? "}\n" : "\n");
    pthread_mutex_lock(&gathered.lock);
    waiting = atomic_load(&gathered.len);
    if (waiting + line->len > sizeof(gathered.bytes) || !may_wait) {
        log_rescue();
        waiting = 0;
    }
    if (may_wait) {
        memcpy(gathered.bytes + waiting, line->at,
               line->len); /* no line is longer than the buffer */
        atomic_store(&gathered.len, waiting + line->len);
    } else {
        log_write_out(line->at, line->len);
    }
    pthread_mutex_unlock(&gathered.lock);
    buf_free(line);
}

/* Keeps errno, so that a caller may log before reading it. */
static void __attribute__((format(printf, 2, 0)))
log_write(enum log_level level, const char *format, va_list args)
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
    log_line_begin(&line, level);
    if (log_settings.json) {
        log_put_member(&line, "message", message, MESSAGE_MAX);
    } else {
        log_put_text(&line, message, MESSAGE_MAX);
    }
    log_line_end(&line, false);
    errno = error;
}

#define LOG_FUNCTION(name, level)                                                                  \
    void name(const char *format, ...)                                                             \
    {                                                                                              \
        va_list args;                                                                              \
                                                                                                   \
        va_start(args, format);                                                                    \
        log_write(level, format, args);                                                            \
        va_end(args);                                                                              \
    }

LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING)
LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)

static void
log_put_request_json(struct buf *line, const struct log_request *r)
{
    log_put_member(line, "method", r->method, METHOD_MAX);
    log_put_member(line, "route", r->route, ROUTE_MAX);
    log_put_member(line, "path", r->path, LINE_MAX_BYTES);
    log_put_number(line, "status", r->status);
    log_put_name(line, "ms");
    log_put_ms(line, r->us);
    log_put_number(line, "queries", r->queries);
    log_put_name(line, "db_ms");
    log_put_ms(line, r->db_us);
    log_put_number(line, "user_id", r->user_id);
    log_put_number(line, "bytes", (int64_t)r->bytes);
}

static void
log_put_request_plain(struct buf *line, const struct log_request *r)
{
    log_put_text(line, r->method, METHOD_MAX);
    buf_char(line, ' ');
    log_put_text(line, r->path, LINE_MAX_BYTES);
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
    log_line_begin(&line, level);
    if (log_settings.json) {
        log_put_request_json(&line, r);
        buf_str(&line, slow ? ",\"slow\":true" : "");
    } else {
        log_put_request_plain(&line, r);
        buf_str(&line, slow ? ", slow" : "");
    }
    log_line_end(&line, log_settings.gather && !slow);
    errno = error;
}
