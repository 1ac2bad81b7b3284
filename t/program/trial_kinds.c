/* Tasks that go wrong in every way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "db/tasks.h"
#include "t/program/trial.h"

static enum task_outcome
nothing(struct task_run *run)
{
    return task_result(run, NULL);
}

static enum task_outcome
crash(struct task_run *run)
{
    (void)run;
    abort();
}

/* Well at the third run. */
static enum task_outcome
stumble(struct task_run *run)
{
    return run->attempt < 3 ? task_wrong(run, "it stumbled over run %d", run->attempt)
                            : task_result(run, NULL);
}

static enum task_outcome
never_end(struct task_run *run)
{
    volatile bool ever = false;

    while (!ever) {
        (void)pause(); /* also when it is asked to end */
        task_progress(run, 50);
    }
    return TASK_WENT_WELL;
}

/* A gigabyte, past task_result's own look at it. */
static enum task_outcome
flood(struct task_run *run)
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
too_long(struct task_run *run)
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
eat_memory(struct task_run *run)
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

/* Leaves processes behind that would live on. */
static enum task_outcome
leave_children(struct task_run *run)
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

/* Its effect is a row, which must be there once, however often the task is run. */
static enum db_result
add_effect(struct db *db, void *context)
{
    const struct task_run *run = context;

    return db_run(db, "INSERT INTO trial_effects (task_id) VALUES (?)", db_int(run->id));
}

static enum task_outcome
effect(struct task_run *run)
{
    return task_commit(run, NULL, add_effect, run);
}

/* Takes a second, then as much again for its commit, in which the task's row is locked. */
static enum db_result
add_slowly(struct db *db, void *context)
{
    enum db_result r = add_effect(db, context);

    if (r == DB_OK) {
        r = db_one(db, "SELECT SLEEP(?)", db_int(1));
    }
    return r == DB_OK ? db_done(db) : r;
}

static enum task_outcome
slow_effect(struct task_run *run)
{
    struct timespec time = {.tv_sec = 1};

    (void)nanosleep(&time, NULL);
    task_progress(run, 50); /* so that the runner has something to write to that row */
    return task_commit(run, NULL, add_slowly, run);
}

static enum task_outcome
doze(struct task_run *run)
{
    struct timespec time = {.tv_nsec = 300 * 1000000L};

    (void)nanosleep(&time, NULL);
    return task_is_cancelled() ? task_stopped(run) : task_result(run, NULL);
}

#define KIND(title, function, seconds, attempts)                                                   \
    static const struct task_kind function##_kind = {.name = "trial." title,                       \
                                                     .work = function,                             \
                                                     .limit_seconds = seconds,                     \
                                                     .max_attempts = attempts}

KIND("nothing", nothing, 10, 3);
KIND("crash", crash, 10, 2);
KIND("stumble", stumble, 10, 5);
KIND("never_end", never_end, 2, 1);
KIND("flood", flood, 10, 1);
KIND("too_long", too_long, 10, 3);
KIND("eat_memory", eat_memory, 30, 1);
KIND("leave_children", leave_children, 10, 1);
KIND("effect", effect, 10, 1000);
KIND("slow_effect", slow_effect, 10, 3);
KIND("doze", doze, 10, 3);

const struct task_kind *const trial_kinds[] = {
    &nothing_kind, &crash_kind,       &stumble_kind,    &never_end_kind,
    &flood_kind,   &too_long_kind,    &eat_memory_kind, &leave_children_kind,
    &effect_kind,  &slow_effect_kind, &doze_kind,       NULL,
};
