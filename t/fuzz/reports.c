/*
 * Any bytes as the reports of a task's process, in pieces of any size: what is kept is bounded and
 * valid, the pieces make no difference, and every run has an end.
 */
#include "t/fuzz/fuzz.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/utf8.h"
#include "fcgi/tasks/child.h"

enum { PIPE_BYTES = 32 * 1024 /* a pipe takes that without a reader */ };

static const struct task_kind reports_kind = {
    .name = "fuzz", .limit_seconds = 7, .max_attempts = 3};

enum { RUNS = 3 };

/* Its process id does not exist, so killing it kills nothing. It may run RUNS tasks. */
static struct child
reports_child(int *report)
{
    static const struct task_claim tasks[RUNS] = {{5, 6, 0, 1, 3, "{}"}, {7, 6, 0, 1, 3, "{}"}};
    struct child c = {.kind = &reports_kind,
                      .pid = 1 << 30,
                      .id = 5,
                      .claim_token = 6,
                      .attempts = 1,
                      .max_attempts = 3};
    int ends[2];

    demand(batch_open(&c.batch, tasks, RUNS));

    demand(pipe(ends) == 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
    c.fd = ends[0];
    *report = ends[1];
    return c;
}

static void
reports_read(struct child *c)
{
    while (child_read_reports(c)) {
        demand(batch_has_more(&c->batch) && c->ended_us >= c->started_us);
        child_next(c);
    }
}

static void
reports_feed(struct child *c, int report, const uint8_t *bytes, size_t len, size_t piece)
{
    for (size_t at = 0; at < len; at += piece) {
        size_t some = len - at < piece ? len - at : piece;

        demand(write(report, bytes + at, some) == (ssize_t)some);
        reports_read(c);
        demand(c->inbox.len <= TASK_RESULT_MAX + PIPE_BYTES);
    }
    (void)close(report);
    reports_read(c);
    demand(c->fd == -1);
}

static void
reports_check(struct child *c, uint8_t how)
{
    static const int statuses[] = {0, 1 << 8, SIGABRT};
    static char error[TASK_ERROR_MAX];
    struct task_end end;

    demand(c->text.len <= TASK_RESULT_MAX && utf8_valid(buf_cstr(&c->text), c->text.len));
    demand(c->protocol_violation || (c->progress >= 0 && c->progress <= 100));
    c->attempts = how / 3 % 2 == 0 ? 1 : 3;
    c->is_cancelled = how / 6 % 2 == 1;
    c->is_blameless = how / 12 % 2 == 1;
    if (child_end(c, statuses[how % 3], &end, error)) {
        demand(end.error == NULL || utf8_valid(end.error, strlen(end.error)));
        demand(end.state != TASK_DONE || (c->outcome == REPORT_RESULT && !c->protocol_violation));
        demand(end.state != TASK_FAILED || end.delay_ms > 0);
    }
}

/* The first byte says how the process ends, the second is the size of the pieces. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct child whole, parts;
    int report;

    if (len < 2 || len > PIPE_BYTES) {
        return 0;
    }
    whole = reports_child(&report);
    reports_feed(&whole, report, bytes + 2, len - 2, len);
    parts = reports_child(&report);
    reports_feed(&parts, report, bytes + 2, len - 2, (size_t)bytes[1] + 1);
    demand(whole.outcome == parts.outcome && whole.batch.current == parts.batch.current &&
           whole.text.len == parts.text.len &&
           whole.protocol_violation == parts.protocol_violation &&
           (whole.protocol_violation || whole.progress == parts.progress));
    reports_check(&whole, bytes[0]);
    child_free(&whole);
    child_free(&parts);
    return 0;
}
