/*
 * Reads the forms of a time that pydantic reads, so that whoever sends times to a FastAPI server
 * can send them here.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define SECONDS_MOST 2e10                       /* a Unix time beyond it is in milliseconds */
#define YEAR_1_MS (INT64_C(-62135596800000))    /* 0001-01-01T00:00:00.000Z */
#define YEAR_9999_MS (INT64_C(253402300799999)) /* 9999-12-31T23:59:59.999Z */

const char clock_out_of_range[] = "the years are 0001 to 9999";

enum { DAY_MINUTES = 24 * 60 };

/* Reads exactly so many digits; returns -1, and moves nothing, if there are fewer. */
static int
read_digits(const char **at, int count)
{
    int n = 0;

    for (int i = 0; i < count; i++) {
        if ((*at)[i] < '0' || (*at)[i] > '9') {
            return -1;
        }
        n = n * 10 + ((*at)[i] - '0');
    }
    *at += count;
    return n;
}

/* Moves after this character; false, and moves nothing, if another one stands there. */
static bool
read_mark(const char **at, char mark)
{
    if (**at != mark) {
        return false;
    }
    (*at)++;
    return true;
}

static int
days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return days[month - 1] + (month == 2 && leap);
}

/* The day counted from 1970-01-01 (Howard Hinnant; clock.c has the way back). */
static int64_t
day_of_date(int year, int month, int of_month)
{
    int64_t from_march = year - (month <= 2);
    int64_t era = from_march / 400;
    int64_t of_era = from_march - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + of_month - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static const char *
read_date(const char **at, int64_t *day)
{
    int year = read_digits(at, 4), month, of_month;

    if (year < 0 || !read_mark(at, '-')) {
        return "a date begins with a year of four digits and \"-\"";
    }
    month = read_digits(at, 2);
    if (month < 1 || month > 12) {
        return "a month is 01 to 12";
    }
    of_month = read_mark(at, '-') ? read_digits(at, 2) : -1;
    if (of_month < 1 || of_month > days_of_month(year, month)) {
        return "that month has no such day";
    }
    *day = day_of_date(year, month, of_month);
    return year == 0 ? clock_out_of_range : NULL;
}

/* The fraction of a second in milliseconds; further digits are cut. False without a digit. */
static bool
read_fraction(const char **at, int *ms)
{
    const char *first = *at;
    int weight = 100;

    *ms = 0;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        *ms += weight * (**at - '0');
        weight /= 10;
    }
    return *at > first;
}

/* Reads "23:59", "23:59:59" or "23:59:59.999" as milliseconds since midnight. */
static const char *
read_time_of_day(const char **at, int64_t *ms)
{
    int hour = read_digits(at, 2), minute, second = 0, fraction = 0;

    if (hour < 0 || hour > 23 || !read_mark(at, ':')) {
        return "an hour is 00 to 23, with \":\" after it";
    }
    minute = read_digits(at, 2);
    if (minute < 0 || minute > 59) {
        return "a minute is 00 to 59";
    }
    if (read_mark(at, ':')) {
        second = read_digits(at, 2);
        if (second < 0 || second > 59) {
            return "a second is 00 to 59";
        }
        if ((read_mark(at, '.') || read_mark(at, ',')) && !read_fraction(at, &fraction)) {
            return "a fraction has digits";
        }
    }
    *ms = ((hour * 60 + minute) * 60 + second) * INT64_C(1000) + fraction;
    return NULL;
}

/* Reads "Z", "+08:00", "+0800", or nothing, as minutes. */
static const char *
read_offset(const char **at, int *minutes, bool *aware)
{
    bool minus = **at == '-';
    int hours, rest;

    *minutes = 0;
    *aware = **at != '\0';
    if (!*aware || read_mark(at, 'Z') || read_mark(at, 'z')) {
        return NULL;
    }
    if (!read_mark(at, '+') && !read_mark(at, '-')) {
        return "after the time there is an offset, as \"Z\" or \"+08:00\"";
    }
    hours = read_digits(at, 2);
    (void)read_mark(at, ':');
    rest = read_digits(at, 2);
    if (hours < 0 || rest < 0 || rest > 59 || hours * 60 + rest >= DAY_MINUTES) {
        return "an offset has hours and minutes, and is less than a day";
    }
    *minutes = minus ? -(hours * 60 + rest) : hours * 60 + rest;
    return NULL;
}

const char *
clock_read(const char *text, int64_t *ms, bool *aware)
{
    const char *reason;
    int64_t day, of_day = 0;
    int offset = 0;

    *aware = false;
    reason = read_date(&text, &day);
    if (reason == NULL && *text != '\0') {
        if (strchr("Tt _", *text) == NULL) {
            return "after the date there is \"T\"";
        }
        text++;
        reason = read_time_of_day(&text, &of_day);
        reason = reason == NULL ? read_offset(&text, &offset, aware) : reason;
    }
    if (reason != NULL) {
        return reason;
    }
    *ms = day * DAY_MINUTES * INT64_C(60000) + of_day - offset * INT64_C(60000);
    if (*text != '\0' || *ms < YEAR_1_MS || *ms > YEAR_9999_MS) {
        return *text != '\0' ? "nothing follows the offset" : clock_out_of_range;
    }
    return NULL;
}

bool
clock_read_unix(double n, int64_t *ms)
{
    double exact = fabs(n) <= SECONDS_MOST ? n * 1000 : n;

    if (!(exact >= (double)YEAR_1_MS && exact <= (double)YEAR_9999_MS)) {
        return false;
    }
    /* Of 0.29 s, 290 ms and not 289. Whole milliseconds stay: late ones have no such precision. */
    *ms = (int64_t)(exact == floor(exact) ? exact : floor(round(exact * 1000) / 1000));
    return true;
}
