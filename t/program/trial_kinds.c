/* Tasks that go wrong in every way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "db/tasks.h"
#include "t/program/trial.h"

static enum task_outcome
trial_nothing(struct task_run *run)
{
    return task_result(run, NULL);
}

static enum task_outcome
trial_crash(struct task_run *run)
{
    (void)run;
    abort();
}

/* Goes well in its third run. */
static enum task_outcome
trial_stumble(struct task_run *run)
{
    return run->attempt < 3 ? task_wrong(run, "it stumbled over run %d", run->attempt)
                            : task_result(run, NULL);
}

static enum task_outcome
trial_never_end(struct task_run *run)
{
    volatile bool ever = false;

    while (!ever) {
        (void)pause(); /* also ignores its cancellation */
        task_progress(run, 50);
    }
    return TASK_WENT_WELL;
}

/* Reports a result, but the process does not end. Its name shows a test that it is there. */
static enum task_outcome
trial_linger(struct task_run *run)
{
    (void)prctl(PR_SET_NAME, "lingers");
    (void)task_result(run, NULL);
    return trial_never_end(run);
}

/* Reports a gigabyte, without the check that task_result makes. */
static enum task_outcome
trial_flood(struct task_run *run)
{
    struct report_head head = {REPORT_RESULT, 1024 * 1024 * 1024};
    static char some[65536];

    memset(some, ' ', sizeof(some));
    for (bool good = write(run->report, &head, sizeof(head)) > 0; good;) {
        good = write(run->report, some, sizeof(some)) > 0;
    }
    return TASK_WENT_WELL;
}

static enum task_outcome
trial_too_long(struct task_run *run)
{
    struct buf result = {0};

    buf_char(&result, '"');
    for (int i = 0; i < TASK_RESULT_MAX; i++) {
        buf_char(&result, 'x');
    }
    buf_char(&result, '"');
    return task_result(run, &result);
}

static enum task_outcome
trial_eat_memory(struct task_run *run)
{
    enum { PIECE = 16 * 1024 * 1024 };
    static struct piece {
        struct piece *last;
    } * last;

    for (size_t eaten = 0;; eaten += PIECE) {
        struct piece *piece = malloc(PIECE);

        if (piece == NULL) {
            return task_wrong(run, "no memory after %zu MB", eaten >> 20);
        }
        memset(piece, 1, PIECE);
        piece->last = last;
        last = piece;
    }
}

/* Starts processes that never end by themselves. */
static enum task_outcome
trial_leave_children(struct task_run *run)
{
    struct buf result = {0};

    for (int i = 0; i < 3; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            for (;;) {
                (void)pause();
            }
        }
        buf_printf(&result, "%s%ld", i == 0 ? "[" : ",", (long)pid);
    }
    buf_char(&result, ']');
    return task_result(run, &result);
}

/* The effect is a row, which must be there exactly once, however often the task is run. */
static enum db_result
add_effect(struct db *db, void *context)
{
    const struct task_run *run = context;

    return db_run(db, "INSERT INTO trial_effects (task_id) VALUES (?)", db_int(run->id));
}

static enum task_outcome
trial_effect(struct task_run *run)
{
    return task_commit(run, NULL, add_effect, run);
}

/* Takes one second before its commit and one second in it, while the task's row is locked. */
static enum db_result
add_slowly(struct db *db, void *context)
{
    enum db_result r = add_effect(db, context);

    if (r != DB_OK) {
        return r;
    }
    r = db_one(db, "SELECT SLEEP(?)", db_int(1));
    if (r != DB_OK) {
        return r;
    }
    return db_done(db);
}

static enum task_outcome
trial_slow_effect(struct task_run *run)
{
    struct timespec time = {.tv_sec = 1};

    (void)nanosleep(&time, NULL);
    task_progress(run, 50); /* so that the runner wants to update that row, too */
    return task_commit(run, NULL, add_slowly, run);
}

static enum task_outcome
trial_doze(struct task_run *run)
{
    struct timespec time = {.tv_nsec = 300 * 1000000L};

    (void)nanosleep(&time, NULL);
    return task_is_cancelled() ? task_stopped(run) : task_result(run, NULL);
}

/* Long enough for a test on a busy machine to see that it runs; shorter than every lease. */
static enum task_outcome
trial_nap(struct task_run *run)
{
    struct timespec time = {.tv_sec = 1};

    (void)nanosleep(&time, NULL);
    return task_result(run, NULL);
}

static enum task_outcome
trial_pid(struct task_run *run)
{
    struct buf result = {0};
    enum task_outcome outcome;

    buf_printf(&result, "%ld", (long)getpid());
    outcome = task_result(run, &result);
    buf_free(&result);
    return outcome;
}

static enum task_outcome
trial_until_cancelled(struct task_run *run)
{
    struct timespec time = {.tv_nsec = 10 * 1000000L};

    while (!task_is_cancelled()) {
        (void)nanosleep(&time, NULL);
    }
    return task_stopped(run);
}

/* The arguments choose what a task does, so that tasks of all these sorts share a process. */
static enum task_outcome
trial_shared(struct task_run *run)
{
    static const struct {
        const char *name;
        enum task_outcome (*work)(struct task_run *run);
    } works[] = {
        {"nothing", trial_nothing},
        {"pid", trial_pid},
        {"crash", trial_crash},
        {"stumble", trial_stumble},
        {"never_end", trial_never_end},
        {"effect", trial_effect},
        {"doze", trial_doze},
        {"until_cancelled", trial_until_cancelled},
        {"nap", trial_nap},
    };
    struct json_value wanted = json_member(task_arguments(run), "do");

    for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
        if (json_equals(wanted, works[i].name)) {
            return works[i].work(run);
        }
    }
    return task_refuse(run, "nothing of that name is there to do");
}

#define TRIAL_KIND(title, function, seconds, attempts)                                             \
    static const struct task_kind function##_kind = {                                              \
        .name = "trial." title,                                                                    \
        .work = function,                                                                          \
        .limit_seconds = seconds,                                                                  \
        .max_attempts = attempts,                                                                  \
    }

TRIAL_KIND("nothing", trial_nothing, 10, 3);
TRIAL_KIND("crash", trial_crash, 10, 2);
TRIAL_KIND("stumble", trial_stumble, 10, 5);
TRIAL_KIND("never_end", trial_never_end, 2, 1);
TRIAL_KIND("linger", trial_linger, 2, 1);
TRIAL_KIND("flood", trial_flood, 10, 1);
TRIAL_KIND("too_long", trial_too_long, 10, 3);
TRIAL_KIND("eat_memory", trial_eat_memory, 30, 1);
TRIAL_KIND("leave_children", trial_leave_children, 10, 1);
TRIAL_KIND("effect", trial_effect, 10, 1000);
TRIAL_KIND("slow_effect", trial_slow_effect, 10, 3);
TRIAL_KIND("doze", trial_doze, 10, 3);

static const struct task_kind trial_shared_kind = {
    .name = "trial.shared",
    .work = trial_shared,
    .limit_seconds = 4,
    .max_attempts = 3,
    .shares_process = true,
};

const struct task_kind *const trial_kinds[] = {
    &trial_nothing_kind,        &trial_crash_kind,
    &trial_stumble_kind,        &trial_never_end_kind,
    &trial_linger_kind,         &trial_flood_kind,
    &trial_too_long_kind,       &trial_eat_memory_kind,
    &trial_leave_children_kind, &trial_effect_kind,
    &trial_slow_effect_kind,    &trial_doze_kind,
    &trial_shared_kind,         NULL,
};
