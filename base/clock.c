/* Zones come from the tz database, through the C library. */
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ZONES "/usr/share/zoneinfo/"

enum { QUARTER_SECONDS = 15 * 60 }; /* zones change their offset at full quarters only */

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

/* Zone files begin with "TZif" (RFC 8536). */
bool
clock_zone_known(const char *name)
{
    char path[256], magic[4] = "";
    FILE *file;

    if (strcmp(name, "UTC") == 0) {
        return true;
    }
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
clock_set_zone(const char *name)
{
    if (!clock_zone_known(name) || setenv("TZ", name, 1) != 0) {
        return false;
    }
    tzset();
    return true;
}

static void
put(char *to, int n, int digits)
{
    while (digits-- > 0) {
        to[digits] = (char)('0' + n % 10);
        n /= 10;
    }
}

/* The date, hour and offset of a quarter of an hour are looked up once by each thread, and hold for all of it. */
size_t
clock_format(int64_t ms, char text[static CLOCK_TEXT_SIZE])
{
    static _Thread_local int64_t quarter = INT64_MIN;
    static _Thread_local char form[64];
    static _Thread_local int first_minute;
    int64_t seconds = ms / 1000 - (ms % 1000 < 0);
    int64_t start = seconds - (seconds % QUARTER_SECONDS + QUARTER_SECONDS) % QUARTER_SECONDS;
    int within = (int)(seconds - start);

    if (start != quarter) {
        time_t time = (time_t)start;
        struct tm local;
        long offset;

        (void)localtime_r(&time, &local);
        offset = local.tm_gmtoff / 60;
        if (local.tm_year < -1900 || local.tm_year > 9999 - 1900) {
            memset(&local, 0, sizeof(local)); /* beyond what RFC 3339 can write */
            local.tm_mday = 1;
            local.tm_year = 9999 - 1900;
        }
        (void)snprintf(form, sizeof(form), "%04d-%02d-%02dT%02d:00:00.000%c%02d:%02d",
                       local.tm_year + 1900, local.tm_mon + 1, local.tm_mday, local.tm_hour,
                       offset < 0 ? '-' : '+', (int)(labs(offset) / 60 % 100),
                       (int)(labs(offset) % 60));
        first_minute = local.tm_min;
        quarter = start;
    }
    memcpy(text, form, CLOCK_TEXT_SIZE - 1);
    text[CLOCK_TEXT_SIZE - 1] = '\0';
    put(text + 14, first_minute + within / 60, 2);
    put(text + 17, within % 60, 2);
    put(text + 20, (int)(ms - seconds * 1000), 3);
    return CLOCK_TEXT_SIZE - 1;
}
