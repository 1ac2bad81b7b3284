/*
 * The queue from the side of the runners. A claim is committed before anything runs, under a random
 * token that only the claimer knows. Every later change of the task names that token, so only one
 * claimer's changes count: on a Galera cluster, where two nodes can claim the same row, the commit
 * of one of them fails; a runner that was presumed dead and comes back holds a token that is no
 * longer in the row.
 */
#ifndef DB_TASK_QUEUE_H
#define DB_TASK_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/mysql/db.h"
#include "db/tasks.h"

enum { TASK_CLAIM_MAX = 256, TASK_ENDS_MAX = 64 };

struct task_claim {
    int64_t id, claim_token;
    int64_t owner_id;
    int attempts, max_attempts; /* attempts: including the run that this claim is for */
    const char *arguments;
};

/*
 * The kinds of all waiting tasks, due or not. `kinds` has room for `size`; the texts are in the
 * arena.
 */
enum db_result tasks_waiting(struct db *db, struct arena *a, const char **kinds, size_t size,
                             size_t *count) __attribute__((nonnull, warn_unused_result));

/*
 * Claims up to `want` (at most TASK_CLAIM_MAX) due tasks of a kind for `lease_ms`, the most urgent
 * first. Skips rows that others are claiming. `runner` names the host and process. `claimed`
 * has room for `want`; its texts are in the arena.
 */
enum db_result tasks_claim(struct db *db, struct arena *a, const char *kind, const char *runner,
                           int64_t lease_ms, size_t want, struct task_claim *claimed, size_t *count)
    __attribute__((nonnull, warn_unused_result));

/*
 * Renews the lease of a claimed task to `lease_ms` from now, and stores its progress in percent.
 * DB_NONE if the claim is no longer valid.
 */
enum db_result task_renew(struct db *db, int64_t id, int64_t claim_token, int64_t lease_ms,
                          int progress) __attribute__((nonnull, warn_unused_result));

/* The tasks of this runner that somebody has asked to cancel. `ids` has room for `size`. */
enum db_result tasks_to_cancel(struct db *db, const char *runner, int64_t *ids, size_t size,
                               size_t *count) __attribute__((nonnull, warn_unused_result));

/* How a run ended. */
struct task_end {
    int64_t id, claim_token;
    /*
     * Not TASK_RUNNING. TASK_QUEUED gives the task back as if it had not run. A task that would run
     * again becomes TASK_CANCELLED instead if somebody has asked to cancel it.
     */
    enum task_state state;
    int progress;
    int64_t delay_ms;   /* TASK_FAILED: before the next run */
    const char *result; /* NULL for none */
    size_t result_len;
    const char *error; /* NULL for none */
};

/*
 * Stores the end of a run, in the caller's transaction or alone. DB_NONE if the claim is no longer
 * valid: nothing was changed.
 */
enum db_result task_end(struct db *db, const struct task_end *end)
    __attribute__((nonnull, warn_unused_result));

/*
 * Stores the ends of up to TASK_ENDS_MAX runs of one claim that are done, without an error, in one
 * statement. DB_NONE if the claim is no longer valid for one of them: the others may have been
 * stored, so the caller's transaction rolls back.
 */
enum db_result tasks_end_done(struct db *db, const struct task_end *const *ends, size_t count)
    __attribute__((nonnull, warn_unused_result));

/*
 * Takes back tasks whose lease has ended: they run again, or are dead after their last attempt.
 * *count is how many.
 */
enum db_result tasks_recover(struct db *db, uint64_t *count)
    __attribute__((nonnull, warn_unused_result));

#endif
