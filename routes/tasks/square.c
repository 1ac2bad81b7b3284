/* Squares with GMP, which needs microseconds for 1,000 digits. */
#include "routes/tasks/square.h"

#include <gmp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "routes/tasks/tasks.h"

enum { LIMIT_SECONDS = 2 * 3600 }; /* twice what TASK_DEMO_SECONDS may be */

const char *
square_canonical(struct arena *a, const char *num)
{
    bool negative = num[0] == '-';
    const char *digits = num + negative;

    digits += strspn(digits, "0");
    if (*digits == '\0') {
        return "0";
    }
    return negative ? arena_printf(a, "-%s", digits) : arena_strdup(a, digits);
}

const char *
square_json(struct arena *a, const char *canonical)
{
    static const char exact[] = "9007199254740992"; /* 2^53 */
    const char *digits = canonical + (canonical[0] == '-');
    size_t len = strlen(digits), most = sizeof(exact) - 1;

    if (len < most || (len == most && strcmp(digits, exact) <= 0)) {
        return canonical;
    }
    return arena_printf(a, "\"%s\"", canonical);
}

/* The integer in the arguments; NULL if they are not what queue_square writes. */
static const char *
square_read_arguments(struct task_run *run)
{
    struct json_value num = json_member(task_arguments(run), "num");
    const char *text, *digits;
    size_t len;

    if (num.kind != JSON_STRING) {
        return NULL;
    }
    text = json_decode(num, run->arena, &len);
    digits = text + (text[0] == '-');
    len -= text[0] == '-';
    return len > 0 && len <= NUM_DIGITS_MAX && strspn(digits, "0123456789") == len ? text : NULL;
}

/* Waits for TASK_DEMO_SECONDS and reports progress every second. False if the task is cancelled. */
static bool
square_wait(struct task_run *run)
{
    int seconds = run->settings->task_demo_seconds;

    for (int i = 0; i < seconds; i++) {
        struct timespec left = {.tv_sec = 1};

        if (!task_is_cancelled()) {
            (void)nanosleep(&left, NULL); /* interrupted by a cancellation */
        }
        if (task_is_cancelled()) {
            return false;
        }
        task_progress(run, (i + 1) * 100 / seconds);
    }
    return !task_is_cancelled();
}

static enum task_outcome
square_work(struct task_run *run)
{
    const char *num = square_read_arguments(run);
    struct buf result = {0};
    enum task_outcome outcome;
    char *q;
    mpz_t n;

    if (num == NULL) {
        return task_refuse(run,
                           "its arguments must be {\"num\": \"an integer of up to %d digits\"}",
                           NUM_DIGITS_MAX);
    }
    if (!square_wait(run)) {
        return task_stopped(run);
    }
    (void)mpz_init_set_str(n, num, 10);
    mpz_mul(n, n, n);
    q = mpz_get_str(NULL, 10, n);
    buf_printf(&result, "{\"num\":%s,\"q\":\"%s\"}", square_json(run->arena, num), q);
    outcome = task_result(run, &result);
    free(q);
    mpz_clear(n);
    buf_free(&result);
    return outcome;
}

const struct task_kind square_kind = {
    .name = "square",
    .work = square_work,
    .limit_seconds = LIMIT_SECONDS,
    .max_attempts = 3,
    .shares_process = true,
};
