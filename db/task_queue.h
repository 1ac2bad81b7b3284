/*
 * The queue as runners see it. A claim is committed before anything runs, under a random number that only the claimer
 * knows; what it does to the task later asks for that number. So where two see the same row (a Galera node's commit fails, and with it the
 * claim), or a runner that was taken for dead comes back, only one of them counts.
 */
#ifndef DB_TASK_QUEUE_H
#define DB_TASK_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/mysql/db.h"
#include "db/tasks.h"

enum { TASK_CLAIM_MAX = 16 };

struct task_claim {
    int64_t id, number; /* the number is the claim's */
    int64_t owner_id;
    int attempts, max_attempts; /* this run is counted */
    const char *arguments;
};

/* The kinds of which there are tasks that wait, be it for their time. `kinds` has room for `size`; the texts are in the arena. */
enum db_result tasks_waiting(struct db *db, struct arena *a, const char **kinds, size_t size,
                             size_t *count) __attribute__((nonnull, warn_unused_result));

/*
 * Claim up to `want` (at most TASK_CLAIM_MAX) due tasks of a kind for `lease_ms`, the most urgent first; rows that others are about to
 * claim are skipped. `runner` is for people: host and process. `claimed` has room for `want`.
 */
enum db_result tasks_claim(struct db *db, struct arena *a, const char *kind, const char *runner,
                           int64_t lease_ms, size_t want, struct task_claim *claimed, size_t *count)
    __attribute__((nonnull, warn_unused_result));

/* Hold a claimed task for `lease_ms` from now, and say how far it is. DB_NONE where it is not ours any more. */
enum db_result task_renew(struct db *db, int64_t id, int64_t number, int64_t lease_ms, int progress)
    __attribute__((nonnull, warn_unused_result));

/* Those that this runner runs and that somebody wants cancelled. `ids` has room for `size`. */
enum db_result tasks_to_cancel(struct db *db, const char *runner, int64_t *ids, size_t size,
                               size_t *count) __attribute__((nonnull, warn_unused_result));

/* How a run ended. */
struct task_end {
    int64_t id, number;
    /*
     * Not TASK_RUNNING; TASK_QUEUED gives it back as if it had not run. One that would be run again is cancelled where that was asked
     * for meanwhile.
     */
    enum task_state state;
    int progress;
    int64_t delay_ms;   /* TASK_FAILED: before the next run */
    const char *result; /* NULL for none */
    size_t result_len;
    const char *error; /* NULL for none */
};

/* Write that down, in the caller's transaction or alone. DB_NONE where it is not ours any more: then nothing was changed. */
enum db_result task_end(struct db *db, const struct task_end *end)
    __attribute__((nonnull, warn_unused_result));

/* Take tasks back whose lease has ended: they are run again, or are dead after their last attempt. *count says how many. */
enum db_result tasks_recover(struct db *db, uint64_t *count)
    __attribute__((nonnull, warn_unused_result));

#endif
