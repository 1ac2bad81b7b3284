/* The reports of a task's process to its runner. */
#include "routes/frame/task_kind.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "db/task_queue.h"

static volatile sig_atomic_t cancelled;

static void
on_cancel(int signal_number)
{
    (void)signal_number;
    cancelled = 1;
}

void
task_catch_cancel(void)
{
    (void)sigaction(TASK_CANCEL_SIGNAL, &(struct sigaction){.sa_handler = on_cancel}, NULL);
}

bool
task_is_cancelled(void)
{
    return cancelled != 0;
}

struct json_value
task_arguments(const struct task_run *run)
{
    size_t len = strlen(run->arguments);
    struct json_error error;

    if (!json_check(run->arguments, len, run->arena, &error)) {
        return (struct json_value){.kind = JSON_ABSENT};
    }
    return json_whole(run->arguments, len);
}

/* If the pipe has no reader, the runner has ended, and this process ends with it. */
static void
report_write(int fd, const void *from, size_t len)
{
    const char *at = from;

    while (len > 0) {
        ssize_t wrote = write(fd, at, len);

        if (wrote < 0 && errno != EINTR) {
            return;
        }
        if (wrote > 0) {
            at += wrote;
            len -= (size_t)wrote;
        }
    }
}

/* Head and bytes are written together, so that the runner wakes up once for a short report. */
static void
report_send(const struct task_run *run, enum task_report type, const void *at, size_t len)
{
    struct report_head head = {type, (uint32_t)len};
    struct buf report = {0};

    buf_add(&report, &head, sizeof(head));
    buf_add(&report, at, len);
    report_write(run->report, report.at, report.len);
    buf_free(&report);
}

void
task_report_next(const struct task_run *run)
{
    struct report_next next = {.at_us = clock_mono_us()};

    report_send(run, REPORT_NEXT, &next, sizeof(next));
}

void
task_progress(struct task_run *run, int percent)
{
    unsigned char byte = (unsigned char)(percent < 0 ? 0 : percent > 100 ? 100 : percent);

    report_send(run, REPORT_PROGRESS, &byte, 1);
}

enum task_outcome
task_stopped(struct task_run *run)
{
    report_send(run, REPORT_STOPPED, "", 0);
    return TASK_WAS_STOPPED;
}

__attribute__((format(printf, 3, 0))) static void
report_error(struct task_run *run, enum task_report type, const char *format, va_list args)
{
    char text[TASK_ERROR_MAX];
    size_t end;

    text[0] = '\0';
    (void)vsnprintf(text, sizeof(text), format, args);
    end = strlen(text);
    while (end > 0 && !utf8_valid(text, end)) {
        end--; /* the text was cut inside a character */
    }
    report_send(run, type, text, end);
}

enum task_outcome
task_wrong(struct task_run *run, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    report_error(run, REPORT_WRONG, format, args);
    va_end(args);
    return TASK_WENT_WRONG;
}

enum task_outcome
task_refuse(struct task_run *run, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    report_error(run, REPORT_REFUSED, format, args);
    va_end(args);
    return TASK_IS_REFUSED;
}

static bool
result_is_too_long(const struct buf *json)
{
    return json != NULL && json->len > TASK_RESULT_MAX;
}

static enum task_outcome
result_refuse(struct task_run *run, const struct buf *json)
{
    return task_refuse(run, "the result of %zu bytes is longer than %d", json->len,
                       TASK_RESULT_MAX);
}

enum task_outcome
task_result(struct task_run *run, const struct buf *json)
{
    if (result_is_too_long(json)) {
        return result_refuse(run, json);
    }
    report_send(run, REPORT_RESULT, json == NULL ? "" : json->at, json == NULL ? 0 : json->len);
    return TASK_WENT_WELL;
}

/* The context of the transaction of task_commit. */
struct commit_context {
    const struct task_end *end;
    db_body *body;
    void *context;
};

/* The end comes first: it locks the task's row, so that no other run can end the task meanwhile. */
static enum db_result
task_commit_body(struct db *db, void *context)
{
    const struct commit_context *c = context;
    enum db_result r = task_end(db, c->end);

    return r == DB_OK ? c->body(db, c->context) : r;
}

/* Why a commit failed, as the task's error. */
static const char *
task_commit_error(enum db_result r)
{
    switch (r) {
    case DB_NONE:
        return "another run has claimed the task";
    case DB_DOWN:
        return "the database is away";
    default:
        return "the database refused the changes";
    }
}

/*
 * A commit whose outcome is unknown is not repeated here. If it failed, the task's next run makes
 * the changes.
 */
enum task_outcome
task_commit(struct task_run *run, const struct buf *json, db_body *body, void *context)
{
    struct task_end end = {
        .id = run->id,
        .claim_token = run->claim_token,
        .state = TASK_DONE,
        .progress = 100,
        .result = json == NULL ? NULL : json->at,
        .result_len = json == NULL ? 0 : json->len,
    };
    struct commit_context c = {.end = &end, .body = body, .context = context};
    enum db_result r;

    if (result_is_too_long(json)) {
        return result_refuse(run, json);
    }
    r = db_transaction(run->db, DB_ONCE, task_commit_body, &c);
    if (r != DB_OK) {
        return task_wrong(run, "%s", task_commit_error(r));
    }
    report_send(run, REPORT_COMMITTED, "", 0);
    return TASK_WENT_WELL;
}
