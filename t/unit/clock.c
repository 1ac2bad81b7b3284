/* base/clock: zones, and times as they are written. */
#include "base/clock.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "t/unit/tap.h"

static const char *
formatted(int64_t ms)
{
    static char text[CLOCK_TEXT_SIZE];

    memset(text, 'x', sizeof(text));
    return clock_format(ms, text) == strlen(text) ? text : "(wrong length)";
}

struct sample {
    const char *zone;
    int64_t ms;
    const char *text, *what;
};

static const struct sample samples[] = {
    {"UTC", 0, "1970-01-01T00:00:00.000+00:00", "the beginning"},
    {"UTC", -1, "1969-12-31T23:59:59.999+00:00", "a millisecond before it"},
    {"UTC", 951782400000, "2000-02-29T00:00:00.000+00:00", "a leap day of a century"},
    {"UTC", 4107542399999, "2100-02-28T23:59:59.999+00:00", "the end of February in 2100"},
    {"UTC", 4107542400000, "2100-03-01T00:00:00.000+00:00", "which has no leap day"},
    {"Asia/Shanghai", 1790000000123, "2026-09-21T22:13:20.123+08:00", "east of Greenwich"},
    {"Asia/Kathmandu", 1790000000123, "2026-09-21T19:58:20.123+05:45", "an offset of quarters"},
    {"America/St_Johns", 1790000000123, "2026-09-21T11:43:20.123-02:30", "west of Greenwich"},
    {"Pacific/Kiritimati", 1767175200000, "2026-01-01T00:00:00.000+14:00", "the next year already"},
    {"Europe/Berlin", 1774745999999, "2026-03-29T01:59:59.999+01:00", "before summer time"},
    {"Europe/Berlin", 1774746000000, "2026-03-29T03:00:00.000+02:00", "at its first instant"},
    {"Europe/Berlin", 1792889999999, "2026-10-25T02:59:59.999+02:00", "before winter time"},
    {"Europe/Berlin", 1792890000000, "2026-10-25T02:00:00.000+01:00", "at its first instant"},
    {"Australia/Lord_Howe", 1775314799999, "2026-04-05T01:59:59.999+11:00",
     "half an hour's change"},
    {"Australia/Lord_Howe", 1775314800000, "2026-04-05T01:30:00.000+10:30", "at its first instant"},
};

static void
test_samples(void)
{
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        char name[120];

        (void)snprintf(name, sizeof(name), "%s: %s", samples[i].zone, samples[i].what);
        if (ok(clock_set_zone(samples[i].zone), "the zone is known")) {
            is_str(formatted(samples[i].ms), samples[i].text, name);
        }
    }
}

/* A time as the C library writes it, for years and zones whose offsets are whole minutes. */
static void
by_library(int64_t ms, char text[static CLOCK_TEXT_SIZE])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm local;
    char offset[8];
    size_t len;

    (void)localtime_r(&seconds, &local);
    len = strftime(text, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &local);
    (void)strftime(offset, sizeof(offset), "%z", &local);
    (void)snprintf(text + len, CLOCK_TEXT_SIZE - len, ".%03d%.3s:%.2s", (int)(ms % 1000), offset,
                   offset + 3);
}

static void
test_against_library(void)
{
    static const char *const zones[] = {"Asia/Shanghai", "Europe/London", "America/New_York",
                                        "Australia/Lord_Howe", "Africa/Casablanca"};
    char want[CLOCK_TEXT_SIZE], name[80];

    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
        bool same = clock_set_zone(zones[i]);

        srandom(7);
        for (int k = 0; k < 50000 && same; k++) {
            /* 1980 to 2037, sometimes close to the previous time */
            int64_t ms = INT64_C(315532800000) + random() % 1830297600 * INT64_C(1000) + k % 1000;

            by_library(ms, want);
            same = strcmp(formatted(ms), want) == 0;
            ms += 899000;
            by_library(ms, want);
            same = same && strcmp(formatted(ms), want) == 0;
        }
        (void)snprintf(name, sizeof(name), "%s: 100,000 times are written as the C library would",
                       zones[i]);
        ok(same, name);
    }
}

/* Visits times in steps that are no multiple of a quarter of an hour. */
static void *
walk(void *step)
{
    static char wrong;
    char text[CLOCK_TEXT_SIZE], want[CLOCK_TEXT_SIZE];
    int64_t ms = INT64_C(1700000000000);

    for (int i = 0; i < 20000; i++) {
        ms += *(const int64_t *)step;
        (void)clock_format(ms, text);
        by_library(ms, want);
        if (strcmp(text, want) != 0) {
            return &wrong;
        }
    }
    return NULL;
}

/* Each thread caches offsets for itself. */
static void
test_threads(void)
{
    static int64_t steps[] = {1234567, -7654321, 86400001, 898989};
    pthread_t threads[4];
    bool right = clock_set_zone("Europe/London");

    for (int i = 0; i < 4; i++) {
        (void)pthread_create(&threads[i], NULL, walk, &steps[i]);
    }
    for (int i = 0; i < 4; i++) {
        void *wrong;

        (void)pthread_join(threads[i], &wrong);
        right = right && wrong == NULL;
    }
    ok(right, "threads that format different times at once do not mix their offsets");
}

static void
test_range(void)
{
    ok(clock_set_zone("UTC"), "UTC is always known");
    is_int((int64_t)strlen(formatted(INT64_MAX)), CLOCK_TEXT_SIZE - 1,
           "a time beyond all years is written in as many characters");
    is_int((int64_t)strlen(formatted(INT64_MIN)), CLOCK_TEXT_SIZE - 1,
           "a time before all years is written in as many characters");
}

static void
test_zones(void)
{
    static const char *const refused[] = {
        "",
        "Mars/Olympus",
        "../../etc/passwd",
        "/usr/share/zoneinfo/UTC",
        "Asia",
        "Asia/../",
        ".",
        "Asia/../Asia/Shanghai",
        "zone.tab",
        "Asia/shanghai ",
    };
    char name[80];

    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        (void)snprintf(name, sizeof(name), "no zone: \"%s\"", refused[i]);
        ok(!clock_set_zone(refused[i]), name);
    }
    is_str(getenv("TZ"), "UTC", "a zone that is refused changes nothing");
}

enum { NOT_ALLOWED = 77 };

/* In a root without any file. */
static int
use_zones_without_files(const char *root)
{
    if ((geteuid() != 0 && unshare(CLONE_NEWUSER) != 0) || chroot(root) != 0 || chdir("/") != 0) {
        return NOT_ALLOWED;
    }
    if (!clock_set_zone("Asia/Shanghai") ||
        strcmp(formatted(1790000000123), "2026-09-21T22:13:20.123+08:00") != 0) {
        return 1;
    }
    if (!clock_set_zone("UTC") ||
        strcmp(formatted(1790000000123), "2026-09-21T14:13:20.123+00:00") != 0) {
        return 2;
    }
    return clock_set_zone("Europe/Berlin") ? 3 : 0;
}

static void
test_without_database(void)
{
    char root[] = "/tmp/fastchat-clock-XXXXXX";
    int status = -1;
    pid_t pid = mkdtemp(root) == NULL ? -1 : fork();

    if (pid == 0) {
        _exit(use_zones_without_files(root));
    }
    (void)waitpid(pid, &status, 0);
    (void)rmdir(root);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_ALLOWED) {
        ok(true, "a host without zones: not tried, chroot is not allowed here");
        return;
    }
    is_int(status, 0, "UTC and the default zone work on a host without zones, others are refused");
}

static void
test_passing(void)
{
    int64_t wall = clock_now_ms(), mono = clock_mono_us();
    struct timespec nap = {.tv_nsec = 20 * 1000 * 1000};

    (void)nanosleep(&nap, NULL);
    mono = clock_mono_us() - mono;
    ok(wall > INT64_C(1700000000000), "the wall's time is in milliseconds since 1970");
    ok(mono >= 20000 && mono < 20000000, "clock_mono_us counts microseconds");
}

/* The time of a text, written in UTC again; the reason if it is not a time. */
static const char *
read_again(const char *text)
{
    int64_t ms;
    bool aware;
    const char *reason = clock_read(text, &ms, &aware);

    return reason != NULL ? reason : aware ? formatted(ms) : "no offset";
}

static void
test_reading(void)
{
    bool good = clock_set_zone("America/St_Johns"), aware;
    int64_t ms;

    for (int64_t at = INT64_C(-62135500000000); good && at < INT64_C(253402200000000);
         at += INT64_C(98765432101)) {
        good = clock_read(formatted(at), &ms, &aware) == NULL && aware && ms == at;
    }
    ok(good, "every time that was written is read as the same time");
    ok(clock_set_zone("UTC"), "the zone is known");
    is_str(read_again("0001-01-01T00:00:00Z"), "0001-01-02T00:00:00.000+00:00",
           "the first time is read (and shown a day later, as is every time of that day)");
    is_str(read_again("0001-01-01T00:00:00+00:01"), clock_out_of_range,
           "a time before the year 1 is out of range");
    is_str(read_again("9999-12-31T23:59:59.999-00:01"), clock_out_of_range,
           "a time after the year 9999 is out of range");
    is_str(read_again("2100-02-29T00:00:00Z"), "that month has no such day",
           "a century has no leap day");
    is_str(read_again("2000-02-29T00:00:00Z"), "2000-02-29T00:00:00.000+00:00",
           "every fourth century has a leap day");
    is_str(read_again("2026-01-31"), "no offset", "a date alone has no offset");
}

static void
test_unix_times(void)
{
    int64_t ms = 0;

    ok(clock_read_unix(0.29, &ms) && ms == 290, "a fraction of a second is exact to the ms");
    ok(clock_read_unix(-0.0005, &ms) && ms == -1, "a time before 1970 is cut downwards");
    ok(clock_read_unix(2e10, &ms) && ms == INT64_C(20000000000000), "2e10 is in seconds");
    ok(clock_read_unix(2e10 + 1, &ms) && ms == INT64_C(20000000001), "beyond it are milliseconds");
    ok(clock_read_unix(72057992075821, &ms) && ms == INT64_C(72057992075821), "late ones, too");
    ok(clock_read_unix(-2e10, &ms) && ms == INT64_C(-20000000000000), "-2e10 is in seconds");
    ok(!clock_read_unix(1e15, &ms) && !clock_read_unix(-1e15, &ms), "the years are 1 to 9999");
}

int
main(void)
{
    test_samples();
    test_reading();
    test_unix_times();
    test_against_library();
    test_threads();
    test_range();
    test_zones();
    test_without_database();
    test_passing();
    return done_testing();
}
