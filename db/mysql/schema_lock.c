/*
 * A row lock of a transaction would end with the first ALTER, which commits, and GET_LOCK holds on
 * one Galera node only. So the lock is a row with an expiry time, which the holder renews from a
 * thread and connection of its own: a long ALTER does not lose it, and a dead host does not keep
 * it. The clock is the database's, so that hosts with different clocks agree.
 */
#include "db/mysql/schema_lock.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/random.h"

enum {
    LOCK_SECONDS = 60,
    RENEW_MS = 10 * 1000,
    STEP_MS = 200,
};

static void
schema_lock_pause(void)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000L}, NULL);
}

/* Takes the lock if it is free. */
static enum db_result
schema_lock_take_if_free(const struct schema_lock *l, struct db *db)
{
    enum db_result r = db_run(db,
                              "UPDATE schema_lock SET holder = ?, ends_at = UNIX_TIMESTAMP() + ? "
                              "WHERE id = 1 AND ends_at < UNIX_TIMESTAMP()",
                              db_text(l->holder), db_int(LOCK_SECONDS));

    return r == DB_OK && db_affected(db) == 0 ? DB_CONFLICT : r;
}

enum db_result
schema_lock_check(const struct schema_lock *l, struct db *db)
{
    enum db_result r = db_run(db,
                              "UPDATE schema_lock SET ends_at = UNIX_TIMESTAMP() + ? "
                              "WHERE id = 1 AND holder = ?",
                              db_int(LOCK_SECONDS), db_text(l->holder));

    return r == DB_OK && db_affected(db) == 0 ? DB_CONFLICT : r;
}

static void *
schema_lock_renew(void *context)
{
    struct schema_lock *l = context;
    struct db *db = db_open(l->settings);

    for (int ms = 0; !atomic_load(&l->done); ms += STEP_MS) {
        if (ms >= RENEW_MS) {
            ms = 0;
            (void)!schema_lock_check(l, db); /* the holder also checks before each statement */
        }
        schema_lock_pause();
    }
    db_close(db);
    return NULL;
}

static void
schema_lock_report_holder(struct db *db, FILE *out)
{
    struct arena a = {0};
    enum db_result r = db_one_values(db,
                                     "SELECT holder, IF(ends_at > UNIX_TIMESTAMP(), ends_at - "
                                     "UNIX_TIMESTAMP(), 0) FROM schema_lock WHERE id = 1",
                                     NULL, 0);

    if (r == DB_OK) {
        (void)fprintf(out, "waiting: %s migrates this database (should it have died: for %d s)\n",
                      db_get_text(db, 0, &a), (int)db_get_int(db, 1) + 1);
        (void)fflush(out);
        (void)db_done(db);
    }
    arena_free(&a);
}

static void
schema_lock_give_back(const struct schema_lock *l, struct db *db)
{
    (void)!db_run(db, "UPDATE schema_lock SET holder = '', ends_at = 0 WHERE id = 1 AND holder = ?",
                  db_text(l->holder));
}

bool
schema_lock_take(struct schema_lock *l, const struct settings *settings, struct db *db, FILE *out)
{
    char host[64] = "";
    enum db_result r;
    bool said = false;

    (void)gethostname(host, sizeof(host) - 1);
    (void)snprintf(l->holder, sizeof(l->holder), "%s process %d (%08x)", host, (int)getpid(),
                   (unsigned)random_below(UINT32_MAX));
    for (r = schema_lock_take_if_free(l, db); r == DB_CONFLICT;
         r = schema_lock_take_if_free(l, db)) {
        if (!said) {
            schema_lock_report_holder(db, out);
            said = true;
        }
        schema_lock_pause();
    }
    l->settings = settings;
    if (r == DB_OK && pthread_create(&l->renewer, NULL, schema_lock_renew, l) != 0) {
        schema_lock_give_back(l, db);
        return false;
    }
    return r == DB_OK;
}

void
schema_lock_release(struct schema_lock *l, struct db *db)
{
    atomic_store(&l->done, true);
    (void)pthread_join(l->renewer, NULL);
    schema_lock_give_back(l, db);
}
