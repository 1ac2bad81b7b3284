/*
 * One line an event, on standard error, written by one write(2) so that processes do not mix: what
 * would make it longer than a pipe takes whole (PIPE_BUF, 4096 bytes) is cut, and ends in "…".
 * Whatever a message or a path holds, it stays one line of valid UTF-8: controls are escaped. In
 * text (APP_ENV=dev) or as one JSON object a line (everywhere else).
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

/* `part` (a static string: "api", "cpu", "migrate" …) stands in every line. */
void log_open(const char *part, bool json, enum log_level least) __attribute__((nonnull));

/*
 * The request whose lines this thread writes from now on; NULL for none. The string must live as
 * long.
 */
void log_set_request(const char *request_id);

void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What is said of a request when it has been answered. */
struct log_request {
    const char *method, *route, *path; /* route: the pattern; "-" where none matched */
    int status;
    int64_t us;       /* from its first byte to its last */
    unsigned queries; /* statements sent to the database */
    int64_t db_us;    /* of `us`, spent waiting for the database */
    int64_t user_id;  /* 0 where nobody is signed in */
    size_t bytes;     /* of the answer's body */
};

/*
 * From now on the lines of requests wait until a page of them is written at once (PIPE_BUF). Whoever calls this calls log_flush when
 * log_pending is true and nothing else is to do, so that no line waits long; any other line takes those that wait along.
 */
void log_gather(void);
bool log_pending(void);
void log_flush(void);

/* Write what waits from a signal handler, in a process that is about to end. */
void log_rescue(void);

/* An info line; a warning with "slow" where `us` is above `slow_us`. */
void log_request(const struct log_request *r, int64_t slow_us) __attribute__((nonnull));

#endif
