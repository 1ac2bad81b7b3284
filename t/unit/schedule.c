/* The slots of recurring tasks: each comes once, however the clocks of the zone change. */
#include "fcgi/tasks/schedule.h"

#include <stdlib.h>

#include "base/clock.h"
#include "t/unit/tap.h"

static const struct task_kind hourly = {.name = "hourly", .every = HOURLY, .at_minute = 17};
static const struct task_kind daily = {.name = "daily", .every = DAILY, .at_minute = 4 * 60 + 10};
static const struct task_kind early = {.name = "early", .every = DAILY, .at_minute = 2 * 60 + 30};

/* The key of the slot at a time of UTC. */
static const char *
slot(const struct task_kind *kind, int year, int month, int day, int hour, int minute)
{
    static char key[SLOT_KEY_SIZE];
    struct tm at = {.tm_year = year - 1900,
                    .tm_mon = month - 1,
                    .tm_mday = day,
                    .tm_hour = hour,
                    .tm_min = minute};

    schedule_slot_key(kind, timegm(&at), key);
    return key;
}

/* How many different slots `minutes` minutes have, and whether one came back after another. */
static int
slots_within(const struct task_kind *kind, time_t from, int minutes, bool *again)
{
    char last[SLOT_KEY_SIZE] = "", seen[64][SLOT_KEY_SIZE];
    int count = 0;

    *again = false;
    for (int i = 0; i < minutes; i++) {
        char key[SLOT_KEY_SIZE];

        schedule_slot_key(kind, from + (time_t)i * 60, key);
        if (strcmp(key, last) == 0) {
            continue;
        }
        for (int k = 0; k < count; k++) {
            *again = *again || strcmp(seen[k], key) == 0;
        }
        if (count < 64) {
            memcpy(seen[count++], key, SLOT_KEY_SIZE);
        }
        memcpy(last, key, SLOT_KEY_SIZE);
    }
    return count;
}

static void
test_hours(void)
{
    is_str(slot(&hourly, 2026, 3, 1, 10, 16), "@hourly 2026-03-01T09Z",
           "before its minute an hourly task is in the slot of the hour before");
    is_str(slot(&hourly, 2026, 3, 1, 10, 17), "@hourly 2026-03-01T10Z",
           "an hourly slot begins at its minute");
    is_str(slot(&hourly, 2026, 3, 1, 0, 3), "@hourly 2026-02-28T23Z",
           "hourly slots continue over midnight and the end of a month");
}

static void
test_days(void)
{
    ok(clock_set_zone("Asia/Shanghai"), "the zone can be set");
    is_str(slot(&daily, 2026, 3, 1, 20, 9), "@daily 2026-03-01",
           "before its minute a daily task is in the slot of the day before");
    is_str(slot(&daily, 2026, 3, 1, 20, 10), "@daily 2026-03-02",
           "a daily slot begins at its minute of the zone's day");
    is_str(slot(&daily, 2025, 12, 31, 20, 9), "@daily 2025-12-31",
           "daily slots continue over the end of a year");
}

static void
test_changing_clocks(void)
{
    /* Europe/Berlin: 2026-03-29 has no 02:30, 2026-10-25 has it twice. */
    struct tm spring = {.tm_year = 126, .tm_mon = 2, .tm_mday = 27},
              autumn = {.tm_year = 126, .tm_mon = 9, .tm_mday = 23};
    bool again;

    ok(clock_set_zone("Europe/Berlin"), "the zone can be set");
    is_int(slots_within(&early, timegm(&spring), 5 * 24 * 60, &again), 6,
           "a day without that time of the clock has its slot");
    ok(!again, "no slot comes back when the clocks are set forward");
    is_int(slots_within(&early, timegm(&autumn), 5 * 24 * 60, &again), 6,
           "a day that has that time twice has one slot");
    ok(!again, "no slot comes back when the clocks are set back");
    is_int(slots_within(&hourly, timegm(&autumn), 48 * 60, &again), 49,
           "every hour has one slot when the clocks are set back");
    ok(!again, "no hourly slot comes back when the clocks are set back");
}

int
main(void)
{
    test_hours();
    test_days();
    test_changing_clocks();
    return done_testing();
}
