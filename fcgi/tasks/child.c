/* Forking a child, reading its reports, and deciding how its run ended. */
#include "fcgi/tasks/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/utf8.h"

enum {
    REPORT_DESCRIPTOR = 3,
    BACKOFF_MS = 1000, /* before the second run; doubled for every further one */
    BACKOFF_MAX_MS = 10 * 60 * 1000,
};

/* A runaway task must not use up the host's memory. Sanitizers reserve far more than they use. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
static const rlim_t data_limit = (rlim_t)1024 * 1024 * 1024;
#else
static const rlim_t data_limit = RLIM_INFINITY;
#endif

/* Sets signals and limits, and makes the child die with the runner. */
static void
child_prepare(pid_t runner)
{
    static const int ignored[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGPIPE};
    struct rlimit data = {data_limit, data_limit}, core = {0, 0};
    sigset_t none;

    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++) {
        (void)signal(ignored[i], SIG_IGN); /* the runner decides when the child ends */
    }
    task_catch_cancel();
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != runner) {
        _exit(1); /* the runner ended before the prctl */
    }
    (void)setrlimit(RLIMIT_DATA, &data);
    (void)setrlimit(RLIMIT_CORE, &core);
}

/*
 * Runs the tasks of the batch. The child uses connections of its own. Its copies of the runner's
 * are only closed as descriptors, not shut down: the runner still uses them.
 */
static _Noreturn void
child_work(struct child *c, const struct app *app)
{
    struct resources own;
    bool more = true;

    resources_open(&own, app);
    while (more) {
        const struct task_claim *task = &c->batch.tasks[c->batch.current];
        struct task_run run = {
            .settings = app->settings,
            .arena = &own.arena,
            .db = own.db,
            .redis = own.redis,
            .id = task->id,
            .owner_id = task->owner_id,
            .claim_token = task->claim_token,
            .attempt = task->attempts,
            .arguments = task->arguments,
            .report = REPORT_DESCRIPTOR,
        };

        (void)c->kind->work(&run);
        more = batch_begin_next(&c->batch);
        if (more) {
            task_report_next(&run);
            arena_reset(&own.arena);
            db_set_deadline(own.db, 0); /* drops rows that the run has left unread */
        }
    }
    resources_close(&own);
    _exit(0);
}

/* Makes the batch's current task the child's. */
static void
child_set_task(struct child *c, int64_t started_us)
{
    const struct task_claim *task = &c->batch.tasks[c->batch.current];

    c->id = task->id;
    c->claim_token = task->claim_token;
    c->attempts = task->attempts;
    c->max_attempts = task->max_attempts;
    c->owner_id = task->owner_id;
    c->started_us = started_us;
    c->lease_until_us = c->batch.lease_until_us;
}

/* In the new process. */
static _Noreturn void
child_begin(struct child *c, const struct app *app, pid_t runner, int report)
{
    (void)setpgid(0, 0);
    if (dup2(report, REPORT_DESCRIPTOR) < 0 || close_range(REPORT_DESCRIPTOR + 1, ~0U, 0) != 0) {
        _exit(1);
    }
    child_prepare(runner);
    child_work(c, app);
}

bool
child_start(struct child *c, const struct app *app, const struct task_kind *kind,
            const struct batch *batch)
{
    pid_t runner = getpid();
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    *c = (struct child){.fd = ends[0], .kind = kind, .batch = *batch, .forked_us = clock_mono_us()};
    child_set_task(c, c->forked_us);
    c->pid = fork();
    if (c->pid == 0) {
        child_begin(c, app, runner, ends[1]);
    }
    (void)close(ends[1]);
    if (c->pid < 0) {
        int error = errno;

        (void)close(ends[0]);
        errno = error;
        return false;
    }
    (void)setpgid(c->pid, c->pid); /* parent and child both set it: either may be first */
    (void)fcntl(c->fd, F_SETFL, O_NONBLOCK);
    return true;
}

bool
child_is_ending(const struct child *c)
{
    return c->outcome != 0 && !batch_has_more(&c->batch);
}

void
child_kill(const struct child *c)
{
    (void)kill(-c->pid, SIGKILL);
}

static void
child_reject(struct child *c)
{
    c->protocol_violation = true;
    child_kill(c);
}

/* The current run is over. The time is the process's, so it is checked. */
static bool
child_read_next(struct child *c, const struct report_head *head, const char *at)
{
    struct report_next next;
    int64_t now = clock_mono_us();

    if (head->len != sizeof(next) || !batch_has_more(&c->batch)) {
        return false;
    }
    memcpy(&next, at, sizeof(next));
    c->ended_us = next.at_us > c->started_us && next.at_us < now ? next.at_us : now;
    return true;
}

/* Reads one complete report. False if it violates the protocol. */
static bool
child_read_report(struct child *c, const struct report_head *head, const char *at)
{
    switch (head->type) {
    case REPORT_PROGRESS:
        c->progress = head->len == 1 ? (unsigned char)*at : 0;
        return head->len == 1 && c->progress <= 100;
    case REPORT_RESULT:
    case REPORT_WRONG:
    case REPORT_REFUSED:
    case REPORT_STOPPED:
    case REPORT_COMMITTED:
        if (c->outcome != 0 || !utf8_valid(at, head->len)) {
            return false;
        }
        c->outcome = (enum task_report)head->type;
        buf_add(&c->text, at, head->len);
        return true;
    case REPORT_NEXT:
        return child_read_next(c, head, at);
    default:
        return false;
    }
}

/* Reads the complete reports in the inbox, up to one that ends the current run (true). */
static bool
child_parse_inbox(struct child *c)
{
    struct report_head head;

    while (!c->protocol_violation && c->inbox.len - c->inbox_at >= sizeof(head)) {
        const char *at = c->inbox.at + c->inbox_at + sizeof(head);

        memcpy(&head, c->inbox.at + c->inbox_at, sizeof(head));
        if (head.len > TASK_RESULT_MAX) {
            child_reject(c);
        } else if (c->inbox.len - c->inbox_at - sizeof(head) < head.len) {
            break;
        } else if (!child_read_report(c, &head, at)) {
            child_reject(c);
        } else {
            c->inbox_at += sizeof(head) + head.len;
            if (head.type == REPORT_NEXT) {
                return true;
            }
        }
    }
    if (c->inbox_at > 0) {
        memmove(c->inbox.at, c->inbox.at + c->inbox_at, c->inbox.len - c->inbox_at);
        c->inbox.len -= c->inbox_at;
        c->inbox_at = 0;
    }
    return false;
}

/*
 * These reads hold more than a pipe, so the last call reads to the end. The limit keeps a child
 * that reports endlessly from blocking the loop.
 */
enum { READS_AT_ONCE = 16 };

bool
child_read_reports(struct child *c)
{
    char bytes[16384];

    for (int i = 0; !child_parse_inbox(c); i++) {
        ssize_t got;

        if (c->fd < 0 || i == READS_AT_ONCE) {
            return false;
        }
        got = read(c->fd, bytes, sizeof(bytes));
        if (got > 0 && !c->protocol_violation) {
            buf_add(&c->inbox, bytes, (size_t)got);
        } else if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
            (void)close(c->fd);
            c->fd = -1;
        } else if (got < 0 && errno == EAGAIN) {
            return false;
        }
    }
    return true;
}

void
child_next(struct child *c)
{
    /* If the process is being killed, that was for the run that is over. */
    c->is_blameless = c->is_blameless || c->is_lost || c->is_late || c->is_cancelled;
    c->is_lost = c->is_late = c->is_cancelled = c->is_doubted = false;
    c->outcome = 0;
    c->progress = c->stored_progress = 0;
    buf_free(&c->text);
    c->batch.current++;
    child_set_task(c, c->ended_us);
}

/* 1, 2, 4 … seconds up to BACKOFF_MAX_MS, each plus or minus up to a half at random. */
static int64_t
child_backoff_ms(int attempts)
{
    int64_t ms = BACKOFF_MS;

    for (int i = 1; i < attempts && ms < BACKOFF_MAX_MS; i++) {
        ms *= 2;
    }
    ms = ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS;
    return ms / 2 + random_below((uint32_t)ms);
}

/* Writes why the run failed. */
static void
child_explain(struct child *c, int status, char *error)
{
    if (c->is_late) {
        (void)snprintf(error, TASK_ERROR_MAX, "it did not end within %d s", c->kind->limit_seconds);
    } else if (c->protocol_violation) {
        (void)snprintf(error, TASK_ERROR_MAX, "it sent a malformed report, or too much");
    } else if (c->outcome == REPORT_WRONG || c->outcome == REPORT_REFUSED) {
        (void)snprintf(error, TASK_ERROR_MAX, "%s", buf_cstr(&c->text));
    } else if (WIFSIGNALED(status)) {
        (void)snprintf(error, TASK_ERROR_MAX, "it ended by signal %d (%s)", WTERMSIG(status),
                       strsignal(WTERMSIG(status)));
    } else {
        (void)snprintf(error, TASK_ERROR_MAX, "it ended with status %d and no result",
                       WEXITSTATUS(status));
    }
}

bool
child_end(struct child *c, int status, struct task_end *end, char *error)
{
    bool whole = WIFEXITED(status) && WEXITSTATUS(status) == 0 && !c->protocol_violation;

    *end = (struct task_end){
        .id = c->id, .claim_token = c->claim_token, .state = TASK_DONE, .progress = c->progress};
    if (c->is_lost || (c->outcome == REPORT_COMMITTED && !c->protocol_violation)) {
        return false;
    }
    if (whole && c->outcome == REPORT_RESULT) {
        end->progress = 100;
        end->result = c->text.len > 0 ? c->text.at : NULL;
        end->result_len = c->text.len;
        return true;
    }
    if (c->is_blameless && !c->is_cancelled) {
        end->state = TASK_QUEUED;
        return true;
    }
    child_explain(c, status, error);
    end->error = error;
    if (c->is_cancelled) {
        end->state = TASK_CANCELLED;
        end->error = NULL;
    } else if (c->outcome == REPORT_REFUSED || c->attempts >= c->max_attempts) {
        end->state = TASK_DEAD;
    } else {
        end->state = TASK_FAILED;
        end->delay_ms = child_backoff_ms(c->attempts);
    }
    return true;
}

void
child_free(struct child *c)
{
    if (c->fd >= 0) {
        (void)close(c->fd);
    }
    buf_free(&c->inbox);
    buf_free(&c->text);
    batch_close(&c->batch);
}
