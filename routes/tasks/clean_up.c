/* Rows are deleted in batches, so that no lock is held for long. */
#include "routes/tasks/clean_up.h"

#include "db/daily_counts.h"
#include "db/exports.h"
#include "db/guesses.h"
#include "db/invitations.h"
#include "db/redis/presence.h"
#include "db/sessions.h"
#include "db/tasks.h"

enum { ROWS_AT_ONCE = 1000 };

/* Deletes up to `limit` rows; *deleted is 0 if none is left. */
typedef enum db_result purge_batch(struct db *db, size_t limit, uint64_t *deleted);

static enum task_outcome
clean_up_report(struct task_run *run, const char *what, uint64_t count)
{
    struct buf result = {0};
    enum task_outcome outcome;

    buf_printf(&result, "{\"%s\":%llu}", what, (unsigned long long)count);
    outcome = task_result(run, &result);
    buf_free(&result);
    return outcome;
}

static enum task_outcome
clean_up_rows(struct task_run *run, purge_batch *purge, const char *what)
{
    uint64_t total = 0, deleted = 1;

    while (deleted > 0) {
        enum db_result r = purge(run->db, ROWS_AT_ONCE, &deleted);

        if (r != DB_OK) {
            const char *why = r == DB_DOWN ? "went away" : "refused";

            return task_wrong(run, "the database %s after %llu %s were deleted", why,
                              (unsigned long long)total, what);
        }
        total += deleted;
        if (task_is_cancelled()) {
            return task_stopped(run);
        }
    }
    return clean_up_report(run, what, total);
}

static enum task_outcome
clean_sessions(struct task_run *run)
{
    return clean_up_rows(run, sessions_purge, "sessions");
}

static enum task_outcome
clean_guesses(struct task_run *run)
{
    return clean_up_rows(run, guesses_purge, "rows");
}

/* Invitations that nobody answered, and the counts of former days. */
static enum db_result
rooms_purge(struct db *db, size_t limit, uint64_t *deleted)
{
    uint64_t counts;
    enum db_result r = invitations_purge(db, limit, deleted);

    if (r != DB_OK) {
        return r;
    }
    r = daily_counts_purge(db, limit, &counts);
    *deleted += counts;
    return r;
}

static enum task_outcome
clean_rooms(struct task_run *run)
{
    return clean_up_rows(run, rooms_purge, "rows");
}

static enum task_outcome
clean_tasks(struct task_run *run)
{
    return clean_up_rows(run, task_purge, "tasks");
}

static enum task_outcome
clean_exports(struct task_run *run)
{
    return clean_up_rows(run, exports_purge, "rows");
}

static enum task_outcome
clean_presence(struct task_run *run)
{
    return clean_up_report(run, "users", presence_purge(run->redis));
}

const struct task_kind clean_sessions_kind = {
    .name = "clean_up.sessions",
    .work = clean_sessions,
    .limit_seconds = 600,
    .max_attempts = 5,
    .every = HOURLY,
    .at_minute = 17,
};

const struct task_kind clean_guesses_kind = {
    .name = "clean_up.guesses",
    .work = clean_guesses,
    .limit_seconds = 600,
    .max_attempts = 5,
    .every = HOURLY,
    .at_minute = 47,
};

const struct task_kind clean_rooms_kind = {
    .name = "clean_up.rooms",
    .work = clean_rooms,
    .limit_seconds = 600,
    .max_attempts = 5,
    .every = HOURLY,
    .at_minute = 7,
};

const struct task_kind clean_tasks_kind = {
    .name = "clean_up.tasks",
    .work = clean_tasks,
    .limit_seconds = 1800,
    .max_attempts = 5,
    .every = DAILY,
    .at_minute = 4 * 60 + 10,
};

const struct task_kind clean_exports_kind = {
    .name = "clean_up.exports",
    .work = clean_exports,
    .limit_seconds = 1800,
    .max_attempts = 5,
    .every = HOURLY,
    .at_minute = 27,
};

const struct task_kind clean_presence_kind = {
    .name = "clean_up.presence",
    .work = clean_presence,
    .limit_seconds = 60,
    .max_attempts = 3,
    .every = HOURLY,
    .at_minute = 37,
};
