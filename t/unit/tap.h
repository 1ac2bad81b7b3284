/*
 * A test program's way to say what holds, in TAP (testanything.org), for prove.
 *
 *     int main(void) { is_int(1 + 1, 2, "sums add up"); return done_testing(); }
 */
#ifndef T_UNIT_TAP_H
#define T_UNIT_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failed, tap_planned;

/* A line that explains; not a result. */
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
tap_result(bool holds, const char *file, int line, const char *what)
{
    printf("%s %d - %s\n", holds ? "ok" : "not ok", ++tap_count, what);
    fflush(stdout);
    if (!holds) {
        tap_failed++;
        diag("failed: %s (%s:%d)", what, file, line);
    }
    return holds;
}

static inline bool
tap_is_int(int64_t got, int64_t want, const char *file, int line, const char *what)
{
    bool holds = tap_result(got == want, file, line, what);
    if (!holds)
        diag("   got: %lld\n#  want: %lld", (long long)got, (long long)want);
    return holds;
}

static inline bool
tap_is_str(const char *got, const char *want, const char *file, int line, const char *what)
{
    bool same = got == want || (got != NULL && want != NULL && strcmp(got, want) == 0);
    bool holds = tap_result(same, file, line, what);
    if (!holds)
        diag("   got: %s\n#  want: %s", got != NULL ? got : "(NULL)",
             want != NULL ? want : "(NULL)");
    return holds;
}

static inline bool
tap_is_mem(const void *got, const void *want, size_t len, const char *file, int line,
           const char *what)
{
    bool holds = tap_result(memcmp(got, want, len) == 0, file, line, what);
    if (!holds)
        diag("   got: %.*s\n#  want: %.*s", (int)len, (const char *)got, (int)len,
             (const char *)want);
    return holds;
}

/* Each returns whether it held. */
#define ok(holds, what) tap_result((holds), __FILE__, __LINE__, (what))
#define is_int(got, want, what) tap_is_int((got), (want), __FILE__, __LINE__, (what))
#define is_str(got, want, what) tap_is_str((got), (want), __FILE__, __LINE__, (what))
#define is_mem(got, want, len, what) tap_is_mem((got), (want), (len), __FILE__, __LINE__, (what))

/* How many results there will be; may be left out. */
static inline void
plan(int count)
{
    tap_planned = count;
    printf("1..%d\n", count);
}

/* The whole program is left out on this machine. Return this from main. */
static inline int
skip_all(const char *why)
{
    printf("1..0 # SKIP %s\n", why);
    return 0;
}

/* Return this from main. */
static inline int
done_testing(void)
{
    if (tap_planned == 0)
        printf("1..%d\n", tap_count);
    return tap_failed != 0 || (tap_planned != 0 && tap_planned != tap_count);
}

#endif
