/*
 * The reports of a task's process, complete, in pieces or malformed; and what its end is taken for.
 */
#include "fcgi/tasks/child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "t/unit/tap.h"

enum { EXITED = 0, EXITED_1 = 1 << 8, ABORTED = SIGABRT };

static const struct task_kind kind = {.name = "test", .limit_seconds = 7, .max_attempts = 3};
static char error[TASK_ERROR_MAX];

/*
 * A child that reports through a pipe. Its process id does not exist, so killing it kills nothing.
 */
static struct child
child_of(int *report)
{
    struct child c = {
        .kind = &kind, .pid = 1 << 30, .id = 5, .claim_token = 6, .attempts = 1, .max_attempts = 3};
    int ends[2];

    if (pipe(ends) != 0) {
        abort();
    }
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    c.fd = ends[0];
    *report = ends[1];
    return c;
}

static void
report_write(int report, uint32_t type, const char *text, size_t len)
{
    struct report_head head = {type, (uint32_t)len};

    if (write(report, &head, sizeof(head)) < 0 || (len > 0 && write(report, text, len) < 0)) {
        abort();
    }
}

static enum task_state
end_of(struct child *c, int status, struct task_end *end)
{
    return child_end(c, status, end, error) ? end->state : TASK_STATES;
}

static void
test_ends(void)
{
    static const struct {
        uint32_t type;
        const char *text;
        int status, attempts;
        enum task_state state;
        const char *error, *what;
    } rows[] = {
        {REPORT_RESULT, "{}", EXITED, 1, TASK_DONE, NULL, "a task that reported a result is done"},
        {REPORT_RESULT, "{}", ABORTED, 1, TASK_FAILED, "signal 6",
         "a task that reported a result and then crashed has failed"},
        {REPORT_WRONG, "no luck", EXITED, 1, TASK_FAILED, "no luck",
         "a run that went wrong is tried again"},
        {REPORT_WRONG, "no luck", EXITED, 3, TASK_DEAD, "no luck",
         "a task that went wrong in its last attempt is dead"},
        {REPORT_REFUSED, "never", EXITED, 1, TASK_DEAD, "never", "a refused task is dead at once"},
        {REPORT_COMMITTED, "", EXITED, 1, TASK_STATES, NULL,
         "an end that the run has stored itself is not stored again"},
        {REPORT_COMMITTED, "", ABORTED, 1, TASK_STATES, NULL,
         "an end that the run has stored itself counts even if the run then crashed"},
        {0, "", EXITED, 1, TASK_FAILED, "status 0 and no result",
         "a run that reports nothing has failed"},
        {0, "", EXITED_1, 1, TASK_FAILED, "status 1",
         "a run that exits with another status than 0 has failed"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct task_end end;
        int report;
        struct child c = child_of(&report);

        c.attempts = rows[i].attempts;
        if (rows[i].type != 0) {
            report_write(report, rows[i].type, rows[i].text, strlen(rows[i].text));
        }
        (void)close(report);
        (void)child_read_reports(&c);
        error[0] = '\0';
        ok(end_of(&c, rows[i].status, &end) == rows[i].state &&
               (rows[i].error == NULL || strstr(error, rows[i].error) != NULL),
           rows[i].what);
        child_free(&c);
    }
}

static void
test_reasons(void)
{
    struct task_end end;
    int report;
    struct child c = child_of(&report);

    c.is_blameless = true;
    is_int(end_of(&c, SIGKILL, &end), TASK_QUEUED, "a run that is killed in a drain is given back");
    c.is_cancelled = true;
    is_int(end_of(&c, SIGKILL, &end), TASK_CANCELLED,
           "a cancelled run that is killed in a drain is cancelled");
    c.is_cancelled = c.is_blameless = false;
    c.is_late = true;
    is_int(end_of(&c, SIGKILL, &end), TASK_FAILED, "a run that took too long has failed");
    is_str(error, "it did not end within 7 s",
           "the error of a run that took too long names its limit");
    c.is_lost = true;
    is_int(end_of(&c, SIGKILL, &end), TASK_STATES, "a run that has lost its task ends nothing");
    child_free(&c);
    (void)close(report);
}

static void
test_backoff(void)
{
    struct task_end end;
    int report, wrong = 0;
    struct child c = child_of(&report);

    c.max_attempts = 1000;
    for (c.attempts = 1; c.attempts < 40; c.attempts++) {
        int64_t mean = c.attempts > 10 ? 600000 : INT64_C(1000) << (c.attempts - 1);

        mean = mean < 600000 ? mean : 600000;
        for (int i = 0; i < 50; i++) {
            (void)end_of(&c, EXITED, &end);
            wrong += end.delay_ms < mean / 2 || end.delay_ms >= mean / 2 + mean;
        }
    }
    is_int(wrong, 0, "backoffs double up to ten minutes, plus or minus a half");
    child_free(&c);
    (void)close(report);
}

static void
test_pieces(void)
{
    struct report_head head = {REPORT_RESULT, 5};
    char bytes[sizeof(head) + 5];
    struct task_end end;
    int report;
    struct child c = child_of(&report);

    memcpy(bytes, &head, sizeof(head));
    memcpy(bytes + sizeof(head), "[1,2]", 5);
    report_write(report, REPORT_PROGRESS, "\x2A", 1);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        if (write(report, bytes + i, 1) != 1) {
            abort();
        }
        (void)child_read_reports(&c);
    }
    (void)close(report);
    (void)child_read_reports(&c);
    is_int(c.progress, 42, "progress is read");
    is_int(end_of(&c, EXITED, &end), TASK_DONE, "a report that comes byte by byte is read");
    ok(end.result_len == 5 && memcmp(end.result, "[1,2]", 5) == 0,
       "a report that comes byte by byte is complete");
    child_free(&c);
}

/* Is this report, or its repetition, a protocol violation? */
static bool
is_refused(uint32_t type, const char *text, size_t len, bool twice)
{
    int report;
    struct child c = child_of(&report);
    bool refused;

    report_write(report, type, text, len);
    if (twice) {
        report_write(report, type, text, len);
    }
    (void)close(report);
    (void)child_read_reports(&c);
    (void)child_read_reports(&c);
    refused = c.protocol_violation;
    child_free(&c);
    return refused;
}

static void
test_garbage(void)
{
    struct report_head large = {REPORT_RESULT, TASK_RESULT_MAX + 1};
    struct task_end end;
    int report, ends = 0;
    struct child c = child_of(&report);

    ok(is_refused('?', "", 0, false), "an unknown type of report is refused");
    ok(is_refused(REPORT_PROGRESS, "\x65", 1, false), "a progress of 101 is refused");
    ok(is_refused(REPORT_PROGRESS, "ab", 2, false), "a progress of two bytes is refused");
    ok(is_refused(REPORT_RESULT, "\xff", 1, false), "a result that is not UTF-8 is refused");
    ok(is_refused(REPORT_RESULT, "{}", 2, true), "a second result is refused");
    ok(!is_refused(REPORT_PROGRESS, "\x64", 1, true), "a second progress is accepted");
    if (write(report, &large, sizeof(large)) < 0) {
        abort();
    }
    (void)child_read_reports(&c);
    ok(c.protocol_violation, "a result that is too long is refused as soon as its head is read");
    is_int(end_of(&c, SIGKILL, &end), TASK_FAILED, "a run whose result was refused has failed");
    child_free(&c);
    (void)close(report);

    for (int round = 0; round < 2000; round++) { /* a sanitizer sees reads beyond the end */
        char bytes[64];
        size_t len = random_below(sizeof(bytes));

        c = child_of(&report);
        for (size_t i = 0; i < len; i++) {
            bytes[i] = random_below(3) == 0 ? "prwxsc\0\1"[random_below(8)]
                                            : (char)random_below(256);
        }
        if (len > 0 && write(report, bytes, len) < 0) {
            abort();
        }
        (void)close(report);
        (void)child_read_reports(&c);
        ends += child_end(&c, EXITED, &end, error);
        child_free(&c);
    }
    ok(ends > 0, "random bytes neither crash nor hang the reader");
}

/* A child with three tasks, of which the first runs. */
static struct child
sharing_child(int *report)
{
    static const struct task_claim tasks[] = {
        {5, 6, 0, 1, 3, "{}"}, {7, 8, 0, 1, 1, "{}"}, {9, 10, 0, 1, 3, "{}"}};
    struct child c = child_of(report);

    if (!batch_open(&c.batch, tasks, 3)) {
        abort();
    }
    return c;
}

static void
report_next(int report)
{
    struct report_next next = {.at_us = 1};

    report_write(report, REPORT_NEXT, (const char *)&next, sizeof(next));
}

static void
test_sharing(void)
{
    struct task_end end;
    int report;
    struct child c = sharing_child(&report);

    report_write(report, REPORT_PROGRESS, "\x2A", 1);
    report_write(report, REPORT_RESULT, "[1]", 3);
    report_next(report);
    report_write(report, REPORT_WRONG, "no luck", 7);
    report_next(report);
    ok(child_read_reports(&c), "the reports of a process are read run by run");
    is_int(end_of(&c, EXITED, &end), TASK_DONE, "the first run of a process has its own end");
    ok(end.id == 5 && end.claim_token == 6 && end.result_len == 3, "the end names its task");
    child_next(&c);
    ok(child_read_reports(&c), "the second run of a process is read after the first");
    is_int(c.progress, 0, "a run does not inherit the progress of the one before it");
    is_int(end_of(&c, EXITED, &end), TASK_DEAD, "the second run of a process has its own end");
    ok(end.id == 7 && end.claim_token == 8 && strcmp(error, "no luck") == 0,
       "the error belongs to the run that reported it");
    child_next(&c);
    ok(!child_read_reports(&c), "the last run of a process ends with it");
    is_int(end_of(&c, ABORTED, &end), TASK_FAILED, "a crash is the fault of the run that it ended");
    report_next(report);
    ok(!child_read_reports(&c) && c.protocol_violation, "a run beyond the last one is refused");
    child_free(&c);
    (void)close(report);

    c = sharing_child(&report);
    c.is_late = true;
    report_write(report, REPORT_RESULT, "", 0);
    report_next(report);
    ok(child_read_reports(&c), "a run may end while its process is being killed");
    child_next(&c);
    is_int(end_of(&c, SIGKILL, &end), TASK_QUEUED,
           "a run whose process was killed for an earlier one is given back");
    child_free(&c);
    (void)close(report);
}

static void
test_batch(void)
{
    static const struct task_claim tasks[5] = {{.id = 1}, {.id = 2}, {.id = 3}, {.id = 4}};
    struct batch runner, process;

    ok(batch_open(&runner, tasks, 5), "a batch is opened");
    runner.begin_until_us = INT64_MAX;
    process = runner; /* as after a fork: `begun` is shared */
    ok(batch_begin_next(&process) && batch_begin_next(&process), "a process begins its tasks");
    is_int((int64_t)batch_take_back(&runner), 2, "tasks that were not begun are taken back");
    is_int((int64_t)runner.count, 3, "tasks that were begun stay");
    is_int((int64_t)batch_take_back(&runner), 0, "a task is taken back once");
    ok(!batch_begin_next(&process), "a task that was taken back is not begun");
    batch_close(&runner);

    ok(batch_open(&runner, tasks, 5), "another batch is opened");
    process = runner;
    process.begin_until_us = clock_mono_us() - 1;
    ok(!batch_begin_next(&process), "no task is begun after the time to begin is over");
    *runner.begun = 0;
    is_int((int64_t)batch_take_back(&runner), 4, "the running task is never taken back");
    batch_close(&runner);
}

static void
test_long_error(void)
{
    struct task_end end;
    struct child c;
    struct task_run run = {0};
    char text[TASK_ERROR_MAX + 100];

    for (size_t i = 0; i + 1 < sizeof(text); i += 2) {
        memcpy(text + i, "é", 2);
    }
    text[sizeof(text) - 2] = '\0';
    c = child_of(&run.report);
    is_int(task_wrong(&run, "%s", text), TASK_WENT_WRONG, "an error that is too long is reported");
    (void)close(run.report);
    (void)child_read_reports(&c);
    is_int(end_of(&c, EXITED, &end), TASK_FAILED,
           "a run with an error that is too long has failed");
    ok(strlen(error) == TASK_ERROR_MAX - 2 && strncmp(error, text, TASK_ERROR_MAX - 2) == 0,
       "an error that is too long is cut between characters");
    child_free(&c);
}

int
main(void)
{
    if (!random_init()) {
        return 1;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    test_ends();
    test_reasons();
    test_backoff();
    test_pieces();
    test_garbage();
    test_long_error();
    test_sharing();
    test_batch();
    return done_testing();
}
