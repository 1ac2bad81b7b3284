/* What a task's process reports, whole, in pieces or as garbage; and what its end comes to. */
#include "fcgi/tasks/child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "t/unit/tap.h"

enum { EXITED = 0, EXITED_1 = 1 << 8, ABORTED = SIGABRT };

static const struct task_kind kind = {.name = "trial", .limit_seconds = 7, .max_attempts = 3};
static char error[TASK_ERROR_MAX];

/* One that reports through a pipe; its process is a group that is not there, so that ending it hits nobody. */
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
say(int report, uint32_t type, const char *text, size_t len)
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
        {REPORT_RESULT, "{}", EXITED, 1, TASK_DONE, NULL, "a result is done"},
        {REPORT_RESULT, "{}", ABORTED, 1, TASK_FAILED, "signal 6", "but not where it then crashed"},
        {REPORT_WRONG, "no luck", EXITED, 1, TASK_FAILED, "no luck",
         "what went wrong is tried again"},
        {REPORT_WRONG, "no luck", EXITED, 3, TASK_DEAD, "no luck", "up to the last attempt"},
        {REPORT_REFUSED, "never", EXITED, 1, TASK_DEAD, "never", "what is refused is not"},
        {REPORT_COMMITTED, "", EXITED, 1, TASK_STATES, NULL,
         "what has written itself down is not written again"},
        {REPORT_COMMITTED, "", ABORTED, 1, TASK_STATES, NULL,
         "not even where it crashed behind that"},
        {0, "", EXITED, 1, TASK_FAILED, "status 0 and no result",
         "one that says nothing has failed"},
        {0, "", EXITED_1, 1, TASK_FAILED, "status 1", "so has one that ends with another status"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct task_end end;
        int report;
        struct child c = child_of(&report);

        c.attempts = rows[i].attempts;
        if (rows[i].type != 0) {
            say(report, rows[i].type, rows[i].text, strlen(rows[i].text));
        }
        (void)close(report);
        child_read_reports(&c);
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

    c.is_drained = true;
    is_int(end_of(&c, SIGKILL, &end), TASK_QUEUED, "one that had to make room is given back");
    c.is_cancelled = true;
    is_int(end_of(&c, SIGKILL, &end), TASK_CANCELLED, "but not where it was cancelled");
    c.is_cancelled = c.is_drained = false;
    c.is_late = true;
    is_int(end_of(&c, SIGKILL, &end), TASK_FAILED, "one that was late has failed");
    is_str(error, "it did not end within 7 s", "with the reason");
    c.is_lost = true;
    is_int(end_of(&c, SIGKILL, &end), TASK_STATES, "one that is another's is not ours to end");
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
    is_int(wrong, 0, "the pauses double up to ten minutes, a half more or less");
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
    say(report, REPORT_PROGRESS, "\x2A", 1);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        if (write(report, bytes + i, 1) != 1) {
            abort();
        }
        child_read_reports(&c);
    }
    (void)close(report);
    child_read_reports(&c);
    is_int(c.progress, 42, "progress is heard");
    is_int(end_of(&c, EXITED, &end), TASK_DONE, "a report that comes byte by byte is one");
    ok(end.result_len == 5 && memcmp(end.result, "[1,2]", 5) == 0, "whole");
    child_free(&c);
}

/* Whether what it says is refused. */
static bool
is_wild(uint32_t type, const char *text, size_t len, bool twice)
{
    int report;
    struct child c = child_of(&report);
    bool wild;

    say(report, type, text, len);
    if (twice) {
        say(report, type, text, len);
    }
    (void)close(report);
    child_read_reports(&c);
    child_read_reports(&c);
    wild = c.protocol_violation;
    child_free(&c);
    return wild;
}

static void
test_garbage(void)
{
    struct report_head large = {REPORT_RESULT, TASK_RESULT_MAX + 1};
    struct task_end end;
    int report, ends = 0;
    struct child c = child_of(&report);

    ok(is_wild('?', "", 0, false), "an unknown report is refused");
    ok(is_wild(REPORT_PROGRESS, "\x65", 1, false), "so is a progress of 101");
    ok(is_wild(REPORT_PROGRESS, "ab", 2, false), "or one of two bytes");
    ok(is_wild(REPORT_RESULT, "\xff", 1, false), "a result that is no UTF-8");
    ok(is_wild(REPORT_RESULT, "{}", 2, true), "a second result");
    ok(!is_wild(REPORT_PROGRESS, "\x64", 1, true), "but not a second progress");
    if (write(report, &large, sizeof(large)) < 0) {
        abort();
    }
    child_read_reports(&c);
    ok(c.protocol_violation, "a result that is too long is refused by its head alone");
    is_int(end_of(&c, SIGKILL, &end), TASK_FAILED, "and the run has failed");
    child_free(&c);
    (void)close(report);

    for (int round = 0; round < 2000; round++) { /* nothing may crash, loop or read beyond */
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
        child_read_reports(&c);
        ends += child_end(&c, EXITED, &end, error);
        child_free(&c);
    }
    ok(ends > 0, "whatever else comes, there is an end to it");
}

/* Words that are too long are cut, between characters. */
static void
test_words(void)
{
    struct task_end end;
    struct child c;
    struct task_run run = {0};
    char words[TASK_ERROR_MAX + 100];

    for (size_t i = 0; i + 1 < sizeof(words); i += 2) {
        memcpy(words + i, "é", 2);
    }
    words[sizeof(words) - 2] = '\0';
    c = child_of(&run.report);
    is_int(task_wrong(&run, "%s", words), TASK_WENT_WRONG, "an error that is too long");
    (void)close(run.report);
    child_read_reports(&c);
    is_int(end_of(&c, EXITED, &end), TASK_FAILED, "is an error");
    ok(strlen(error) == TASK_ERROR_MAX - 2 && strncmp(error, words, TASK_ERROR_MAX - 2) == 0,
       "of what fits, in whole characters");
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
    test_words();
    return done_testing();
}
