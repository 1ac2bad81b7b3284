/*
 * Reports test results in TAP (testanything.org), which prove reads.
 *
 *     int main(void) { is_int(1 + 1, 2, "1 + 1 is 2"); return done_testing(); }
 */
#ifndef T_UNIT_TAP_H
#define T_UNIT_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failed;

/* Prints an explanation, which is not a result. */
__attribute__((format(printf, 1, 2), unused)) static void
diag(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("# ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

static inline bool
tap_result(bool holds, const char *file, int line, const char *promise)
{
    printf("%s %d - %s\n", holds ? "ok" : "not ok", ++tap_count, promise);
    fflush(stdout);
    if (!holds) {
        tap_failed++;
        diag("failed: %s (%s:%d)", promise, file, line);
    }
    return holds;
}

static inline bool
tap_is_int(int64_t got, int64_t want, const char *file, int line, const char *promise)
{
    bool holds = tap_result(got == want, file, line, promise);
    if (!holds)
        diag("   got: %lld\n#  want: %lld", (long long)got, (long long)want);
    return holds;
}

static inline bool
tap_is_str(const char *got, const char *want, const char *file, int line, const char *promise)
{
    bool same = got == want || (got != NULL && want != NULL && strcmp(got, want) == 0);
    bool holds = tap_result(same, file, line, promise);
    if (!holds)
        diag("   got: %s\n#  want: %s", got != NULL ? got : "(NULL)",
             want != NULL ? want : "(NULL)");
    return holds;
}

static inline bool
tap_is_mem(const void *got, const void *want, size_t len, const char *file, int line,
           const char *promise)
{
    bool holds = tap_result(memcmp(got, want, len) == 0, file, line, promise);
    if (!holds)
        diag("   got: %.*s\n#  want: %.*s", (int)len, (const char *)got, (int)len,
             (const char *)want);
    return holds;
}

/*
 * Each reports one result and returns whether it held. `promise` is a sentence that stands alone:
 * "a closed room takes no messages". is_str takes NULL on either side.
 */
#define ok(holds, promise) tap_result((holds), __FILE__, __LINE__, (promise))
#define is_int(got, want, promise) tap_is_int((got), (want), __FILE__, __LINE__, (promise))
#define is_str(got, want, promise) tap_is_str((got), (want), __FILE__, __LINE__, (promise))
#define is_mem(got, want, len, promise)                                                            \
    tap_is_mem((got), (want), (len), __FILE__, __LINE__, (promise))

/* Prints the plan, which prove checks against the results. Return this from main. */
static inline int
done_testing(void)
{
    printf("1..%d\n", tap_count);
    return tap_failed != 0;
}

#endif
