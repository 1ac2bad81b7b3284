/* What a task's process tells its runner. */
#include "routes/frame/task_kind.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

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
task_listen(void)
{
    (void)sigaction(TASK_CANCEL_SIGNAL, &(struct sigaction){.sa_handler = on_cancel}, NULL);
}

bool
task_is_cancelled(void)
{
    return cancelled != 0;
}

static bool
write_all(int fd, const void *from, size_t len)
{
    const char *at = from;

    while (len > 0) {
        ssize_t wrote = write(fd, at, len);

        if (wrote < 0 && errno != EINTR) {
            return false; /* nobody listens: the runner has ended, and this process ends with it */
        }
        if (wrote > 0) {
            at += wrote;
            len -= (size_t)wrote;
        }
    }
    return true;
}

static void
report(const struct task_run *run, enum task_report type, const void *at, size_t len)
{
    struct report_head head = {type, (uint32_t)len};

    (void)(write_all(run->report, &head, sizeof(head)) && write_all(run->report, at, len));
}

void
task_progress(struct task_run *run, int percent)
{
    unsigned char byte = (unsigned char)(percent < 0 ? 0 : percent > 100 ? 100 : percent);

    report(run, REPORT_PROGRESS, &byte, 1);
}

enum task_outcome
task_stopped(struct task_run *run)
{
    report(run, REPORT_STOPPED, "", 0);
    return TASK_WAS_STOPPED;
}

__attribute__((format(printf, 3, 0))) static void
report_words(struct task_run *run, enum task_report type, const char *format, va_list args)
{
    char words[TASK_ERROR_MAX];
    int len = vsnprintf(words, sizeof(words), format, args);
    size_t end = len < 0 ? 0 : len < (int)sizeof(words) ? (size_t)len : sizeof(words) - 1;

    while (end > 0 && !utf8_valid(words, end)) {
        end--; /* it was cut inside a character */
    }
    report(run, type, words, end);
}

enum task_outcome
task_wrong(struct task_run *run, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    report_words(run, REPORT_WRONG, format, args);
    va_end(args);
    return TASK_WENT_WRONG;
}

enum task_outcome
task_refuse(struct task_run *run, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    report_words(run, REPORT_REFUSED, format, args);
    va_end(args);
    return TASK_IS_REFUSED;
}

static bool
is_too_long(const struct buf *json)
{
    return json != NULL && json->len > TASK_RESULT_MAX;
}

static enum task_outcome
refuse_length(struct task_run *run, const struct buf *json)
{
    return task_refuse(run, "the result of %zu bytes is longer than %d", json->len,
                       TASK_RESULT_MAX);
}

enum task_outcome
task_result(struct task_run *run, const struct buf *json)
{
    if (is_too_long(json)) {
        return refuse_length(run, json);
    }
    report(run, REPORT_RESULT, json == NULL ? "" : json->at, json == NULL ? 0 : json->len);
    return TASK_WENT_WELL;
}

struct committing {
    const struct task_end *end;
    db_body *body;
    void *context;
};

/* The end comes first: it holds the task's row, so that nobody else can end it meanwhile. */
static enum db_result
commit_body(struct db *db, void *context)
{
    const struct committing *c = context;
    enum db_result r = task_end(db, c->end);

    return r == DB_OK ? c->body(db, c->context) : r;
}

/* A commit whose outcome is unknown is not repeated here: if it did not happen, the next run of the task does it. */
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
    struct committing c = {&end, body, context};
    enum db_result r;

    if (is_too_long(json)) {
        return refuse_length(run, json);
    }
    r = db_transaction(run->db, DB_ONCE, commit_body, &c);
    if (r != DB_OK) {
        return task_wrong(run, r == DB_NONE   ? "the task is another run's by now"
                               : r == DB_DOWN ? "the database is away"
                                              : "the database refused what it was to write");
    }
    report(run, REPORT_COMMITTED, "", 0);
    return TASK_WENT_WELL;
}
