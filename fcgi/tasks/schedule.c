/* The slots of recurring tasks. */
#include "fcgi/tasks/schedule.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

/* When the kind is due on that day of the zone: one moment, also where the clocks show that time twice that day, or not at all. */
static time_t
due_on(const struct task_kind *kind, const struct tm *day)
{
    struct tm due = {
        .tm_year = day->tm_year,
        .tm_mon = day->tm_mon,
        .tm_mday = day->tm_mday,
        .tm_hour = kind->at_minute / 60,
        .tm_min = kind->at_minute % 60,
        .tm_isdst = -1,
    };

    return mktime(&due);
}

/* Hours are those of UTC, which come once each; days are the zone's. */
void
timetable_slot(const struct task_kind *kind, time_t now, char key[static SLOT_SIZE])
{
    char when[32];
    struct tm at;

    if (kind->every == HOURLY) {
        time_t hour = now - (time_t)kind->at_minute * 60;

        (void)strftime(when, sizeof(when), "%Y-%m-%dT%HZ", gmtime_r(&hour, &at));
    } else {
        (void)localtime_r(&now, &at);
        if (now < due_on(kind, &at)) {
            at.tm_mday--; /* today's is still to come: yesterday's counts */
            at.tm_hour = 12;
            at.tm_isdst = -1;
            (void)mktime(&at);
        }
        (void)strftime(when, sizeof(when), "%Y-%m-%d", &at);
    }
    (void)snprintf(key, SLOT_SIZE, "@%s %s", kind->name, when);
}

void
timetable_enqueue(struct runner *r)
{
    time_t now = (time_t)(clock_now_ms() / 1000);

    for (size_t i = 0; i < r->kind_count; i++) {
        struct kind_state *k = &r->kinds[i];
        char key[SLOT_SIZE];
        int64_t id;
        enum db_result result;

        if (k->kind->every == NOT_BY_ITSELF) {
            continue;
        }
        timetable_slot(k->kind, now, key);
        if (strcmp(key, k->slot) == 0) {
            continue;
        }
        result = task_enqueue(r->db,
                              &(struct task_new){.kind = k->kind->name,
                                                 .arguments = "{}",
                                                 .priority = k->kind->priority,
                                                 .max_attempts = k->kind->max_attempts,
                                                 .dedupe_key = key},
                              &id);
        if (result == DB_OK || result == DB_EXISTS) {
            memcpy(k->slot, key, sizeof(k->slot));
        }
        if (result == DB_OK) {
            log_info("task %lld %s is enqueued by the timetable", (long long)id, k->kind->name);
        }
    }
}
