/*
 * One line per event on standard error, written by one write(2) so that lines of several processes
 * do not mix. A line is cut at what a pipe takes as a whole (PIPE_BUF, 4,096 bytes) and then ends
 * in "…". Whatever a message or path contains, the line is valid UTF-8 and stays one line: control
 * characters are escaped. Text with APP_ENV=dev, otherwise one JSON object per line.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

/* Every line contains `part` (a static string: "api", "cpu", "migrate" …). */
void log_open(const char *part, bool json, enum log_level least) __attribute__((nonnull));

/*
 * The request to which this thread's lines belong from now on; NULL for none. The string must stay
 * valid until the next call.
 */
void log_set_request(const char *request_id);

void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The contents of the line of a finished request. */
struct log_request {
    const char *method, *route, *path; /* route: the pattern; "-" if none matched */
    int status;
    int64_t us;       /* from its first byte to its last */
    unsigned queries; /* statements sent to the database */
    int64_t db_us;    /* the part of `us` spent waiting for the database */
    int64_t user_id;  /* 0: nobody is signed in */
    size_t bytes;     /* of the reply's body */
};

/*
 * From now on lines of requests are gathered, and written when they fill a page (PIPE_BUF). The
 * caller must call log_flush when log_pending returns true and there is nothing else to do, so that
 * no line waits long. Any other line writes the gathered ones first.
 */
void log_gather(void);
bool log_pending(void);
void log_flush(void);

/* Writes the gathered lines from a signal handler, in a process that is about to end. */
void log_rescue(void);

/* An info line; a warning with "slow" if `us` exceeds `slow_us`. */
void log_request(const struct log_request *r, int64_t slow_us) __attribute__((nonnull));

#endif
