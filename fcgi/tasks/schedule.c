/* Computes the slots of recurring tasks, and enqueues those that are due. */
#include "fcgi/tasks/schedule.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

/*
 * When the kind is due on a day of the zone: one moment, even if the clocks show that time twice on
 * that day, or not at all.
 */
static time_t
schedule_due_on(const struct task_kind *kind, const struct tm *day)
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

/* Hours are in UTC, where each comes once; days are in APP_TIMEZONE. */
void
schedule_slot_key(const struct task_kind *kind, time_t now, char key[static SLOT_KEY_SIZE])
{
    char when[32];
    struct tm at;

    if (kind->every == HOURLY) {
        time_t hour = now - (time_t)kind->at_minute * 60;

        (void)strftime(when, sizeof(when), "%Y-%m-%dT%HZ", gmtime_r(&hour, &at));
    } else {
        (void)localtime_r(&now, &at);
        if (now < schedule_due_on(kind, &at)) {
            at.tm_mday--; /* not due yet today: yesterday's slot */
            at.tm_hour = 12;
            at.tm_isdst = -1;
            (void)mktime(&at);
        }
        (void)strftime(when, sizeof(when), "%Y-%m-%d", &at);
    }
    (void)snprintf(key, SLOT_KEY_SIZE, "@%s %s", kind->name, when);
}

/* Enqueues the slot of one kind, unless this runner has seen it enqueued already. */
static void
schedule_enqueue_kind(struct task_runner *r, struct kind_state *k, time_t now)
{
    char key[SLOT_KEY_SIZE];
    struct task_new task = {
        .kind = k->kind->name,
        .arguments = "{}",
        .priority = k->kind->priority,
        .max_attempts = k->kind->max_attempts,
        .dedupe_key = key,
    };
    int64_t id;
    enum db_result result;

    schedule_slot_key(k->kind, now, key);
    if (strcmp(key, k->slot_key) == 0) {
        return;
    }
    result = task_enqueue(r->db, &task, &id);
    if (result == DB_OK || result == DB_EXISTS) {
        memcpy(k->slot_key, key, sizeof(k->slot_key));
    }
    if (result == DB_OK) {
        log_info("task %lld %s is enqueued by the schedule", (long long)id, k->kind->name);
    }
}

void
schedule_enqueue(struct task_runner *r)
{
    time_t now = (time_t)(clock_now_ms() / 1000);

    for (size_t i = 0; i < r->kind_count; i++) {
        if (r->kinds[i].kind->every != NOT_RECURRING) {
            schedule_enqueue_kind(r, &r->kinds[i], now);
        }
    }
}
