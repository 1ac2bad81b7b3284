/* Zones come from the tz database, through the C library. */
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ZONES "/usr/share/zoneinfo/"

enum {
    QUARTER_SECONDS = 15 * 60,
    DAY_SECONDS = 24 * 60 * 60,
};

/*
 * The years that four digits can show in every zone: 0001 to 9999 except their first and last day.
 */
#define FIRST_MS (INT64_C(-62135596800000) + DAY_SECONDS * INT64_C(1000))
#define LAST_MS (INT64_C(253402300799999) - DAY_SECONDS * INT64_C(1000))

static unsigned zone = 1; /* incremented by each clock_set_zone */

static int64_t
floor_div(int64_t n, int64_t by)
{
    return n / by - (n % by < 0);
}

int64_t
clock_now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
clock_mono_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/*
 * Zones that need no database, in the form of POSIX (XBD 8.3): a small container or a shared host
 * may have none, and the default must work there. The clocks of Shanghai have not changed since
 * 1991.
 */
static const struct {
    const char *name, *posix;
} fixed[] = {{"UTC", "UTC0"}, {"Asia/Shanghai", "CST-8"}};

/* The POSIX form of a built-in zone; NULL for any other. */
static const char *
find_fixed(const char *name)
{
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        if (strcmp(name, fixed[i].name) == 0) {
            return fixed[i].posix;
        }
    }
    return NULL;
}

/* Zone files begin with "TZif" (RFC 8536). */
static bool
has_file(const char *name)
{
    char path[256], magic[4] = "";
    FILE *file;

    if (name[0] == '/' || name[0] == '.' || strstr(name, "..") != NULL ||
        (size_t)snprintf(path, sizeof(path), ZONES "%s", name) >= sizeof(path)) {
        return false;
    }
    file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    (void)!fread(magic, 1, sizeof(magic), file);
    (void)fclose(file);
    return memcmp(magic, "TZif", sizeof(magic)) == 0;
}

bool
clock_zone_known(const char *name)
{
    return has_file(name) || find_fixed(name) != NULL;
}

bool
clock_set_zone(const char *name)
{
    const char *zone_text = has_file(name) ? name : find_fixed(name);

    if (zone_text == NULL || setenv("TZ", zone_text, 1) != 0) {
        return false;
    }
    tzset();
    zone++;
    return true;
}

/*
 * Minutes east of UTC at a time. Zones change their offset at full quarters of an hour only, so
 * each thread caches the offsets of some quarters: a reply full of times rarely calls the C
 * library, which takes a lock.
 */
static int
offset_at(int64_t seconds)
{
    static _Thread_local struct {
        int64_t quarter;
        unsigned zone; /* 0: empty */
        int offset;
    } known[64];
    int64_t quarter = floor_div(seconds, QUARTER_SECONDS);
    size_t place = (uint64_t)quarter % (sizeof(known) / sizeof(known[0]));
    time_t start = (time_t)(quarter * QUARTER_SECONDS);
    struct tm local = {0};

    if (known[place].quarter != quarter || known[place].zone != zone) {
        (void)localtime_r(&start, &local);
        known[place].quarter = quarter;
        known[place].zone = zone;
        known[place].offset = (int)(local.tm_gmtoff / 60);
    }
    return known[place].offset;
}

/*
 * The Gregorian date of a day counted from 1970-01-01 (Howard Hinnant, "chrono-compatible low-level
 * date algorithms").
 */
static void
date_of_day(int64_t day, int *year, int *month, int *of_month)
{
    int64_t from_march = day + 719468; /* days since 0000-03-01: a leap day ends its year */
    int64_t era = floor_div(from_march, 146097);
    int64_t of_era = from_march - era * 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * of_year + 2) / 153; /* months since March */

    *of_month = (int)(of_year - (153 * shifted + 2) / 5 + 1);
    *month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2));
}

static void
clock_put_digits(char *to, int n, int digits)
{
    while (digits-- > 0) {
        to[digits] = (char)('0' + n % 10);
        n /= 10;
    }
}

size_t
clock_format(int64_t ms, char text[static CLOCK_TEXT_SIZE])
{
    int64_t in_range = ms < FIRST_MS ? FIRST_MS : ms > LAST_MS ? LAST_MS : ms;
    int64_t seconds = floor_div(in_range, 1000);
    int offset = offset_at(seconds);
    int64_t local = seconds + (int64_t)offset * 60;
    int64_t day = floor_div(local, DAY_SECONDS);
    int second = (int)(local - day * DAY_SECONDS), year, month, of_month;

    date_of_day(day, &year, &month, &of_month);
    memcpy(text, "0000-00-00T00:00:00.000+00:00", CLOCK_TEXT_SIZE);
    clock_put_digits(text, year, 4);
    clock_put_digits(text + 5, month, 2);
    clock_put_digits(text + 8, of_month, 2);
    clock_put_digits(text + 11, second / 3600, 2);
    clock_put_digits(text + 14, second / 60 % 60, 2);
    clock_put_digits(text + 17, second % 60, 2);
    clock_put_digits(text + 20, (int)(in_range - seconds * 1000), 3);
    text[23] = offset < 0 ? '-' : '+';
    clock_put_digits(text + 24, abs(offset) / 60, 2);
    clock_put_digits(text + 27, abs(offset) % 60, 2);
    return CLOCK_TEXT_SIZE - 1;
}
