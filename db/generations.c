/*
 * All times of changes and copies are those of the database's clock, so hosts need not agree on
 * theirs. A change is stamped before its transaction commits, and the clocks of the nodes of a
 * cluster differ a little, so the query looks back further than the oldest copy that counts.
 *
 * Threads share what was read last. One of them reads it again while the others go on.
 */
#include "db/generations.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"

enum {
    COPY_MS = COPY_SECONDS * 1000,
    CLOCKS_MS = 5 * 1000,       /* by which the clocks of a cluster may differ */
    TRANSACTION_MS = 40 * 1000, /* from the stamp of a change to its commit, at most */
    WINDOW_MS = COPY_MS + TRANSACTION_MS + 2 * CLOCKS_MS,
    REFRESH_US = 1000 * 1000,   /* between two queries */
    STALE_US = 2 * 1000 * 1000, /* after which what was read counts no more */
    CHANGED_MAX = 100000,       /* users; if more have changed, no copy counts */
};

struct changed_user {
    int64_t id, changes;
};

/* The result of one query. */
struct view {
    struct changed_user *users; /* by id */
    size_t count;
    int64_t database_ms; /* the clock of the database */
    int64_t began_us;    /* clock_mono_us before the query */
};

static pthread_mutex_t view_lock = PTHREAD_MUTEX_INITIALIZER;
static struct view current_view; /* began_us 0: none yet */
static int64_t view_tried_us;    /* when the last query was begun; 0: never */

static int
changed_user_compare(const void *a, const void *b)
{
    int64_t left = ((const struct changed_user *)a)->id;
    int64_t right = ((const struct changed_user *)b)->id;

    return (left > right) - (left < right);
}

/* The row of id 0 has the time. */
static enum db_result
view_read(struct db *db, struct view *view)
{
    size_t capacity = 0;
    enum db_result r = db_run(db,
                              "SELECT CAST(0 AS UNSIGNED), "
                              "CAST(UNIX_TIMESTAMP() * 1000 AS UNSIGNED) UNION ALL "
                              "(SELECT id, changes FROM users "
                              "WHERE changed_at > UNIX_TIMESTAMP() * 1000 - ? LIMIT ?)",
                              db_int(WINDOW_MS), db_int(CHANGED_MAX + 1));

    while (r == DB_OK && db_next(db)) {
        struct changed_user user = {db_get_int(db, 0), db_get_int(db, 1)};

        if (user.id == 0) {
            view->database_ms = user.changes;
        } else {
            view->users = memory_grow(view->users, &capacity, view->count + 1,
                                      sizeof(*view->users));
            view->users[view->count++] = user;
        }
    }
    r = r == DB_OK ? db_done(db) : r;
    if (r == DB_OK && view->count > 0) {
        qsort(view->users, view->count, sizeof(*view->users), changed_user_compare);
    }
    return r;
}

/* Makes a view that was read current, and returns the memory of the one that was. */
static struct changed_user *
view_replace(const struct view *view)
{
    struct changed_user *old;

    pthread_mutex_lock(&view_lock);
    old = current_view.users;
    current_view = *view;
    pthread_mutex_unlock(&view_lock);
    return old;
}

/* Should this thread read the view again? Then the others do not for a while. */
static bool
view_is_due(int64_t now_us)
{
    bool due;

    pthread_mutex_lock(&view_lock);
    due = view_tried_us == 0 || now_us - view_tried_us >= REFRESH_US;
    if (due) {
        view_tried_us = now_us;
    }
    pthread_mutex_unlock(&view_lock);
    return due;
}

static void
view_refresh(struct db *db)
{
    struct view view = {.began_us = clock_mono_us()};

    if (!view_is_due(view.began_us)) {
        return;
    }
    if (view_read(db, &view) == DB_OK && view.count <= CHANGED_MAX) {
        free(view_replace(&view));
    } else {
        free(view.users);
    }
}

/* The user's `changes` in the current view; 0 if the user has not changed lately. */
static int64_t
view_changes(int64_t user_id)
{
    const struct changed_user key = {.id = user_id}, *found = NULL;

    if (current_view.count > 0) {
        found = bsearch(&key, current_view.users, current_view.count, sizeof(key),
                        changed_user_compare);
    }
    return found == NULL ? 0 : found->changes;
}

bool
generation_is_current(struct db *db, int64_t user_id, const struct generation *generation)
{
    int64_t age_us, age_ms;
    bool current;

    view_refresh(db);
    pthread_mutex_lock(&view_lock);
    age_us = clock_mono_us() - current_view.began_us;
    age_ms = current_view.database_ms + age_us / 1000 - generation->read_at;
    current = current_view.began_us != 0 && age_us < STALE_US && age_ms < COPY_MS &&
              age_ms > -CLOCKS_MS && generation->changes >= view_changes(user_id);
    pthread_mutex_unlock(&view_lock);
    return current;
}

int64_t
generation_newest(struct db *db, int64_t user_id)
{
    int64_t changes = INT64_MAX;

    view_refresh(db);
    pthread_mutex_lock(&view_lock);
    if (current_view.began_us != 0 && clock_mono_us() - current_view.began_us < STALE_US) {
        changes = view_changes(user_id);
    }
    pthread_mutex_unlock(&view_lock);
    return changes;
}
